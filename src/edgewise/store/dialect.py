"""OpenObserve's dialect on DuckDB: macros (dialect.sql), the width that `histogram` chooses, and `match_all`.

A macro knows its arguments only. What depends on the query's times is a variable of its connection, and `match_all`
is given the text of the stream's columns by a change of the query's tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any, Final

import orjson

from edgewise.store.errors import QueryError
from edgewise.store.statements import Select
from edgewise.store.views import quoted
from edgewise.store.weight import Tree, macro_copies

MATCH_ALL: Final = "match_all"
_MINUTE: Final = 60_000_000
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
# OpenObserve's own choice: from this long a range on, this width.
_WIDTHS: Final = (
    (60 * _DAY, "1 day"),
    (30 * _DAY, "12 hour"),
    (28 * _DAY, "6 hour"),
    (21 * _DAY, "3 hour"),
    (15 * _DAY, "2 hour"),
    (6 * _HOUR, "1 hour"),
    (2 * _HOUR, "1 minute"),
    (_HOUR, "30 second"),
    (30 * _MINUTE, "15 second"),
)
_NARROWEST: Final = "10 second"
_UNBOUNDED: Final = "1 hour"
_COPIES: Final[dict[str, int]] = {}


def install(database: Any) -> Mapping[str, int]:
    """Make the macros in a fresh database; see `macro_copies` for what is given back."""
    database.execute(files("edgewise.store").joinpath("dialect.sql").read_text(encoding="utf-8"))
    # The same in all databases of a process, and as long to find out as it takes to make the macros.
    if not _COPIES:
        _COPIES.update(macro_copies(database))
    return _COPIES


def histogram_width(start: int | None, end: int | None) -> str:
    """The width of `histogram(_timestamp)` for a range in microseconds."""
    if start is None or end is None:
        return _UNBOUNDED
    return next((width for least, width in _WIDTHS if end - start >= least), _NARROWEST)


def localised(connection: Any, sql: str, select: Select, streams: Iterable[str]) -> str:
    """The query with the columns that `match_all` looks at in it. The streams' views must be there.

    The tree of the query is changed, and written as text again by DuckDB: no text of the user is cut or put together.
    Raises `QueryError` where it is not clear which stream is meant.
    """
    calls = select.calls.get(MATCH_ALL)
    if not calls:
        return sql
    tables = select.tables & set(streams)
    if len(tables) != 1:
        raise QueryError(
            "match_all works where one stream is read",
            number=20005,
            hint="Use str_match_ignore_case(column, 'text') for each column.",
        )
    described = connection.execute(f"DESCRIBE {quoted(tables.pop())}").fetchall()
    columns = ", ".join(quoted(name) for name, kind, *_ in described if kind == "VARCHAR")
    pattern = _call(connection, f"str_match_ignore_case(concat_ws(chr(10), {columns}), '')")
    for call in calls:
        call["arguments"] = [pattern["arguments"][0], *call["arguments"]]
        call.update(
            (part, pattern[part]) for part in ("function_name", "qualified_name", "schema", "catalog")
        )
    changed = orjson.dumps(select.tree).decode()
    ((text,),) = connection.execute("SELECT json_deserialize_sql($tree::JSON)", {"tree": changed}).fetchall()
    return str(text)


def _call(connection: Any, expression: str) -> Tree:
    """The tree of a function's call."""
    ((tree,),) = connection.execute(
        "SELECT json_serialize_sql($sql::VARCHAR)", {"sql": f"SELECT {expression}"}
    ).fetchall()
    call: Tree = orjson.loads(tree)["statements"][0]["node"]["select_list"][0]
    return call
