"""Cases that edit headers, rightly and wrongly."""

from typing import Any

from .show import DONE, Cf


def _headers(cf: Cf) -> dict[str, Any]:
    trigger: str = cf["config"]["eventType"]
    edited: dict[str, Any] = cf[trigger.partition("-")[2]]["headers"]
    return edited


def set_one(cf: Cf, context: Any, name: str, *value: str) -> Any:
    """One header, in place of whatever was there."""
    _headers(cf)[name.lower()] = [{"key": name, "value": ":".join(value)}]
    return DONE


def set_two(cf: Cf, context: Any, name: str, first: str, second: str) -> Any:
    """Two lines of one name."""
    _headers(cf)[name.lower()] = [{"key": name, "value": first}, {"key": name, "value": second}]
    return DONE


def delete(cf: Cf, context: Any, name: str) -> Any:
    """Delete a header, which must be there for the case to mean anything."""
    del _headers(cf)[name.lower()]
    return DONE


def without_key(cf: Cf, context: Any, name: str) -> Any:
    """An entry that leaves the spelling of the name to CloudFront."""
    _headers(cf)[name] = [{"value": "1"}]
    return DONE


# Entries that are not of the documented form.
WRONG: dict[str, Any] = {
    "text": "1",
    "object": {"key": "X-Wrong", "value": "1"},
    "number": [{"key": "X-Wrong", "value": 1}],
    "no-value": [{"key": "X-Wrong"}],
    "line-break": [{"key": "X-Wrong", "value": "a\r\nX-More: b"}],
    "bad-name": [{"key": "X Wrong", "value": "1"}],
}


def wrong(cf: Cf, context: Any, kind: str) -> Any:
    _headers(cf)["x wrong" if kind == "bad-name" else "x-wrong"] = WRONG[kind]
    return DONE


def not_a_map(cf: Cf, context: Any) -> Any:
    """Headers that are a list."""
    trigger = cf["config"]["eventType"]
    cf[trigger.partition("-")[2]]["headers"] = [{"key": "X-A", "value": "1"}]
    return DONE


CASES = {
    "set": set_one,
    "set-two": set_two,
    "delete": delete,
    "without-key": without_key,
    "wrong-header": wrong,
    "headers-list": not_a_map,
}
