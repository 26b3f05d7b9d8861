"""The questions as queries that people find in Athena's console: of the last days of page views, with times to read.

They are made to be read and changed: what page views do not know is left out of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from edgewise.questions.binding import composed, of_source
from edgewise.questions.catalogue import PAGE_VIEWS, Question, load
from edgewise.questions.dialects import athena_text, quoted
from edgewise.questions.engines import ANY
from edgewise.questions.parameters import Value

if TYPE_CHECKING:
    from sqlglot import exp

DAYS: Final = 30
_DAY: Final = 86_400_000_000
_VALUES: Final[Mapping[str, Value]] = MappingProxyType({"bucket": _DAY, "top": 100})
# Of page views it says nothing else.
_TITLES: Final = MappingProxyType({"over_time": "Page views over time"})
# Today is one of them.
_LAST_DAYS: Final = f"view_date > CAST(current_date - INTERVAL {DAYS} DAY AS VARCHAR)"


class SavedQuery(NamedTuple):
    """`name` is of small letters and `-`; `sql` is one SELECT in Athena's dialect, without a semicolon."""

    name: str
    title: str
    sql: str


def saved_queries(database: str | None = None, table: str = "page_views") -> list[SavedQuery]:
    """A query for each question that finished page views can answer, over a table of a database of Glue's, or of that
    which is chosen.

    Each reads the partitions (`view_date`) of the last 30 days alone, as what is read is what is paid.
    """
    place = quoted(table) if database is None else f"{quoted(database)}.{quoted(table)}"
    return [
        _saved(name, over_page_views(each, place, _LAST_DAYS, _VALUES), _TITLES.get(name, each.title))
        for name, each in load().items()
        if PAGE_VIEWS in each.sources
    ]


def _saved(name: str, sql: str, title: str) -> SavedQuery:
    return SavedQuery(name.replace("_", "-"), title, f"-- {title}, of the last {DAYS} days (UTC).\n{sql}")


def over_page_views(
    asked: Question,
    table: str,
    where: str,
    values: Mapping[str, Value],
    columns: Collection[str] | None = None,
) -> str:
    """The question for Athena over the rows of a table of page views that fit a condition. Times are times.

    `table` and `where` are SQL. Columns that page views do not know are not in the answer, nor, where `columns` are
    named, any other.
    """
    import sqlglot

    source = f"(SELECT * FROM {table} WHERE {where}) AS page_views"
    own = {each.name for each in asked.parameters}
    fitting = {name: value for name, value in values.items() if name in own}
    text = composed(asked, fitting, of_source(ANY, asked, PAGE_VIEWS, source))
    (tree,) = sqlglot.parse(text, read="duckdb")
    assert tree is not None
    _shorten(tree, asked, columns)
    return athena_text(tree)


def _shorten(tree: exp.Expr, asked: Question, columns: Collection[str] | None) -> None:
    """Leave out what the answer does not need, and make times of its microseconds."""
    from sqlglot import exp

    wanted = [each for each in asked.of_page_views if columns is None or each.name in columns]
    known = {column.name: column.unit for column in wanted}
    unknown = {column.name for column in asked.columns} - known.keys()
    shown = [each for each in tree.expressions if each.alias_or_name in known]
    tree.set("expressions", [_time(each) if known[each.alias_or_name] == "time" else each for each in shown])
    order = tree.args.get("order")
    if order is not None:
        order.set("expressions", [each for each in order.expressions if each.this.name not in unknown])
    facts = next(each for each in tree.find_all(exp.Select) if "place" in each.named_selects)
    needed = {each.name for each in tree.find_all(exp.Column) if each.find_ancestor(exp.Select) is not facts}
    facts.set("expressions", [each for each in facts.expressions if each.alias_or_name in needed])


def _time(microseconds: exp.Expr) -> exp.Expr:
    import sqlglot
    from sqlglot import exp

    name = microseconds.alias_or_name
    made = sqlglot.parse_one(f"to_timestamp(({microseconds.unalias().sql('duckdb')}) / 1e6)", read="duckdb")
    return exp.alias_(made, name)
