"""The finished page view: one line of a file. Here for views that go to the delivery stream at once.

The state machine of the other path makes the same of a raw view; a test holds both together.
"""

from __future__ import annotations

import time

from edgewise.edge.origin_side import DEVICES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def finish(view: Mapping[str, Any], country_names: Mapping[str, str]) -> dict[str, Any]:
    """All keys, in the order of the table's columns; None for what is not known."""
    seconds, microseconds = divmod(view["_timestamp"], 1_000_000)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    country = view.get("country")
    return {
        "schema": view["schema"],
        "event_id": view["event_id"],
        "_timestamp": view["_timestamp"],
        "view_time": f"{moment}.{microseconds // 1000:03d}Z",
        "view_date": moment[:10],
        "host": view["host"],
        "page": view["page"],
        "status": view.get("status"),
        "country": country,
        "country_name": country_names.get(country or ""),
        "device": _device(view),
        "referrer_host": view.get("referrer_host"),
        "campaign_source": view.get("campaign_source"),
        "campaign_medium": view.get("campaign_medium"),
        "campaign_name": view.get("campaign_name"),
        "language": view.get("language"),
        "visitor": view.get("visitor"),
        "entry": view.get("entry"),
    }


def _device(view: Mapping[str, Any]) -> str | None:
    if view.get("bot"):
        return "bot"
    kinds = view.get("devices", ())
    return next((kind for kind in DEVICES.values() if kind in kinds), None)
