"""What somebody should be told at once, as statements that have a row when it is so. Files like the questions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from edgewise.questions.catalogue import header_and_sql


@dataclass(frozen=True, slots=True)
class Alert:
    """`sql` reads the stream `edge`; `period` is how many minutes of it, and how often it is asked at most."""

    name: str
    title: str
    description: str
    period: int
    sql: str


@cache
def alerts() -> tuple[Alert, ...]:
    """Every alert, by name."""
    folder = files("edgewise.questions").joinpath("sql", "alerts")
    found = []
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        fields, sql = header_and_sql(file.read_text(encoding="utf-8"))
        found.append(
            Alert(fields["name"], fields["title"], fields["description"], int(fields["period"]), sql)
        )
    return tuple(found)
