"""The questions: files of SQL with a header that says what is asked and what the columns of the answer are.

    -- name: top_pages                      the file's name
    -- title: Top pages
    -- description: one or more lines, those after the first indented
    -- parameters: top                      of `PARAMETERS`; the line is left out when there are none
    -- columns:
    --   page_views count: name, unit, and what it is

The statement after the header reads `chosen` (requests) or `runs` (runs of functions): the view or stream, with what
follows from its columns, after the filters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from edgewise.questions.parameters import PARAMETERS, Parameter

UNITS: Final = ("bytes", "count", "min", "ms", "percent", "s", "text", "time")
_HEADER = re.compile(r"(?:^--.*\n)+", re.MULTILINE)
_FIELD = re.compile(r"^-- (\w+):((?:.*)(?:\n--   .*)*)", re.MULTILINE)
_COLUMN = re.compile(r"^(\w+) (\w+): (.+)\Z")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the answer. `time` is microseconds since 1970 (UTC), `percent` is of 0 to 100."""

    name: str
    unit: str
    description: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `sql` reads `source`, which is `chosen` (requests) or `runs` (runs of functions)."""

    name: str
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    columns: tuple[Column, ...]
    sql: str
    source: str


@cache
def load() -> Mapping[str, Question]:
    """Every question by its name, in the order of the names."""
    folder = files("edgewise.questions").joinpath("sql")
    found = [
        parse(each.read_text(encoding="utf-8"))
        for each in folder.iterdir()
        if each.name.endswith(".sql") and not each.name.startswith("_")
    ]
    return MappingProxyType({each.name: each for each in sorted(found, key=lambda each: each.name)})


def relation(name: str) -> str:
    """The SQL of a relation that questions read: `requests`, `runs` or `edge_requests`; without its comments."""
    text = files("edgewise.questions").joinpath("sql", f"_{name}.sql").read_text(encoding="utf-8")
    return re.sub(r"^ *--.*\n", "", text, flags=re.MULTILINE).strip()


def header_and_sql(text: str) -> tuple[dict[str, str], str]:
    """The fields of a file's header (continued lines joined, but those of `columns`), and the statement after it."""
    header = _HEADER.match(text)
    assert header is not None, "a file of SQL begins with its header"
    fields = {name: body.strip() for name, body in _FIELD.findall(header[0])}
    joined = {
        name: body if name == "columns" else re.sub(r"\s*\n--   ", " ", body) for name, body in fields.items()
    }
    return joined, text[header.end() :].strip()


def parse(text: str) -> Question:
    """A question of its file's text."""
    fields, sql = header_and_sql(text)
    lines = [line.removeprefix("--   ") for line in fields["columns"].splitlines()]
    names = [name.strip() for name in fields.get("parameters", "").split(",") if name.strip()]
    return Question(
        name=fields["name"],
        title=fields["title"],
        description=fields["description"],
        parameters=tuple(PARAMETERS[name] for name in names),
        columns=tuple(Column(*match.groups()) for line in lines if (match := _COLUMN.match(line))),
        sql=sql,
        source="chosen" if re.search(r"\bFROM chosen\b", sql) else "runs",
    )
