"""A question and its values to one SELECT: the filtered relation in front, a literal for each parameter.

Values never become names, operators or anything but literals: conditions are made in `parameters`, and a
parameter's place in the statement is found outside of texts and comments only.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from edgewise.agents.pages import PAGE
from edgewise.questions.catalogue import Question, load, relation
from edgewise.questions.errors import QuestionError
from edgewise.questions.parameters import FILTERS, Value, bounds, conditions

_PLACE = re.compile(r"('(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*)|(\$[a-z_]+)")
_RELATIONS = {"chosen": "requests", "runs": "runs"}
_PERCENTILE = re.compile(r"percentile_cont\(([\d.]+)\) WITHIN GROUP \(ORDER BY (\w+)\)")
_BRACES = re.compile(r"\{(visitor|referrer|is_page)\}")
_FROM = re.compile(r"FROM (requests|edge)$", re.MULTILINE)
_DAY = "_timestamp - _timestamp % 86400000000"


@dataclass(frozen=True, slots=True)
class Engine:
    """What a statement of ours needs that one engine is quick with and another does not have. The answers are equal.

    `requests` and `edge` are what requests and the records of functions are read from, as SQL; `percentile` is what a
    percentile becomes, a template for `re`: of the first group, a share, and the second, a column.
    """

    visitor: str
    referrer: str
    is_page: str = PAGE
    requests: str = "requests"
    edge: str = "edge"
    percentile: str = r"\g<0>"

    def fill(self, relation: str) -> str:
        filled = _BRACES.sub(lambda match: str(getattr(self, match[1])), relation)
        return _FROM.sub(lambda match: f"FROM {getattr(self, match[1])}", filled)

    def ask(self, sql: str) -> str:
        return _PERCENTILE.sub(self.percentile, sql)


ANY = Engine(
    visitor=f"""CASE
            WHEN visitor IS NOT NULL THEN visitor
            WHEN client_ip IS NOT NULL THEN md5(
                CAST({_DAY} AS VARCHAR) || coalesce(host, '') || ' ' || client_ip || ' ' || coalesce(user_agent, '')
            )
        END""",
    referrer="""CASE
            WHEN referrer LIKE '%//%' AND split_part(referrer, '/', 2) = '' THEN nullif(
                regexp_replace(
                    lower(split_part(split_part(split_part(referrer, '/', 3), '?', 1), ':', 1)), '^www[.]', ''
                ),
                ''
            )
        END""",
)
# What the store has found out already; and one function of one column is computed once per distinct value.
DUCKDB = Engine(
    visitor='"visitor key"',
    is_page='"is page"',
    requests='"known requests"',
    referrer="nullif(lower(regexp_extract(referrer, '^[^/]*//(?:(?i:www)[.])?([^/?:]*)', 1)), '')",
    # All percentiles of a column by one aggregate, which the engine then makes once: it gathers all values.
    percentile=r"list_extract(quantile_cont(\2, [0.5, 0.9, 0.95, 0.99]), list_position([0.5, 0.9, 0.95, 0.99], \1))",
)


def question(name: str) -> Question:
    """The question of this name. Raises `QuestionError`, which names the nearest."""
    known = load()
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        raise QuestionError(
            f"there is no question {name!r}", hint=f"Did you mean {near[0]}?" if near else None, key=name
        )
    return known[name]


def bound(question: Question, values: Mapping[str, Value]) -> str:
    """One SELECT that answers the question. What is None or empty counts as not given.

    Raises `QuestionError` for a value that does not fit, and for a name that is no filter and no parameter of it.
    """
    return composed(question, values, DUCKDB)


def composed(question: Question, values: Mapping[str, Value], engine: Engine = ANY) -> str:
    """The question's statement with its relation, as an engine has it, and its values."""
    own = {each.name: each for each in question.parameters}
    for name in values:
        if name not in own and name not in FILTERS:
            raise QuestionError(
                f"{question.name} has no parameter {name!r}",
                hint=f"It takes {', '.join([*own, *FILTERS])}.",
                key=name,
            )
    literals = {f"${name}": each.literal(values.get(name)) for name, each in own.items()} | bounds(values)
    filled = _PLACE.sub(lambda match: match[1] or literals[match[2]], engine.ask(question.sql))
    return with_source(question.source, conditions(values), filled, engine)


def with_source(source: str, wanted: list[str], sql: str, engine: Engine = ANY) -> str:
    """The statement with the relation that it reads in front, as a common table expression."""
    where = " AND ".join(wanted) or "true"
    facts = engine.fill(relation(_RELATIONS[source]))
    first = f"WITH {source} AS (\nSELECT *\nFROM (\n{facts}\n) AS known\nWHERE {where}\n)"
    return f"{first},\n{sql.removeprefix('WITH ')}" if sql.startswith("WITH ") else f"{first}\n{sql}"
