"""A question and its values to one SELECT: the filtered relation in front, a literal for each parameter.

Values never become names, operators or anything but literals: conditions are made in `parameters`, and a
parameter's place in the statement is found outside of texts and comments only.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from edgewise.questions.catalogue import Question, load, relation
from edgewise.questions.errors import QuestionError
from edgewise.questions.parameters import FILTERS, Value, conditions

_PLACE = re.compile(r"('(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*)|\$([a-z_]+)")
_RELATIONS = {"chosen": "requests", "runs": "runs"}
_DAY = "_timestamp - _timestamp % 86400000000"


@dataclass(frozen=True, slots=True)
class Engine:
    """What a relation of ours needs that one engine is quick with and another does not have. The answers are equal.

    `edge` is what the records of functions are read from, as SQL.
    """

    visitor: str
    referrer: str
    edge: str = "edge"

    def fill(self, relation: str) -> str:
        filled = relation.replace("{visitor}", self.visitor).replace("{referrer}", self.referrer)
        return re.sub(r"FROM edge$", lambda match: f"FROM {self.edge}", filled, flags=re.MULTILINE)


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
# Numbers take a third of the time of texts; one function of one column is computed once per distinct value.
DUCKDB = Engine(
    visitor=f"""CASE
            WHEN visitor IS NOT NULL THEN hash(visitor)
            WHEN client_ip IS NOT NULL THEN hash({_DAY}, host, client_ip, user_agent)
        END""",
    referrer="nullif(lower(regexp_extract(referrer, '^[^/]*//(?:(?i:www)[.])?([^/?:]*)', 1)), '')",
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
    literals = {name: each.literal(values.get(name)) for name, each in own.items()}
    filled = _PLACE.sub(lambda match: match[1] or literals[match[2]], question.sql)
    return with_source(question.source, conditions(values), filled, engine)


def with_source(source: str, wanted: list[str], sql: str, engine: Engine = ANY) -> str:
    """The statement with the relation that it reads in front, as a common table expression."""
    where = " AND ".join(wanted) or "true"
    facts = engine.fill(relation(_RELATIONS[source]))
    first = f"WITH {source} AS (\nSELECT *\nFROM (\n{facts}\n) AS known\nWHERE {where}\n)"
    return f"{first},\n{sql.removeprefix('WITH ')}" if sql.startswith("WITH ") else f"{first}\n{sql}"
