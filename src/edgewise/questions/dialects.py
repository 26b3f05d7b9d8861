"""Questions in the dialects of others: Athena (by sqlglot) and DataFusion, which is OpenObserve's engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from edgewise.questions.binding import composed, of_source
from edgewise.questions.catalogue import REQUESTS, Question
from edgewise.questions.engines import ANY
from edgewise.questions.parameters import Value

if TYPE_CHECKING:
    from sqlglot import exp


def athena(
    question: Question, values: Mapping[str, Value] | None = None, table: str = "edge", source: str = REQUESTS
) -> str:
    """The question for Amazon Athena: over a view `requests`, or the table with the records of functions; of the source
    `page_views` over a table of that name.

    Percentiles are approximations there. Raises `QuestionError`.
    """
    engine = replace(ANY, edge=quoted(table))
    return to_athena(composed(question, values or {}, of_source(engine, question, source)))


def to_athena(sql: str) -> str:
    """A statement of ours in Athena's dialect."""
    # Here, because only those who ask for it need the translator.
    import sqlglot

    return athena_text(sqlglot.parse_one(sql, read="duckdb"))


def athena_text(tree: exp.Expr) -> str:
    """The same of a statement that was read; the tree is not to be used again."""
    from sqlglot import exp

    for each in tree.find_all(exp.RegexpReplace):
        # There it replaces all without being told, and takes no word about it.
        each.set("modifiers", None)
    return tree.sql(dialect="athena", pretty=True)


def quoted(name: str) -> str:
    """A name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def datafusion(question: Question, values: Mapping[str, Value] | None = None, source: str = REQUESTS) -> str:
    """The question for DataFusion, which takes every statement as it is."""
    return composed(question, values or {}, of_source(ANY, question, source))
