"""What a function changed: its event held against its result, field by field. Plain values in, plain values out.

The two are never shown as two heaps of JSON: a person wants to know that `uri` became `/en/` and `x-user` is new.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from edgewise.cdn.control.masking import Mask, masked

How = Literal["added", "removed", "changed"]
_EXCERPT = 2_000  # characters of a body


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `field` is like `uri`, `header x-user`, `origin custom.domainName` or `body`."""

    field: str
    how: How
    before: str = ""
    after: str = ""


def changes(given: dict[str, Any], returned: Any, mask: Mask) -> list[Change]:
    """What became of the part of an event that a function was given, in the order of AWS's documentation.

    `given` is `cf.request` or `cf.response`; `returned` is whatever came back. A response that a request trigger made
    is compared with nothing: all of it is new. What is no object cannot be compared.
    """
    if not isinstance(returned, dict):
        return []
    if "status" in returned and "status" not in given:
        given = {}
    before, after = fields(given, mask), fields(returned, mask)
    if "origin" not in returned:
        # An origin that is not returned stays as it was.
        after |= {name: value for name, value in before.items() if name.startswith("origin ")}
    if "status" in after:
        # A response's body is not in the event, so that one that is not returned is not one that was removed.
        before.pop("body", None)
    elif _leaves_body(returned.get("body")):
        after["body"] = before.get("body", "")
    names = dict.fromkeys([*before, *after])
    return [change for name in names if (change := _change(name, before.get(name), after.get(name)))]


def _change(name: str, before: str | None, after: str | None) -> Change | None:
    if before == after or not (before or after):
        return None
    if before is None:
        return Change(name, "added", "", after or "")
    if after is None:
        return Change(name, "removed", before)
    return Change(name, "changed", before, after)


def fields(part: dict[str, Any], mask: Mask) -> dict[str, str]:
    """A request or response of an event as names and texts: what is compared, and what stands in a table."""
    shown: dict[str, str] = {}
    for name, value in mask.event(part).items():
        match name:
            case "headers" if isinstance(value, dict):
                for header, entries in value.items():
                    shown[f"header {header.lower()}"] = _values(entries)
            case "origin" if isinstance(value, dict):
                shown.update((f"origin {path}", text) for path, text in _flat(value))
            case "body":
                shown["body"] = _body(value, part)
            case "bodyEncoding":
                continue
            case _:
                shown[name] = _text(value)
    return shown


def _values(entries: Any) -> str:
    """The lines of a header, one below the other. A wrong shape is shown as it is."""
    if not isinstance(entries, list):
        return _text(entries)
    return "\n".join(
        _text(entry["value"] if isinstance(entry, dict) and "value" in entry else entry) for entry in entries
    )


def _flat(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, item in value.items():
        if name == "customHeaders" and isinstance(item, dict):
            yield from ((f"{prefix}{name}.{key}", _values(entries)) for key, entries in item.items())
        elif isinstance(item, dict):
            yield from _flat(item, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", _text(item)


def _leaves_body(body: Any) -> bool:
    """Whether the origin gets the viewer's body whatever else is said. What is no body breaks a rule, and is shown."""
    return body is None or (isinstance(body, dict) and body.get("action", "read-only") == "read-only")


def _body(value: Any, part: dict[str, Any]) -> str:
    """A request's body is an object with its data, which may be masked; a response's is a text."""
    if isinstance(value, dict) and isinstance(value.get("data"), str):
        encoding = value.get("encoding", "base64")
        cut = ", cut off" if value.get("inputTruncated") else ""
        return f"({encoding}{cut}) {_excerpt(_readable(value['data'], encoding))}"
    if not isinstance(value, str):
        return _text(value)
    encoding = part.get("bodyEncoding", "text")
    return f"({encoding}) {_excerpt(_readable(value, encoding))}"


def _readable(data: str, encoding: Any) -> str:
    """What a body says, if it is text."""
    if encoding == "base64":
        with contextlib.suppress(ValueError):
            return base64.b64decode(data, validate=True).decode("utf-8")
    return data


def _excerpt(content: str) -> str:
    """The beginning of a long text, with a mark by which one that differs further on is told apart."""
    return content if len(content) <= _EXCERPT else f"{content[:_EXCERPT]}… {masked(content)}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return value if isinstance(value, str) else repr(value) if isinstance(value, dict) else str(value)
