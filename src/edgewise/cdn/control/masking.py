"""Values that are not for everybody's eyes: shown as their length and a mark by which equal ones are recognised.

The inspector is often open on a shared screen. Names decide, never values: cookies, `Authorization`, and whatever calls
itself a token, secret, signature, key or password. A request's body is secret as a whole: it may be a login form.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Any

_SECRET = re.compile(
    r"authorization|cookie|token|secret|passw|api-?key|signature|credential|verify", re.IGNORECASE
)
# The mark tells two values of one run apart and nothing more: the key never leaves the process.
_KEY = secrets.token_bytes(16)


def is_secret(name: str) -> bool:
    """Whether the values of a header, or of a part of the cache key, are masked."""
    return _SECRET.search(name) is not None


class Mask:
    """Masks, or with `reveal` lets everything pass as it is."""

    __slots__ = ("reveal",)

    def __init__(self, *, reveal: bool) -> None:
        self.reveal = reveal

    def header(self, name: str, value: str) -> str:
        """A header's value for a person. Cookies keep their names, and those that are set keep their attributes."""
        if self.reveal or not is_secret(name):
            return value
        match name.lower():
            case "cookie":
                return "; ".join(_pair(part.strip()) for part in value.split(";"))
            case "set-cookie":
                first, semicolon, attributes = value.partition(";")
                return _pair(first) + semicolon + attributes
            case "authorization" | "proxy-authorization":
                scheme, blank, credentials = value.partition(" ")
                return f"{scheme} {masked(credentials)}" if blank else masked(value)
        return masked(value)

    def secret(self, value: str) -> str:
        """A value that is secret whatever its name."""
        return value if self.reveal or not value else masked(value)

    def key_part(self, name: str, value: str) -> str:
        """A part of the cache key. Cookies in it keep their names."""
        return self.header("cookie" if "cookie" in name.lower() else name, value)

    def event(self, value: Any) -> Any:
        """A copy of a Lambda@Edge event, or of what a function returned, with secrets masked at any depth."""
        if self.reveal:
            return value
        if isinstance(value, list):
            return [self.event(item) for item in value]
        if not isinstance(value, dict):
            return value
        copy = {}
        for name, item in value.items():
            if name in ("headers", "customHeaders") and isinstance(item, dict):
                copy[name] = {key: self._entries(key, entries) for key, entries in item.items()}
            elif name == "body" and isinstance(item, dict) and isinstance(item.get("data"), str):
                copy[name] = item | {"data": self.secret(item["data"])}
            else:
                copy[name] = self.event(item)
        return copy

    def _entries(self, name: str, entries: Any) -> Any:
        """One name of a header map. What has another shape than AWS's is masked whole."""
        if not is_secret(name):
            return entries
        if not isinstance(entries, list):
            return masked(str(entries))
        return [
            entry | {"value": self.header(name, entry["value"])}
            if isinstance(entry, dict) and isinstance(entry.get("value"), str)
            else masked(str(entry))
            for entry in entries
        ]


def masked(value: str) -> str:
    """What stands for a value: equal values have equal marks."""
    if not value:
        return ""
    mark = hashlib.blake2b(value.encode("utf-8", "surrogatepass"), key=_KEY, digest_size=2).hexdigest()
    return f"•••({len(value)} characters, #{mark})"


def _pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}={masked(value)}" if equals else masked(pair)
