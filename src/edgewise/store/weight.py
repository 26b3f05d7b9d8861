"""How much work the planning of a query is, told from its tree. A tree in, a number out; nothing is run.

DuckDB's planner cannot be interrupted, and a short text can be a long plan: what is named once may be copied wherever
its name stands (CTEs, aliases of columns, `*`, arguments of macros), and copies of copies double.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

MAX_WEIGHT: Final = 25_000  # some seconds of planning at worst
_TABLE: Final = 200  # one more table costs as much as so many expressions
_VIEW_TABLES: Final = 4  # what planning the views that join the streams costs, in tables
_COLUMNS: Final = 100  # of a table of which nothing is known
_MACRO: Final = 10
_UNPACKING: Final = frozenset({"unlist", "unnest"})
# What gives a list, which makes rows when unpacked. A value with fields makes columns; how many, its type alone tells.
_LISTS: Final = frozenset(
    {
        "approx_topk",
        "approx_topk_distinct",
        "array_agg",
        "generate_series",
        "list",
        "list_distinct",
        "list_value",
        "range",
        "regexp_extract_all",
        "str_split",
        "string_split",
    }
)

Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Size:
    """Of one query within the whole: what it costs to write it in once more, and how many columns it has."""

    cost: int
    columns: int


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a name may stand for: CTEs, aliases of the same SELECT with their cost, and `*` (a number of columns).

    `tables` are the names before a `.*` that are tables; another one would be a column with fields of its own.
    """

    ctes: Mapping[str, _Size] = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)
    columns: int = 0
    tables: frozenset[str] = frozenset()


def weight(node: Tree, copies: Mapping[str, int], views: frozenset[str] = frozenset()) -> int:
    """The expressions of a query when every name is replaced by what it stands for; a table counts for many.

    `copies` are those of `macro_copies`; `views` the tables that stand for several.
    """
    return _Scales(copies, views).query(node, _Scope()).cost


def macro_copies(connection: Any) -> dict[str, int]:
    """By name of a macro: how often an argument of it is written into its text, at most."""
    found = connection.execute(
        "SELECT function_name, parameters, macro_definition FROM duckdb_functions() WHERE function_type = 'macro'"
    ).fetchall()
    direct: dict[str, int] = {}
    words: dict[str, set[str]] = {}
    for name, parameters, definition in found:
        text = re.findall(r"\w+", definition)
        most = max((text.count(one.strip('"')) for one in parameters), default=0)
        direct[name] = max(1, most, direct.get(name, 0))
        words[name] = {*text, *words.get(name, ())} - {name}
    # A macro may hand its argument to another one.
    return {
        name: own * max((direct.get(word, 1) for word in words[name]), default=1)
        for name, own in direct.items()
    }


