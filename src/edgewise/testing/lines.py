"""Headers as a test may give them: by name, or as pairs where one name has several lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from edgewise.testing.errors import TestingError

__tracebackhide__ = True  # pytest shows the line of the test, not ours

Lines = Mapping[str, str] | Iterable[tuple[str, str]]

# Those that say where a body ends: who gives one of them means it.
FRAMING = ("content-length", "transfer-encoding")

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_LINE_END = re.compile(r"[\r\n\0]")


def pairs(headers: Lines) -> list[tuple[str, str]]:
    """Header lines, in their order."""
    return list(headers.items() if isinstance(headers, Mapping) else headers)


def check_headers(lines: Iterable[tuple[str, str]]) -> None:
    """Raises `TestingError` for a line that cannot stand in a message."""
    for name, value in lines:
        if not _NAME.fullmatch(name):
            raise TestingError(f"{name!r} is no name of a header", hint="write letters, digits and hyphens")
        if not isinstance(value, str):
            raise TestingError(f"the header {name} is no text: {value!r}", hint=f"write {str(value)!r}")
        if _LINE_END.search(value):
            raise TestingError(
                f"the header {name} has a line end in it: {value!r}", hint="write one line a header"
            )
        try:
            value.encode("latin-1")
        except UnicodeEncodeError as error:
            raise TestingError(
                f"the header {name} has a character that no header can have: {value[error.start]!r}",
                hint="percent-encode it, or give its bytes as Latin-1: value.encode().decode('latin-1')",
            ) from None
