"""Questions in the dialects of others: Athena (by sqlglot) and DataFusion, which is OpenObserve's engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from edgewise.questions.binding import ANY, composed
from edgewise.questions.catalogue import Question
from edgewise.questions.parameters import Value


def athena(question: Question, values: Mapping[str, Value] | None = None, table: str = "edge") -> str:
    """The question for Amazon Athena: over a view `requests`, or the table with the records of functions.

    Percentiles are approximations there. Raises `QuestionError`.
    """
    quoted = '"' + table.replace('"', '""') + '"'
    return to_athena(composed(question, values or {}, replace(ANY, edge=quoted)))


def to_athena(sql: str) -> str:
    """A statement of ours in Athena's dialect."""
    # Here, because only those who ask for it need the translator.
    import sqlglot

    return sqlglot.transpile(sql, read="duckdb", write="athena", pretty=True)[0]


def datafusion(question: Question, values: Mapping[str, Value] | None = None) -> str:
    """The question for DataFusion, which takes every statement as it is."""
    return composed(question, values or {})
