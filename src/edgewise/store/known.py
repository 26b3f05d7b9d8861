"""The columns that the streams of our own have from the start, so that an empty store answers."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, Literal

Kind = Literal["int", "float", "bool", "text"]

EDGE: Final = "edge"
ACCESS: Final = "access"
PAGE_VIEWS: Final = "page_views"
CONFLICTS: Final = "_conflicts"
OVERFLOW: Final = "_overflow"


_KINDS: Final[dict[str, Kind]] = {"int": "int", "float": "float", "bool": "bool", "text": "text"}
KINDS: Final = frozenset(_KINDS)


def _columns(fields: str = "") -> MappingProxyType[str, Kind]:
    """`status:int path` in order; text where no kind is given."""
    kinds: dict[str, Kind] = {"_timestamp": "int", "record_id": "text"}
    for field in fields.split():
        name, _, kind = field.partition(":")
        kinds[name] = _KINDS[kind or "text"]
    kinds |= {CONFLICTS: "text", OVERFLOW: "text"}
    return MappingProxyType(kinds)


ANY_STREAM: Final = _columns()

KNOWN_STREAMS: Final = MappingProxyType(
    {
        EDGE: _columns(
            "request_id trigger schema distribution_id host method path query status:int duration_ms:float client_ip "
            "visitor user_agent referrer language country device content_type region function_version settings_hash "
            "environment_id environment_age_ms:int invocation:int cold:bool memory_hits:int memory_misses:int sent:int "
            "retried:int dropped:int waited_ms:float batch_age_ms:int sample_rate:float failed_steps:int failure "
            "truncated version agent bot_reason browser os release decision origin_ms:float "
            "views_sent:int views_dropped:int drop_reason"
        ),
        ACCESS: _columns(
            "request_id schema distribution_id host method path query protocol status:int bytes_sent:int "
            "bytes_received:int duration_ms:float first_byte_ms:float client_ip visitor user_agent referrer "
            "content_type result edge_location behavior origin functions_ms:float cold_starts:int "
            "agent bot_reason browser os country device"
        ),
        # As the statistics write them into files: the schema `pageview/1`.
        PAGE_VIEWS: _columns(
            "schema event_id view_time view_date host page status:int country country_name device referrer_host "
            "campaign_source campaign_medium campaign_name language visitor entry:bool"
        ),
    }
)
