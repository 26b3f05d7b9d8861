"""The closed list of fields of a record, and the one function that every record passes through.

A visitor chooses most of the values and none of the names: a value ends where its field ends, has its field's
type, and cannot break the line it is written on.
"""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as _quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Record = dict[str, str | int | float | bool]

SCHEMA = "edge/1"
# Text, with the most bytes of UTF-8 that a record keeps of it. Request headers that the settings allow come after
# these, each in a field of its own.
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
    "visitor": 64,
    "user_agent": 512,
    "referrer": 1024,
    "language": 128,
    "country": 8,
    "device": 16,
    "content_type": 128,
    "release": 64,
    "version": 64,
    "decision": 32,
    "region": 32,
    "function_version": 32,
    "settings_hash": 64,
    "environment_id": 32,
    "failure": 400,
    "drop_reason": 16,
}
HEADER_BYTES = 256
MOST_HEADERS = 10
INTEGERS = (
    "_timestamp",
    "status",
    "environment_age_ms",
    "invocation",
    "memory_hits",
    "memory_misses",
    "sent",
    "retried",
    "dropped",
    "batch_age_ms",
    "views_sent",
    "views_dropped",
    "failed_steps",
)
FLOATS = ("duration_ms", "origin_ms", "waited_ms", "sample_rate")
BOOLEANS = ("cold",)
_NUMBERS = frozenset(INTEGERS + FLOATS + BOOLEANS)
# The most bytes of a line, by the sizes above: six for each byte of text, where all are control characters. CloudWatch
# Logs cuts at 256 KB at the least (PutLogEvents); Step Functions and EventBridge take as much, Firehose 1,000 KB.
MOST_LINE_BYTES = 64 * 1024


def build_record(facts: Mapping[str, Any], text_fields: Mapping[str, int] = TEXT) -> Record:
    """A record of those facts whose names are known; a fact that is None, empty or no text where text belongs is left
    out. Numbers are the environment's own and have their types already. `text_fields` is `TEXT`, with the fields of
    allowed headers where there are any.

    Text is cut to its field's size between characters, and `truncated` names the fields that were cut. Lone
    surrogates, which no strict JSON parser takes, become question marks.
    """
    record: Record = {}
    cut = []
    for name, fact in facts.items():
        if isinstance(fact, str):
            limit = text_fields.get(name)
            if not fact or limit is None:
                continue
            if len(fact) > limit or not fact.isascii():
                encoded = fact.encode("utf-8", "replace")
                fact = encoded[:limit].decode("utf-8", "ignore")
                if len(encoded) > limit:
                    cut.append(name)
            record[name] = fact
        elif fact is not None and name in _NUMBERS:
            record[name] = fact
    if cut:
        record["truncated"] = ",".join(cut)
    return record


def to_line(record: Record) -> str:
    """The record as one line of ASCII JSON without its line end. Every control character is escaped."""
    # By hand, as `json` takes a third longer. Names are ours and need no escapes; of numbers `True` alone is not JSON.
    pairs = [
        f'"{name}":{_quoted(value) if isinstance(value, str) else str(value).lower()}'
        for name, value in record.items()
    ]
    return f"{{{','.join(pairs)}}}".replace("\x7f", "\\u007f")  # the one that JSON lets pass
