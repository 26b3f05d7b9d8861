"""What can go wrong with a question."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class QuestionError(EdgewiseError):
    """There is no such question, or a value is none of its parameter's; `key` names the parameter."""

    code = "questions.value"