def objects(value: Any) -> Iterator[Tree]:
    """Every object in a tree."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


class _Scales:
    def __init__(self, copies: Mapping[str, int], views: frozenset[str]) -> None:
        self._copies = copies
        self._views = views
        self._known: dict[int, _Size] = {}

    def query(self, node: Tree, scope: _Scope) -> _Size:
        """Of a SELECT, or of several that UNION and its like put together. Each is looked at once."""
        if id(node) not in self._known:
            self._known[id(node)] = self._query(node, scope)
        return self._known[id(node)]

    def _query(self, node: Tree, scope: _Scope) -> _Size:
        ctes = dict(scope.ctes)
        defined = 0
        for entry in node["cte_map"]["map"]:
            size = self.query(entry["value"]["query_node"], _Scope(ctes))
            ctes[entry["key"].lower()] = size
            defined += size.cost
        inside = replace(scope, ctes=ctes)
        if node["type"] == "SELECT_NODE":
            size = self._select(node, inside)
        else:
            branches = [*(node.get("children") or ()), node.get("left"), node.get("right")]
            parts = [self.query(one, inside) for one in branches if one]
            size = _Size(
                sum(one.cost for one in parts) + self._cost(node["modifiers"], inside),
                max((one.columns for one in parts), default=_COLUMNS),
            )
        return replace(size, cost=size.cost + defined)

    def _select(self, node: Tree, scope: _Scope) -> _Size:
        aliases = dict(scope.aliases)
        table = node["from_table"]
        inside = _Scope(scope.ctes, aliases, self._columns(table, scope), frozenset(_names(table)))
        cost = _MACRO + self._cost(table, scope)
        columns = 0
        for item in node["select_list"]:
            many = _has_star(item)
            each = self._cost(item, inside) if item["type"] == "STAR" else self._each(item, inside)
            columns += inside.columns if many else 1
            cost += each
            if item.get("alias"):
                aliases[item["alias"].lower()] = each
        parts = ("where_clause", "group_expressions", "having", "qualify", "modifiers")
        sets = len(node["group_sets"])
        return _Size(
            cost + sum(self._each(node[part], inside) for part in parts) + (sets * _TABLE if sets > 1 else 0),
            columns,
        )

    def _each(self, value: Any, scope: _Scope) -> int:
        """An expression with `COLUMNS(*)` in it is written out for each column."""
        return self._cost(value, scope) * (max(1, scope.columns) if _has_star(value) else 1)

    def _columns(self, table: Tree, scope: _Scope) -> int:
        match table["type"]:
            case "JOIN":
                return self._columns(table["left"], scope) + self._columns(table["right"], scope)
            case "SUBQUERY":
                return self.query(table["subquery"]["node"], scope).columns
            case "BASE_TABLE" if (name := str(table["table_name"]).lower()) in scope.ctes:
                return scope.ctes[name].columns
            case "EXPRESSION_LIST":
                return len(table["values"][0])
            case "EMPTY":
                return 0
        return _COLUMNS

    def _cost(self, value: Any, scope: _Scope) -> int:
        # A loop where a sum would do: a deep tree is as many calls deep.
        if isinstance(value, dict) and _is_query(value):
            return self.query(value, scope).cost
        cost = 0
        for each in value.values() if isinstance(value, dict) else value or ():
            if isinstance(each, dict | list):
                cost += self._cost(each, scope)
        return self._own(value, cost, scope) if isinstance(value, dict) and "type" in value else cost

    def _own(self, value: Tree, inner: int, scope: _Scope) -> int:
        """An expression or a table, with what is inside it."""
        match value["type"]:
            case "BASE_TABLE":
                name = str(value["table_name"]).lower()
                known = scope.ctes.get(name)
                tables = _VIEW_TABLES if name in self._views else 1
                return inner + (tables * _TABLE if known is None else known.cost + 1)
            case "TABLE_FUNCTION":
                return self._cost(value["function"]["arguments"], scope) + _TABLE
            case "STAR" if (name := value["relation_name"]) and name.lower() not in scope.tables:
                return MAX_WEIGHT
            case "STAR":
                return inner + (1 if value.get("columns") else scope.columns)
            case "COLUMN_REF":
                # Each way to take a long name apart is tried.
                names = value["column_names"]
                return len(names) ** 2 + scope.aliases.get(str(names[-1]).lower(), 0)
            case "FUNCTION" if _unpacks_fields(value):
                return MAX_WEIGHT
            case "FUNCTION" if copies := self._copies.get(str(value["function_name"]).lower()):
                return copies * (_MACRO + inner)
        return inner + 1


def _is_query(value: Tree) -> bool:
    return str(value.get("type")).endswith("_NODE")


def _names(table: Tree) -> Iterator[str]:
    """Of the tables that a FROM joins."""
    if table["type"] == "JOIN":
        yield from (*_names(table["left"]), *_names(table["right"]))
    else:
        function = table.get("function") or {}
        yield str(table["alias"] or table.get("table_name") or function.get("function_name") or "").lower()


def _has_star(value: Any) -> bool:
    """Is there a `*` or `COLUMNS(*)` in it that is not a subquery's own?"""
    if isinstance(value, list):
        return any(map(_has_star, value))
    if not isinstance(value, dict) or _is_query(value):
        return False
    return value.get("type") == "STAR" or any(map(_has_star, value.values()))


def _unpacks_fields(call: Tree) -> bool:
    if str(call["function_name"]).lower() not in _UNPACKING:
        return False
    given, *options = [one["expression"] for one in call["arguments"]] or [{}]
    return bool(options) or str(given.get("function_name")).lower() not in _LISTS
