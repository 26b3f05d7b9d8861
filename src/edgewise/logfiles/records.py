"""Columns of a log become records of the stream `access`: ids, who asked, from where, and the address or less.

What follows from a value is found once per distinct value. A line's record has the same ids whenever it is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from edgewise.agents import classify
from edgewise.logfiles.fields import TEXT, Columns, dictionary, each_value, plain_text, texts
from edgewise.logfiles.masking import Mask, Visitors, truncated
from edgewise.logfiles.tables import DIGEST, Parsed
from edgewise.realtime import decoded

_SCHEMA_NAME: Final = "access/1"
_AGENT: Final = ("agent", "browser", "os", "device", "bot_reason")
# The columns that hold a new text in nearly every row.
UNIQUE: Final = frozenset({"request_id", "record_id"})
_TYPES: Final = {
    "_timestamp": pa.int64(),
    **dict.fromkeys(("status", "bytes_sent", "bytes_received"), pa.int64()),
    **dict.fromkeys(("duration_ms", "first_byte_ms"), pa.float64()),
    **dict.fromkeys(UNIQUE, pa.string()),
}
_TEXTS: Final = (
    *("schema", "distribution_id", "host", "method", "path", "query", "protocol", "client_ip", "visitor"),
    *("user_agent", "referrer", "content_type", "result", "edge_location", "behavior", "country"),
)
SCHEMA: Final = pa.schema([*_TYPES.items(), *((name, TEXT) for name in (*_TEXTS, *_AGENT))])


@dataclass(frozen=True, slots=True)
class Making:
    """How records are made. `country` finds that of an address, `host` is that of requests whose log names none;
    `visitors` is used where addresses are not kept."""

    mask: Mask = "keep"
    country: Callable[[str], str | None] | None = None
    host: str | None = None
    visitors: Visitors = field(default_factory=Visitors)


def records(parsed: Parsed, making: Making, identity: str, distribution_id: str | None = None) -> Any:
    """A table of `SCHEMA`. `identity` names the log in the ids of requests that have none of their own."""
    columns = dict(parsed.columns)
    rows = len(columns["_timestamp"])
    raw_agent = columns.pop("raw_user_agent", None)
    if raw_agent is not None:
        columns |= _agents(raw_agent, decoded)
    elif "user_agent" in columns:
        columns |= _agents(columns["user_agent"], str)
    columns["schema"] = _constant(_SCHEMA_NAME, rows)
    if distribution_id is not None and "distribution_id" not in columns:
        columns["distribution_id"] = _constant(distribution_id, rows)
    if making.host is not None:
        columns["host"] = _filled(columns.get("host"), making.host, rows)
    _identify(columns, parsed.numbers, identity)
    if "client_ip" in columns:
        _place(columns, making)
        _mask(columns, making)
    return pa.table([_column(columns.get(one.name), one.type, rows) for one in SCHEMA], schema=SCHEMA)


def _column(array: Any, type: Any, rows: int) -> Any:
    if array is None:
        return pa.nulls(rows, type)
    return dictionary(array) if type == TEXT else array


def _constant(text: str, rows: int) -> Any:
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array([text]))


def _filled(array: Any, text: str, rows: int) -> Any:
    return _constant(text, rows) if array is None else plain_text(array).fill_null(text)


def _identify(columns: Columns, numbers: range | list[int], identity: str) -> None:
    ids = columns.get("request_id")
    # Logs of several servers can begin with the same line, a health check's; what the line says parts them then.
    digests = columns.pop(DIGEST, None)
    if ids is None or ids.null_count:
        lines = pa.array(numbers, pa.int64()).cast(pa.string())
        said = columns["_timestamp"].cast(pa.string()) if digests is None else digests
        own = pc.binary_join_element_wise(pa.scalar(identity), lines, said, "-")
        ids = own if ids is None else pc.coalesce(ids, own)
    columns["request_id"] = ids
    columns["record_id"] = pc.binary_join_element_wise(ids, pa.scalar("access"), ":")


def _agents(user_agents: Any, read: Callable[[str], str]) -> Columns:
    """`user_agent` as it was sent, and what it says of who asked; a request without one has a reason too."""
    encoded = dictionary(user_agents)
    facts = [_facts(value, read) for value in encoded.dictionary.to_pylist()]
    sent, *known = zip(*facts, _facts("", str), strict=True)
    nobody = encoded.indices.fill_null(len(facts))
    made = {name: texts(nobody, values) for name, values in zip(_AGENT, known, strict=True)}
    return made | {"user_agent": texts(encoded.indices, sent)}


@lru_cache(maxsize=8_192)
def _facts(user_agent: str, read: Callable[[str], str]) -> tuple[str | None, ...]:
    """The user agent as it was sent, and the columns of `_AGENT`."""
    sent = read(user_agent)
    agent = classify(sent)
    return sent, agent.kind, agent.browser, agent.os, agent.device, agent.reason


def _place(columns: Columns, making: Making) -> None:
    if making.country is None:
        return
    found = each_value(columns["client_ip"], making.country)
    if "country" in columns:
        found = pc.coalesce(plain_text(columns["country"]), plain_text(found))
    columns["country"] = found


def _mask(columns: Columns, making: Making) -> None:
    if making.mask == "keep":
        return
    rows = len(columns["_timestamp"])
    seen = [
        columns[name].to_pylist() if name in columns else [None] * rows
        for name in ("client_ip", "host", "user_agent")
    ]
    visitors = making.visitors.of(columns["_timestamp"].to_pylist(), zip(*seen, strict=True))
    columns["visitor"] = pa.array(visitors, pa.string())
    addresses = columns.pop("client_ip")
    if making.mask == "truncate":
        columns["client_ip"] = each_value(addresses, truncated)
