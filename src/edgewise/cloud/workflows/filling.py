"""Fills in a file of `files/`: `%NAME%` becomes a text, and what is between `#: if NAME` and `#: end` may go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

_FILES: Final = Path(__file__).parent / "files"
_TOKEN: Final = re.compile(r"%([A-Z_]+)%")
_ALONE: Final = re.compile(r"^( *)%([A-Z_]+)%$")


def filled(name: str, values: Mapping[str, str], facts: Mapping[str, bool]) -> str:
    """The file's text. A text of several lines takes a line of its own, and that line's indentation."""
    lines = _kept((_FILES / name).read_text(encoding="utf-8").splitlines(), facts)
    return "\n".join(_line(line, values) for line in lines) + "\n"


def _kept(lines: list[str], facts: Mapping[str, bool]) -> Iterator[str]:
    keeps = True
    for line in lines:
        if line.startswith("#: if "):
            keeps = facts[line.removeprefix("#: if ")]
        elif line == "#: end":
            keeps = True
        elif keeps:
            yield line


def _line(line: str, values: Mapping[str, str]) -> str:
    if alone := _ALONE.match(line):
        return "\n".join((alone[1] + one).rstrip() for one in values[alone[2]].splitlines())
    return _TOKEN.sub(lambda token: values[token[1]], line)
