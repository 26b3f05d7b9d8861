"""The questions: files of SQL with a header that says what is asked and what the columns of the answer are.

    -- name: top_pages                      the file's name
    -- title: Top pages
    -- description: one or more lines, those after the first indented
    -- page_views: page, visitors           the columns that finished page views know, or `all`; left out where none
    -- parameters: top                      of `PARAMETERS`; the line is left out when there are none
    -- columns:
    --   page_views count: name, unit, and what it is

The statement after the header reads `chosen` (requests, or page views) or `runs` (runs of functions): the view or
stream, with what follows from its columns, after the filters.
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

REQUESTS: Final = "requests"
PAGE_VIEWS: Final = "page_views"
SOURCES: Final = (REQUESTS, PAGE_VIEWS)
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
    """One question. `sql` reads `relation`, which is `chosen` or `runs`.

    The columns of `of_page_views` have a meaning when it is asked of finished page views; none, if it cannot be.
    """

    name: str
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    columns: tuple[Column, ...]
    sql: str
    relation: str
    of_page_views: tuple[Column, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """What it can be asked of."""
        return SOURCES if self.of_page_views else (REQUESTS,)

    def known(self, source: str) -> tuple[Column, ...]:
        """The columns that have a meaning when it is asked of this source."""
        return self.of_page_views if source == PAGE_VIEWS else self.columns


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
    """The SQL of a relation: `requests`, `page_views`, `runs` or `edge_requests`; without its comments."""
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
    columns = tuple(Column(*match.groups()) for line in lines if (match := _COLUMN.match(line)))
    known = _names(fields.get("page_views", ""))
    return Question(
        name=fields["name"],
        title=fields["title"],
        description=fields["description"],
        parameters=tuple(PARAMETERS[name] for name in _names(fields.get("parameters", ""))),
        columns=columns,
        sql=sql,
        relation="chosen" if re.search(r"\bFROM chosen\b", sql) else "runs",
        of_page_views=tuple(each for each in columns if each.name in known or known == ["all"]),
    )


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
