"""What SQL a query may be: one SELECT, whose whole tree only reads. Text in, facts out; nothing is run.

DuckDB calls a statement a SELECT even when a CTE in it writes (`WITH x AS (COPY … TO …) SELECT …`), so its
kind says too little, and the tree that DuckDB's own parser makes of it is looked at node by node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import duckdb
import orjson

from edgewise.store.errors import QueryError

MAX_SQL: Final = 64 << 10
_READS: Final = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
# Those that make rows of their arguments. Others read files, run text as SQL, or change settings.
_TABLE_FUNCTIONS: Final = frozenset(
    {"generate_series", "json_each", "json_tree", "range", "repeat", "unnest"}
)


@dataclass(slots=True)
class Select:
    """Facts of a query: has it a LIMIT of its own; the names of tables in it; at which bytes functions are called."""

    limited: bool = False
    tables: set[str] = field(default_factory=set)
    functions: dict[str, list[int]] = field(default_factory=dict)


def check_select(connection: Any, sql: str) -> Select:
    """What a query is, if it may be run.

    Raises `QueryError` unless the text is exactly one SELECT that only reads (WITH, FROM, VALUES, DESCRIBE
    count as one) and calls no table function but the harmless ones.
    """
    if len(sql.encode(errors="replace")) > MAX_SQL:
        raise QueryError(f"the SQL is longer than {MAX_SQL} bytes", number=20001)
    node = _only_select(_tree(connection, sql))
    select = Select(any(each["type"].startswith("LIMIT") for each in node["modifiers"]))
    for each in _objects(node):
        kind = str(each.get("type"))
        if kind.endswith("_NODE") and kind not in _READS:
            raise _refused()
        if kind == "TABLE_FUNCTION" and (name := _function(each)) not in _TABLE_FUNCTIONS:
            raise QueryError(
                f"the table function {name} cannot be used here",
                hint=f"Allowed are {', '.join(sorted(_TABLE_FUNCTIONS))}.",
            )
        if kind == "BASE_TABLE":
            select.tables.add(str(each.get("table_name")).lower())
        if kind == "FUNCTION":
            places = select.functions.setdefault(str(each.get("function_name")).lower(), [])
            places.append(int(each.get("query_location", 0)))
    return select


def _tree(connection: Any, sql: str) -> dict[str, Any]:
    try:
        ((text,),) = connection.execute("SELECT json_serialize_sql($sql::VARCHAR)", {"sql": sql}).fetchall()
        tree: dict[str, Any] = orjson.loads(text)
    except (duckdb.Error, UnicodeError) as error:
        raise QueryError((str(error).splitlines() or ["not SQL"])[0], number=20001) from None
    except orjson.JSONDecodeError:
        raise QueryError("the SQL is nested too deeply", number=20001) from None
    return tree


def _only_select(tree: dict[str, Any]) -> dict[str, Any]:
    """The one statement's tree. DuckDB makes trees of SELECTs only, and says of others what they are not."""
    if tree.get("error"):
        if tree.get("error_type") == "parser":
            raise QueryError(str(tree["error_message"]).splitlines()[0], number=20001)
        raise _refused()
    statements = tree["statements"]
    if len(statements) != 1:
        raise _refused()
    node: dict[str, Any] = statements[0]["node"]
    return node


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _function(table_function: dict[str, Any]) -> str:
    return str(table_function["function"].get("function_name")).lower()


def _refused() -> QueryError:
    return QueryError(
        "only one SELECT is allowed, and it may only read",
        number=20001,
        hint="The store is read with SQL, and written by ingestion.",
    )
