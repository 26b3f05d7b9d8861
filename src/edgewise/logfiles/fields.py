"""Which column of the stream `access` each field of CloudFront's logs fills, and how its values are read.

Sources: CloudFront Developer Guide, "Standard logging reference" and "Use real-time access logs"; the names of
Parquet's columns: Athena's guide, "Create a table for CloudFront standard logs". Arrow arrays in, Arrow arrays out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from edgewise.store.timestamps import LATEST

Columns = dict[str, Any]  # a column's name to its Arrow array, all of one length

TEXT: Final = pa.dictionary(pa.int32(), pa.string())
NOTHING: Final = "-"
_MICROSECOND: Final = 1_000_000
_DIGITS: Final = r"^\d{1,18}$"
_DECIMAL: Final = r"^\d{1,12}(\.\d{1,9})?$"


def _as_it_is(array: Any) -> Any:
    return array


def _decoded(array: Any) -> Any:
    """Without the log's own encoding: `%20` sent is `%2520` logged."""
    encoded = dictionary(array)
    # Most blocks have nothing to decode in a column, which is found out at once.
    return each_value(encoded, _unquoted) if _any_has(encoded, "%") else encoded


def _path(array: Any) -> Any:
    encoded = dictionary(array)
    # A real-time log writes the query behind the path.
    if _any_has(encoded, "?"):
        encoded = each_value(encoded, lambda value: value.partition("?")[0])
    return _decoded(encoded)


def _any_has(encoded: Any, mark: str) -> bool:
    return bool(pc.any(pc.match_substring(encoded.dictionary, mark)).as_py())


def _query(value: str) -> str | None:
    return _unquoted(value.partition("?")[2]) or None


@lru_cache(maxsize=16_384)
def _unquoted(value: str) -> str:
    return unquote(value)


def each_value(array: Any, read: Callable[[str], str | None]) -> Any:
    """The array with `read` done to every distinct value, once."""
    encoded = dictionary(array)
    return texts(encoded.indices, [read(value) for value in encoded.dictionary.to_pylist()])


def texts(indices: Any, values: Sequence[str | None]) -> Any:
    """A dictionary array of these values, each of them in its dictionary once, and null where a value is None."""
    places: dict[str, int] = {}
    mapping = [None if value is None else places.setdefault(value, len(places)) for value in values]
    return pa.DictionaryArray.from_arrays(
        pa.array(mapping, pa.int32()).take(indices), pa.array(list(places), pa.string())
    )


def dictionary(array: Any) -> Any:
    return array if pa.types.is_dictionary(array.type) else array.dictionary_encode()


def plain_text(array: Any) -> Any:
    return array.cast(pa.string())


def _integer(array: Any) -> Any:
    return array if pa.types.is_integer(array.type) else _where(plain_text(array), _DIGITS).cast(pa.int64())


def _milliseconds(array: Any) -> Any:
    """Of seconds with a fraction."""
    if not pa.types.is_floating(array.type):
        array = _where(plain_text(array), _DECIMAL).cast(pa.float64())
    return pc.round(pc.multiply(array, 1000.0), ndigits=3)


def _where(array: Any, pattern: str) -> Any:
    """The array with null where a value does not match."""
    return pc.if_else(pc.match_substring_regex(array, pattern), array, pa.scalar(None, pa.string()))


# The viewer's host: `cs-host` of a real-time log is another field than the `cs(Host)` of a standard log.
VIEWER_HOST: Final = "viewer_host"
_HOSTS: Final = ("x_host_header", "cs_host")

