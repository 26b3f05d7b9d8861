"""A view over CloudFront's header map: `{"user-agent": [{"key": "User-Agent", "value": "…"}]}`.

Nothing is copied and nothing is rebuilt: an entry that is not touched goes back exactly as it came. A map made
anew would lose read-only headers, and CloudFront answers 502 to that.
"""

from __future__ import annotations

import re

from .errors import MessageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    HeaderMap = dict[str, list[dict[str, str]]]

# RFC 9110 section 5.6.2 (token) and 5.5 (field values); CloudFront refuses control characters with a 502. A lone
# surrogate has no UTF-8: the runtime client ends the process when it is to send one.
# Patterns are text here and in the other modules: `re` compiles one when it is first used, not at every start.
TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_NOT_IN_VALUE = "[\\x00-\\x08\\x0a-\\x1f\\x7f\\ud800-\\udfff]"


class Headers:
    """The headers of one request or response. Names are matched without regard to case."""

    __slots__ = ("_map",)

    def __init__(self, header_map: HeaderMap) -> None:
        self._map = header_map

    def get(self, name: str) -> str | None:
        """The first value of `name`, or None."""
        entries = self._map.get(name.lower())
        return entries[0].get("value", "") if entries else None

    def get_all(self, name: str) -> list[str]:
        """Every value of `name`, one per header line, in the order they were received."""
        return [entry.get("value", "") for entry in self._map.get(name.lower(), ())]

    def set(self, name: str, value: str) -> None:
        """Put one value in place of all that `name` has. MessageError if CloudFront would refuse it."""
        self._map[name.lower()] = [_entry(name, value)]

    def add(self, name: str, value: str) -> None:
        """Add one header line beside those that are there. MessageError if CloudFront would refuse it."""
        entry = _entry(name, value)
        self._map.setdefault(name.lower(), []).append(entry)

    def remove(self, name: str) -> None:
        """Take every value of `name` away; nothing happens if there is none."""
        self._map.pop(name.lower(), None)

    def items(self) -> Iterator[tuple[str, str]]:
        """Every header line as `(name in its original case, value)`."""
        for name, entries in self._map.items():
            for entry in entries:
                yield entry.get("key", name), entry.get("value", "")

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._map


def value_of(header_map: Any, name: str) -> Any:
    """The first value of a header; None also where the map has not the shape that CloudFront gives it."""
    try:
        entries = header_map.get(name)
        return entries[0]["value"] if entries else None
    except (LookupError, TypeError, AttributeError):
        return None


def _entry(name: str, value: str) -> dict[str, str]:
    # Letters, digits and hyphens, and what is printable, need no closer look, which takes longer.
    if not (name.isascii() and name.replace("-", "").isalnum()) and not re.fullmatch(TOKEN, name):
        raise MessageError(f"{name!r:.80} is not a header name: use letters, digits and hyphens")
    # The value is not shown: it may be a cookie, and errors are printed.
    if not isinstance(value, str) or not (value.isprintable() or not re.search(_NOT_IN_VALUE, value)):
        raise MessageError(f"the value of header {name} must be text without line breaks")
    return {"key": name, "value": value}
