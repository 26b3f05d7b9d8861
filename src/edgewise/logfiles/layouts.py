"""Which format a log file has, told from its first lines, and where in it the format changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import orjson

from edgewise.logfiles import fields as known
from edgewise.logfiles.errors import FormatError
from edgewise.logfiles.lines import LoggedRequest, parse_combined
from edgewise.logfiles.undelivered import unwrapped
from edgewise.realtime import FIELDS

Kind = Literal["delimited", "json", "combined", "views"]

_DIRECTIVE: Final = re.compile(rb"#[A-Za-z-]+:")
_FIELDS: Final = b"#Fields:"
_REAL_TIME: Final = re.compile(r"\d{9,11}(\.\d+)?\t")
# So many lines may be no requests before the first that is one.
_PATIENCE: Final = 50


@dataclass(frozen=True, slots=True)
class Layout:
    """How lines are to be read. `fields` and `delimiter` are of delimited ones: CloudFront's names, in order."""

    kind: Kind
    fields: tuple[str, ...] = ()
    delimiter: str = "\t"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines of one layout; `line` is the number of the first in its file, from 1. The last may lack its end."""

    layout: Layout
    data: bytes
    line: int
    lines: int

    @property
    def ended(self) -> int:
        """The number of the last line that has its end."""
        return self.line + self.lines - 1 - (not self.data.endswith(b"\n"))

    def after(self, number: int) -> Chunk | None:
        """What of it follows the line of this number; nothing when none does."""
        passed = number - self.line + 1
        if passed <= 0:
            return self
        if passed >= self.lines:
            return None
        return Chunk(self.layout, self.data.split(b"\n", passed)[-1], number + 1, self.lines - passed)


def chunks(blocks: Iterable[bytes], given: tuple[str, ...] | None = None) -> Iterator[Chunk]:
    """The blocks with the layout of their lines. A `#Fields:` line counts wherever it stands, as files are joined.

    `given` are the fields of lines that have no such header. Raises `FormatError` when no format fits.
    """
    layout: Layout | None = None
    line = 1
    for block in unwrapped(blocks):
        for start, end in _between_directives(block):
            data = block[start:end]
            if _DIRECTIVE.match(data):
                if data.startswith(_FIELDS):
                    layout = _of_header(data, block[end:])
                line += 1
                continue
            lines = data.count(b"\n") + (not data.endswith(b"\n"))
            if not data.isspace():
                layout = layout or detect(data, given)
                yield Chunk(layout, data, line, lines)
            line += lines


def _between_directives(block: bytes) -> Iterator[tuple[int, int]]:
    """Where lines stand together that are no directives, and where each directive stands."""
    start = position = 0
    # Nearly no block has this character anywhere: CloudFront encodes it.
    while (position := block.find(b"#", position)) >= 0:
        if not _begins_line(block, position) or not _DIRECTIVE.match(block, position):
            position += 1
            continue
        if start < position:
            yield start, position
        end = block.find(b"\n", position) + 1 or len(block)
        yield position, end
        start = position = end
    if start < len(block):
        yield start, len(block)


def _begins_line(block: bytes, position: int) -> bool:
    return position == 0 or block[position - 1 : position] == b"\n"


def _of_header(header: bytes, following: bytes) -> Layout:
    names = tuple(header[len(_FIELDS) :].decode("ascii", "replace").split())
    lines = following.split(b"\n", 4)[:4]
    # A line that is broken tells nothing, so one must have as many fields as are named.
    spaced = any(b"\t" not in line and line.count(b" ") + 1 == len(names) for line in lines)
    return _delimited(names, " " if spaced else "\t")


def _delimited(names: tuple[str, ...], delimiter: str) -> Layout:
    missing = known.missing({known.field(name) for name in names})
    if missing:
        raise FormatError(f"the fields do not have {missing}", hint="A record needs it.")
    return Layout("delimited", names, delimiter)


def detect(data: bytes, given: tuple[str, ...] | None = None) -> Layout:
    """The layout of lines without a header. Raises `FormatError`."""
    lines = [line for line in data[: 1 << 20].decode("utf-8", "replace").split("\n") if line.strip()] or [""]
    if given:
        return _delimited(given, "\t" if "\t" in lines[0] else " ")
    if any(map(_is_view, lines[:_PATIENCE])):
        return Layout("views")
    if lines[0].lstrip().startswith("{"):
        return Layout("json")
    if _REAL_TIME.match(lines[0]):
        return _real_time(lines[0].rstrip("\r").count("\t") + 1)
    if any(isinstance(parse_combined(line), LoggedRequest) for line in lines[:_PATIENCE]):
        return Layout("combined")
    raise FormatError(
        "this is no log of a known format",
        hint="Known are CloudFront's standard and real-time logs, the common and combined formats of servers, and "
        "files of page views; name the fields of a log without a header with --fields.",
    )


def _is_view(line: str) -> bool:
    """A page view, finished or not."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) and str(value.get("schema")).startswith("pageview/")


def _real_time(columns: int) -> Layout:
    if columns != len(FIELDS):
        raise FormatError(
            f"a real-time log with {columns} fields, and no word of which",
            hint="Name them in their order: --fields 'timestamp c-ip sc-status …'",
        )
    return Layout("delimited", FIELDS)