# Column of `access` → the field, and how its values are read. The user agent is read later, with who it is.
_COLUMNS: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "method": ("cs_method", _as_it_is),
    "path": ("cs_uri_stem", _path),
    "query": ("cs_uri_query", _decoded),
    "protocol": ("cs_protocol", _as_it_is),
    "client_ip": ("c_ip", _as_it_is),
    "referrer": ("cs_referer", _decoded),
    "content_type": ("sc_content_type", _decoded),
    "result": ("x_edge_result_type", _as_it_is),
    "edge_location": ("x_edge_location", _as_it_is),
    "behavior": ("cache_behavior_path_pattern", _decoded),
    "country": ("c_country", _as_it_is),
    "distribution_id": ("primary_distribution_id", _as_it_is),
    "status": ("sc_status", _integer),
    "bytes_sent": ("sc_bytes", _integer),
    "bytes_received": ("cs_bytes", _integer),
    "duration_ms": ("time_taken", _milliseconds),
    "first_byte_ms": ("time_to_first_byte", _milliseconds),
    "raw_user_agent": ("cs_user_agent", _as_it_is),
    "request_id": ("x_edge_request_id", _as_it_is),
}
_READ_AS: Final[dict[Callable[[Any], Any], Any]] = {_integer: pa.int64(), _milliseconds: pa.float64()}
# The types in which a CSV reader gets the fields fastest, when all values are as they should be.
TYPES: Final[Mapping[str, Any]] = {
    **dict.fromkeys((VIEWER_HOST, *_HOSTS), TEXT),
    **{name: _READ_AS.get(read, TEXT) for name, read in _COLUMNS.values()},
    "x_edge_request_id": pa.string(),
    "timestamp_ms": pa.int64(),
    "timestamp": pa.string(),
    "date": pa.date32(),
    "time": pa.time32("s"),
}


@lru_cache(maxsize=1024)
def field(name: str) -> str:
    """One spelling for `cs(User-Agent)`, `cs-user-agent` and `cs_user_agent`."""
    if name.strip().lower() == "cs-host":
        return VIEWER_HOST
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def missing(fields: set[str]) -> str:
    """What a log must have and these fields do not say; empty when nothing is missing."""
    timed = bool({"timestamp_ms", "timestamp"} & fields) or {"date", "time"} <= fields
    return "" if timed else "a time (date and time, or timestamp)"


def access_columns(raw: Columns) -> Columns:
    """The columns of `access` that these fields fill, and `raw_user_agent`, still encoded.

    Arrays of `raw` have the types of `TYPES` or are text. `_timestamp` (microseconds) is null where the time cannot be
    read; of the others what cannot be read is null.
    """
    made: Columns = {"_timestamp": _timestamp(raw)}
    made |= {column: read(raw[name]) for column, (name, read) in _COLUMNS.items() if name in raw}
    if "query" not in made and "cs_uri_stem" in raw:
        made["query"] = each_value(raw["cs_uri_stem"], _query)
    if host := _host(raw):
        made["host"] = _decoded(host[0])
    return made


def _host(raw: Columns) -> list[Any]:
    """The one array of hosts, or none."""
    if VIEWER_HOST in raw:
        return [raw[VIEWER_HOST]]
    known = [raw[name] for name in _HOSTS if name in raw]
    if len(known) == 2 and known[0].null_count:
        return [pc.coalesce(*map(plain_text, known))]
    return known[:1]


def _timestamp(raw: Columns) -> Any:
    if "timestamp_ms" in raw:
        milliseconds = _integer(raw["timestamp_ms"])
        sound = pc.and_(pc.greater_equal(milliseconds, 0), pc.less_equal(milliseconds, LATEST // 1000))
        return pc.multiply(pc.if_else(sound, milliseconds, pa.scalar(None, pa.int64())), 1000)
    if "timestamp" in raw:
        return _microseconds(raw["timestamp"])
    if pa.types.is_date32(raw["date"].type) and pa.types.is_time32(raw["time"].type):
        days = raw["date"].cast(pa.timestamp("us")).cast(pa.int64())
        seconds = raw["time"].cast(pa.int32()).cast(pa.int64())
        return pc.add(days, pc.multiply(seconds, _MICROSECOND))
    moments = pc.binary_join_element_wise(plain_text(raw["date"]), plain_text(raw["time"]), "T")
    # The reader takes more than the pattern says, a short year for one.
    sound = _where(moments, r"^[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d$")
    return pc.strptime(sound, format="%Y-%m-%dT%H:%M:%S", unit="us", error_is_null=True).cast(pa.int64())


def _microseconds(array: Any) -> Any:
    """Of seconds with a fraction, exactly."""
    sound = _where(plain_text(array), r"^\d{1,11}(\.\d{1,6})?$")
    return pc.multiply(sound.cast(pa.decimal128(18, 6)), pa.scalar(_MICROSECOND)).cast(pa.int64())
