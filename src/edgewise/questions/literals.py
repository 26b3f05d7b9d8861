"""Values as SQL literals: the one place where a value becomes part of a statement.

A literal of standard SQL, as DuckDB, DataFusion and Athena read it: quotes are doubled, a backslash is a backslash.
Which characters a text may have is bounded, so that no engine's reader of statements can end it early.
"""

from __future__ import annotations

from typing import Final

from edgewise.questions.errors import QuestionError

MOST_TEXT: Final = 2048
_INT64: Final = range(-(2**63), 2**63)


def text_literal(value: str, key: str | None = None) -> str:
    """The text in quotes. Raises `QuestionError` for what is too long, or has a NUL or half a character."""
    if len(value) > MOST_TEXT:
        raise QuestionError(f"the text is longer than {MOST_TEXT} characters", key=key)
    if any(each == "\0" or "\ud800" <= each <= "\udfff" for each in value):
        raise QuestionError("the text has a character that no record can have", key=key)
    return "'" + value.replace("'", "''") + "'"


def integer_literal(value: int, key: str | None = None) -> str:
    """The digits of an integer of 64 bits. Raises `QuestionError` beyond."""
    if value not in _INT64:
        raise QuestionError("the number has more than 64 bits", key=key)
    return str(int(value))
