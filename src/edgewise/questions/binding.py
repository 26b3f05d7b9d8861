"""A question and its values to one SELECT: the filtered relation in front, a literal for each parameter.

Values never become names, operators or anything but literals: conditions are made in `parameters`, and a
parameter's place in the statement is found outside of texts and comments only.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace

from edgewise.questions.catalogue import PAGE_VIEWS, REQUESTS, Question, load, relation
from edgewise.questions.engines import ANY, DUCKDB, Engine
from edgewise.questions.errors import QuestionError
from edgewise.questions.parameters import FILTERS, OF_REQUESTS_ALONE, Value, bounds, conditions

_PLACE = re.compile(r"('(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*)|(\$[a-z_]+)")


def question(name: str) -> Question:
    """The question of this name. Raises `QuestionError`, which names the nearest."""
    known = load()
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        raise QuestionError(
            f"there is no question {name!r}", hint=f"Did you mean {near[0]}?" if near else None, key=name
        )
    return known[name]


def bound(question: Question, values: Mapping[str, Value], source: str = REQUESTS) -> str:
    """One SELECT that answers the question, of requests or of finished page views. What is None or empty counts as not
    given.

    Raises `QuestionError` for a value that does not fit, for a name that is no filter and no parameter of it, and for a
    source that cannot answer.
    """
    return composed(question, values, of_source(DUCKDB, question, source))


def of_source(engine: Engine, question: Question, source: str, page_views: str = "page_views") -> Engine:
    """The engine for a question of this source; `page_views` is what they are read from, as SQL."""
    if source not in question.sources:
        raise QuestionError(
            f"{question.name} cannot be asked of {source!r}",
            hint=f"It can be asked of {', '.join(question.sources)}.",
            key="source",
        )
    if source != PAGE_VIEWS:
        return engine
    return replace(engine, chosen=PAGE_VIEWS, page_views=page_views, requests=page_views)


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
    if engine.chosen == PAGE_VIEWS:
        _check_known(values)
    literals = {f"${name}": each.literal(values.get(name)) for name, each in own.items()} | bounds(values)
    filled = _PLACE.sub(lambda match: match[1] or literals[match[2]], engine.fill(question.sql))
    return with_relation(question, conditions(values), filled, engine)


def _check_known(values: Mapping[str, Value]) -> None:
    for name in sorted(OF_REQUESTS_ALONE & values.keys()):
        if values[name] not in (None, ""):
            known = ", ".join(each for each in FILTERS if each not in OF_REQUESTS_ALONE)
            raise QuestionError(f"page views know no {name}", hint=f"They know {known}.", key=name)


def with_relation(question: Question, wanted: list[str], sql: str, engine: Engine = ANY) -> str:
    """The question's filled statement with the relation that it reads in front, as a common table expression."""
    where = " AND ".join(wanted) or "true"
    facts = engine.fill(relation(engine.chosen if question.relation == "chosen" else question.relation))
    first = f"WITH {question.relation} AS (\nSELECT *\nFROM (\n{facts}\n) AS known\nWHERE {where}\n)"
    return f"{first},\n{sql.removeprefix('WITH ')}" if sql.startswith("WITH ") else f"{first}\n{sql}"
