"""The closed list of fields of a record, and the one function that every record passes through.

A visitor chooses most of the values and none of the names: a value ends where its field ends, has its field's
type, and cannot break the line it is written on.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Record = dict[str, str | int | float | bool]

SCHEMA = "edge/1"
# Text, with the most bytes of UTF-8 that a record keeps of it.
TEXT = {
    "record_id": 160,
    "request_id": 128,
    "trigger": 32,
    "schema": 16,
    "distribution_id": 64,
    "host": 255,
    "method": 32,
    "path": 2048,
    "query": 2048,
    "client_ip": 64,
    "user_agent": 512,
    "referrer": 1024,
    "language": 128,
    "country": 8,
    "device": 16,
    "content_type": 128,
    "region": 32,
    "function_version": 32,
    "settings_hash": 64,
    "environment_id": 32,
    "failure": 400,
}
INTEGERS = ("_timestamp", "status", "environment_age_ms", "invocation", "sent", "dropped", "failed_steps")
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def build_record(facts: Mapping[str, Any]) -> Record:
    """A record of those facts whose names are known; a fact that is absent, empty or
    no text where text belongs is left out.

    Text is cut to its field's size between characters, and `truncated` names the fields that were cut. Lone
    surrogates, which no strict JSON parser takes, become question marks.
    """
    record: Record = {name: int(facts[name]) for name in INTEGERS if name in facts}
    record["duration_ms"] = float(facts["duration_ms"])
    record["cold"] = bool(facts["cold"])
    cut = []
    for name, limit in TEXT.items():
        text = facts.get(name)
        if not text or not isinstance(text, str):
            continue
        if not text.isascii() or len(text) > limit:
            encoded = text.encode("utf-8", "replace")
            text = encoded[:limit].decode("utf-8", "ignore")
            if len(encoded) > limit:
                cut.append(name)
        record[name] = text
    if cut:
        record["truncated"] = ",".join(cut)
    return record


def to_line(record: Record) -> str:
    """The record as one line of ASCII JSON without its line end. Every control character is escaped."""
    return _encode(record).replace("\x7f", "\\u007f")  # the one that JSON lets pass
