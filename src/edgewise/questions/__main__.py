"""`python -m edgewise.questions` prints the reference of the questions, as docs/questions.md has it."""

from __future__ import annotations

from edgewise.questions.catalogue import Question, load
from edgewise.questions.parameters import FILTERS, PARAMETERS


def reference() -> str:
    """Filters, parameters and questions as Markdown."""
    filters = [f"| `{name}` | {meaning} |" for name, meaning in FILTERS.items()]
    parameters = [
        f"| `{each.name}` | {each.description} | {f'`{each.default}`' if each.default else ''} |"
        for each in PARAMETERS.values()
    ]
    return "\n".join(
        [
            "## Filters",
            "",
            "| filter | what it keeps |",
            "|---|---|",
            *filters,
            "",
            "## Parameters",
            "",
            "| parameter | what it is | without it |",
            "|---|---|---|",
            *parameters,
            "",
            "## The questions",
            *(line for each in load().values() for line in _section(each)),
        ]
    )


def _section(asked: Question) -> list[str]:
    own = ", ".join(f"`{each.name}`" for each in asked.parameters)
    return [
        "",
        f"### `{asked.name}`",
        "",
        f"**{asked.title}.** {asked.description}"
        + (f" Parameters: {own}." if own else "")
        + _of_views(asked),
        "",
        "| column | unit | what it is |",
        "|---|---|---|",
        *(f"| `{each.name}` | {each.unit} | {each.description} |" for each in asked.columns),
    ]


def _of_views(asked: Question) -> str:
    if not asked.of_page_views:
        return ""
    if asked.of_page_views == asked.columns:
        return " Also of page views."
    return f" Also of page views: {', '.join(f'`{each.name}`' for each in asked.of_page_views)}."


if __name__ == "__main__":
    print(reference())
