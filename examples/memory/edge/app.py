"""Tells the origin what today's almanac says, from memory."""

import json
from datetime import UTC, datetime
from pathlib import Path

from edgewise.edge import Edge, Request

edge = Edge()


def read_almanac(milliseconds: float) -> dict[str, str]:
    """A saying for each day of the week, and when it was read. Another site would ask a table or a service here."""
    almanac: dict[str, str] = json.loads(Path(__file__).with_name("almanac.json").read_text())
    return almanac | {"read": datetime.now(UTC).isoformat(timespec="milliseconds")}


# Optional: without the almanac the page has no saying, and its visitor has the page.
@edge.origin_request(optional=True)
def add_saying(request: Request) -> None:
    """Fresh for a minute. For an hour more it serves when it cannot be read anew."""
    almanac = edge.memory.get("almanac", read_almanac, ttl=60, stale=3600)
    request.headers.set("X-Saying", almanac[f"{datetime.now(UTC):%A}"])
    request.headers.set("X-Almanac-Read", almanac["read"])


handler = edge
