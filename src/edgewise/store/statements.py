"""What SQL a query may be: one SELECT, whose whole tree only reads. Text in, facts out; nothing is run.

DuckDB calls a statement a SELECT even when a CTE in it writes (`WITH x AS (COPY … TO …) SELECT …`), so its
kind says too little, and the tree that DuckDB's own parser makes of it is looked at node by node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import duckdb
import orjson

from edgewise.store.copying import written_out
from edgewise.store.errors import QueryError
from edgewise.store.weight import MAX_WEIGHT, Tree, objects, weight

MAX_SQL: Final = 64 << 10
_MAX_WRITTEN_OUT: Final = 4 * MAX_SQL
_TOO_DEEP: Final = "the SQL is nested too deeply"
_READS: Final = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_BOUNDED: Final = frozenset({"lpad", "repeat", "rpad"})
# Those that make rows of their arguments. Others read files, run text as SQL, or change settings.
_TABLE_FUNCTIONS: Final = frozenset(
    {"generate_series", "json_each", "json_tree", "range", "repeat", "unnest"}
)
# Two long texts keep one call of the first ones busy for minutes, and no call can be interrupted; the others wait, or
# write a log.
_REFUSED: Final = frozenset(
    {
        "damerau_levenshtein",
        "editdist3",
        "jaccard",
        "jaro_similarity",
        "jaro_winkler_similarity",
        "levenshtein",
        "pg_sleep",
        "sleep_ms",
        "write_log",
    }
)


@dataclass(slots=True)
class Select:
    """Facts of a query: its tree; has it a LIMIT of its own; the names of tables in it; the calls of each function."""

    tree: Tree
    limited: bool = False
    tables: set[str] = field(default_factory=set)
    calls: dict[str, list[Tree]] = field(default_factory=dict)


def check_select(
    connection: Any, sql: str, copies: Mapping[str, int] = {}, views: frozenset[str] = frozenset()
) -> Select:
    """What a query is, if it may be run. `copies` and `views` are those of `weight`.

    Raises `QueryError` unless the text is exactly one SELECT that only reads (WITH, FROM, VALUES, DESCRIBE
    count as one), calls no table function but the harmless ones, and can be planned in a bounded time. An
    interrupt stays DuckDB's error.
    """
    if len(sql.encode(errors="replace")) > MAX_SQL:
        raise QueryError(f"the SQL is longer than {MAX_SQL} bytes", number=20001)
    if written_out(sql) > _MAX_WRITTEN_OUT:
        raise _too_large()
    tree = _tree(connection, sql)
    node = _only_select(tree)
    select = Select(tree, any(each["type"].startswith("LIMIT") for each in node["modifiers"]))
    for each in objects(node):
        _look_at(each, select)
    _check_weight(node, copies, views)
    return select


def one_statement(connection: Any, sql: str) -> Any:
    """The text as the one SELECT that it is, for DuckDB to run. Raises `QueryError` when it is anything else.

    A second look, by other means than the tree: DuckDB runs all statements of a text.
    """
    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise _refused()
    return statements[0]


def _look_at(each: Tree, select: Select) -> None:
    kind = str(each.get("type"))
    if kind.endswith("_NODE") and kind not in _READS:
        raise _refused()
    if kind == "TABLE_FUNCTION" and (name := _function(each)) not in _TABLE_FUNCTIONS:
        raise QueryError(
            f"the table function {name} cannot be used here",
            hint=f"Allowed are {', '.join(sorted(_TABLE_FUNCTIONS))}.",
        )
    if kind == "PIVOT":
        raise QueryError(
            "PIVOT and UNPIVOT cannot be used here",
            number=20001,
            hint="Write the columns: count(*) FILTER (WHERE status = 404) AS missing, for example.",
        )
    if kind in ("BASE_TABLE", "SHOW_REF"):
        select.tables.add(str(each.get("table_name")).lower())
    if kind == "FUNCTION":
        _check_function(each)
        select.calls.setdefault(str(each.get("function_name")).lower(), []).append(each)


def _check_function(call: Tree) -> None:
    """Some functions are refused, others used in a bounded form, without a schema (`dialect.sql`)."""
    name = str(call.get("function_name")).lower()
    if name in _REFUSED:
        raise QueryError(
            f"the function {name} cannot be used here",
            number=20005,
            hint="It would keep a query from ending in time.",
        )
    if name in _BOUNDED and (call.get("schema") or call.get("catalog")):
        raise QueryError(
            f"the function {name} cannot be used with a schema",
            number=20005,
            hint=f"Write {name}(…), with the text as its first argument.",
        )


def _check_weight(node: Tree, copies: Mapping[str, int], views: frozenset[str]) -> None:
    try:
        heavy = weight(node, copies, views) > MAX_WEIGHT
    except RecursionError:
        raise QueryError(_TOO_DEEP, number=20001) from None
    if heavy:
        raise _too_large()


def _tree(connection: Any, sql: str) -> Tree:
    try:
        ((text,),) = connection.execute("SELECT json_serialize_sql($sql::VARCHAR)", {"sql": sql}).fetchall()
        tree: Tree = orjson.loads(text)
    except duckdb.InterruptException:
        raise
    except (duckdb.Error, UnicodeError) as error:
        raise QueryError((str(error).splitlines() or ["not SQL"])[0], number=20001) from None
    except orjson.JSONDecodeError:
        raise QueryError(_TOO_DEEP, number=20001) from None
    return tree


def _only_select(tree: Tree) -> Tree:
    """The one statement's tree. DuckDB makes trees of SELECTs only, and says of others what they are not."""
    if tree.get("error"):
        if tree.get("error_type") == "parser":
            raise QueryError(str(tree["error_message"]).splitlines()[0], number=20001)
        raise _refused()
    statements = tree["statements"]
    if len(statements) != 1:
        raise _refused()
    node: Tree = statements[0]["node"]
    return node


def _function(table_function: Tree) -> str:
    return str(table_function["function"].get("function_name")).lower()


def _too_large() -> QueryError:
    return QueryError(
        "the query is too large once its names are replaced by what they stand for",
        number=20001,
        hint="Use at most some 120 tables or 30 times `requests`, and fewer CTEs, aliases, CASEs, windows and `*` "
        "that are built from each other.",
    )


def _refused() -> QueryError:
    return QueryError(
        "only one SELECT is allowed, and it may only read",
        number=20001,
        hint="The store is read with SQL, and written by ingestion.",
    )
