"""Reads and writes the headers that sessions live in, on the lists of bytes that ASGI hands around."""

from __future__ import annotations

import re
from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # what secrets.token_urlsafe(32) makes
_VERSION = re.compile(r"[a-z0-9-]{1,64}")  # how a site file may name an origin
_TOKEN_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 6265 section 4.1.1, RFC 9110 section 5.6.2

# A tester's version lasts as long as his link; and a store that the edge could not ask knows better.
_FOR_NOW = ("tester", "session-unknown")


def is_cookie_name(name: str) -> bool:
    return _TOKEN_NAME.fullmatch(name) is not None


def token_of(headers: Iterable[tuple[bytes, bytes]], cookie: str) -> str | None:
    """The token in the cookie of that name; None for anything that this package cannot have issued."""
    for line in _values(headers, b"cookie"):
        for pair in line.split(";"):
            name, _, value = pair.partition("=")
            if name.strip(" \t") == cookie and _TOKEN.fullmatch(value := value.strip(" \t")):
                return value
    return None


def version_of(headers: Iterable[tuple[bytes, bytes]], header: str) -> str | None:
    """The version that the edge chose; None without one, and for text that is no version's name."""
    values = _values(headers, header.lower().encode("latin-1"))
    return values[0] if len(values) == 1 and _VERSION.fullmatch(values[0]) else None


def is_for_now(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the edge says, by RELEASE;REASON;…, that its decision is not where the session is to stay."""
    decisions = _values(headers, b"x-edgewise-decision")
    return any(reason in _FOR_NOW for line in decisions for reason in line.split(";")[1:2])


def is_shared(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether an answer says that a cache may give it to others: no cookie may be on it then."""
    said = _directives(headers)
    if _is_one_of(said, "private", "no-store", "no-cache"):
        return False
    return "public" in said or any(said.get(name, "0").strip('"') != "0" for name in ("max-age", "s-maxage"))


def keep_from_caches(headers: Headers) -> None:
    """Say that an answer with a cookie on it is one visitor's, whatever it said before.

    A cache need not ask anew only because of `must-revalidate` or `max-age=0`, and what it may keep for its own
    questions, as with `no-cache`, it may send to others after them.
    """
    said = _directives(headers)
    if "public" in said or is_shared(headers):
        headers[:] = [(name, value) for name, value in headers if name.lower() != b"cache-control"]
        headers.append((b"cache-control", b"private, no-store"))
    elif not _is_one_of(said, "private", "no-store"):
        headers.append((b"cache-control", b"private, no-cache"))


def cookie_line(name: str, token: str, seconds: int) -> tuple[bytes, bytes]:
    """A Set-Cookie header; `seconds` of 0 removes the cookie."""
    line = f"{name}={token}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax"
    return b"set-cookie", line.encode("latin-1")


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key.lower() == name]


def _directives(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    parts = ",".join(_values(headers, b"cache-control")).split(",")
    pairs = (part.strip().partition("=") for part in parts if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _is_one_of(said: dict[str, str], *names: str) -> bool:
    """Whether one of these is said of the whole answer: `private="x-name"` is about one header of it."""
    return any(said.get(name) == "" for name in names)
