"""Values that are not for everybody's eyes: shown as their length and a mark by which equal ones are recognised.

The inspector is often open on a shared screen. Names decide, never values: cookies, `Authorization`, and whatever calls
itself a token, secret, signature, key or password. A request's body is secret as a whole: it may be a login form. A
function may return anything: what stands where no event has it is secret too.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from typing import Any, Final

from edgewise.cdn.event import text as as_text
from edgewise.cdn.message import Request

# The same list is in docs/inspect.md. `key` is a word of its own (`x-key`) or has one of three before it (`x-apikey`);
# `auth` is not the beginning of `author` or `authority`.
_SECRET = re.compile(
    r"cookie|auth(?!or(?!i[sz]))|session|token|secret|jwt|csrf|xsrf|passw|passphrase|pwd|signature|credential|verify"
    r"|(?<![a-z])keys?(?![a-z])|(?:api|access|private)keys?(?![a-z])",
    re.IGNORECASE,
)
# They speak of a password, and have none.
_HARMLESS: Final = frozenset({"www-authenticate", "proxy-authenticate", "access-control-allow-credentials"})


class _Place:
    """An object of an event or a result: the fields whose texts and numbers are shown, and the objects inside it."""

    __slots__ = ("inside", "shown")

    def __init__(self, shown: str = "", **inside: _Place) -> None:
        self.shown = frozenset(shown.split())
        self.inside = inside


_OF_AN_ORIGIN: Final = (
    "authMethod domainName path port protocol region sslProtocols"
    " keepaliveTimeout readTimeout responseCompletionTimeout"
)
_OF_A_REQUEST: Final = "clientIp method querystring uri"
_OF_A_RESPONSE: Final = "status statusDescription bodyEncoding"
_ORIGIN: Final = _Place(custom=_Place(_OF_AN_ORIGIN), s3=_Place(_OF_AN_ORIGIN))
_RECORD: Final = _Place(
    cf=_Place(
        config=_Place("distributionDomainName distributionId eventType requestId"),
        request=_Place(_OF_A_REQUEST, origin=_ORIGIN),
        response=_Place(_OF_A_RESPONSE),
    )
)
# An event; a request or a response; and what a function that raised leaves instead.
_TOP: Final = _Place(
    f"{_OF_A_REQUEST} {_OF_A_RESPONSE} errorMessage errorType stackTrace requestId",
    Records=_RECORD,
    origin=_ORIGIN,
)
_ELSEWHERE: Final = _Place()
_SHOWN_LISTS: Final = frozenset({"sslProtocols", "stackTrace"})
_SHOWN_OF_A_BODY: Final = frozenset({"action", "encoding", "inputTruncated"})
TOO_DEEP: Final = "(too deep)"
# Lists and objects inside each other; an event has nine.
_LEVELS = 20
# Characters of a secret that are enough to look for it in other text.
_RECOGNISED = 6
# The mark tells two values of one run apart and nothing more: the key never leaves the process.
_KEY = secrets.token_bytes(16)


def is_secret(name: str) -> bool:
    """Whether the values of a header, or of a part of the cache key, are masked."""
    return _SECRET.search(name) is not None and name.lower() not in _HARMLESS


def shallow(value: Any, levels: int = _LEVELS) -> Any:
    """A copy of a JSON value in which what nests deeper than any event is only said to do so."""
    if not isinstance(value, list | dict):
        return value
    if not levels:
        return TOO_DEEP
    if isinstance(value, list):
        return [shallow(item, levels - 1) for item in value]
    return {name: shallow(item, levels - 1) for name, item in value.items()}


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

    def known(self, text: str, request: Request) -> str:
        """A text in which the secrets of a request's headers are masked, wherever they stand.

        Short ones are not looked for: they would be found everywhere.
        """
        if self.reveal:
            return text
        secrets_of = {secret for name, value in request.headers for secret in _secrets(name, as_text(value))}
        found = {spelling: secret for secret in secrets_of for spelling in _spellings(secret)}
        for spelling in sorted(found, key=len, reverse=True):
            text = text.replace(spelling, masked(found[spelling]))
        return text

    def key_part(self, name: str, value: str) -> str:
        """A part of the cache key. Cookies in it keep their names."""
        return self.header("cookie" if name == "cookies" else name.removeprefix("header "), value)

    def event(self, value: Any) -> Any:
        """A copy of a Lambda@Edge event, of its request or response, or of whatever a function returned.

        Shown are the fields that events have, where they have them, and headers by their names; all else is masked.
        The value must be `shallow`.
        """
        return value if self.reveal else self._part(value, _TOP)

    def _part(self, value: Any, place: _Place) -> Any:
        if isinstance(value, list):
            return [self._part(item, place) for item in value]
        if isinstance(value, dict):
            return {name: self._field(name, item, value, place) for name, item in value.items()}
        return _whole(value)

    def _field(self, name: str, item: Any, part: dict[str, Any], place: _Place) -> Any:
        """One field of an object of an event; `part` is that object, `place` where it stands."""
        if name in ("headers", "customHeaders"):
            if not isinstance(item, dict):
                return _whole(item)
            return {header: self._entries(header, entries) for header, entries in item.items()}
        if name == "body":
            return _body(item, is_made="status" in part)
        if name in place.shown:
            if isinstance(item, str | int | float):
                return item
            if isinstance(item, list) and name in _SHOWN_LISTS:
                return [entry if isinstance(entry, str) else _whole(entry) for entry in item]
        return _whole(item) if is_secret(name) else self._part(item, place.inside.get(name, _ELSEWHERE))

    def _entries(self, name: str, entries: Any) -> Any:
        """One name of a header map: a list of objects with `key` and `value`."""
        if not isinstance(entries, list):
            return _whole(entries)
        return [self._entry(name, entry) if isinstance(entry, dict) else _whole(entry) for entry in entries]

    def _entry(self, name: str, entry: dict[str, Any]) -> dict[str, Any]:
        key, value = entry.get("key"), entry.get("value")
        # A function may write a header below another's name.
        named = key if isinstance(key, str) and is_secret(key) else name
        copy = {field: _whole(item) for field, item in entry.items()}
        if isinstance(key, str):
            copy["key"] = key
        if isinstance(value, str):
            copy["value"] = self.header(named, value)
        return copy


def _secrets(name: str, value: str) -> list[str]:
    """What is masked of a header, as far as it is long enough to be recognised."""
    if not is_secret(name):
        return []
    match name.lower():
        case "cookie":
            parts = [part.partition("=")[2] for part in value.split(";")]
        case "authorization" | "proxy-authorization":
            parts = [value.partition(" ")[2] or value]
        case _:
            parts = [value]
    return [part for part in parts if len(part) >= _RECOGNISED]


def _spellings(secret: str) -> set[str]:
    """A secret as it is, and as Python and JSON print it within an event."""
    printed = (repr(secret), json.dumps(secret), json.dumps(secret, ensure_ascii=False))
    return {secret, *(text[1:-1] for text in printed)}


def masked(value: str) -> str:
    """What stands for a value: equal values have equal marks."""
    if not value:
        return ""
    mark = hashlib.blake2b(value.encode("utf-8", "surrogatepass"), key=_KEY, digest_size=2).hexdigest()
    return f"•••({len(value)} characters, #{mark})"


def _whole(value: Any) -> Any:
    """Any JSON value masked in one piece. What says nothing (true, false, null, "") stays."""
    if value is None or isinstance(value, bool) or value == TOO_DEEP:
        return value
    return masked(str(value))


def _body(value: Any, *, is_made: bool) -> Any:
    """The body of a response that a function made is for the viewer; that of a request may hold a password."""
    if isinstance(value, str) and is_made:
        return value
    if not isinstance(value, dict):
        return _whole(value)
    return {
        name: item if name in _SHOWN_OF_A_BODY and isinstance(item, str | bool) else _whole(item)
        for name, item in value.items()
    }


def _pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}={masked(value)}" if equals else masked(pair)
