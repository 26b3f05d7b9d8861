"""The partition that a record belongs to, by the query of a stream's `MetadataExtraction` processor.

Of jq that is an object of plain paths, `{day: .view_date, host: .site.host}`: what streams partition by. Source: the
Data Firehose developer guide, "Create partitioning keys with inline parsing".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from edgewise.localaws.errors import UnsupportedError

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_PAIR = re.compile(rf'\s*"?({_NAME})"?\s*:\s*((?:\.{_NAME})+)\s*')

Query = Mapping[str, tuple[str, ...]]


class PartitionError(Exception):
    """A record has no partition: it is no JSON object, or a key of it is missing."""


def parse_query(text: str) -> Query:
    """The path of each key, by its name. Raises `UnsupportedError` for more of jq than that."""
    body = text.strip()
    if not (body.startswith("{") and body.endswith("}")):
        raise _unsupported(text)
    query = {}
    for part in body[1:-1].split(","):
        pair = _PAIR.fullmatch(part)
        if pair is None:
            raise _unsupported(text)
        query[pair[1]] = tuple(pair[2].split(".")[1:])
    return query


def _unsupported(text: str) -> UnsupportedError:
    return UnsupportedError(
        f"the query {text!r} is more of jq than is played on this machine",
        hint="an object of plain paths is: {day: .view_date}",
    )


def partition(data: bytes, query: Query) -> dict[str, str]:
    """The keys of one record, as text. Raises `PartitionError`; null and empty values are missing ones.

    A stream without a query takes any bytes.
    """
    if not query:
        return {}
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        raise PartitionError("the record is no JSON") from None
    keys = {}
    for name, path in query.items():
        value = record
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        if value is None or value == "" or isinstance(value, dict | list):
            raise PartitionError(f"the record has no value for the partition key {name}")
        keys[name] = value if isinstance(value, str) else json.dumps(value)
    return keys
