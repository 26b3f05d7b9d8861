"""The shop's own steps at the edge."""

import json
from pathlib import Path

from edgewise.edge import Edge, Request, Response

edge = Edge()


def read_moved(milliseconds: float) -> dict[str, str]:
    """Addresses of the old shop that still stand in other people's links, each with its new one.

    A shop with many of them would ask a table or a service here, and wait for it no longer than it is told.
    """
    links: dict[str, str] = json.loads(Path(__file__).with_name("moved.json").read_text())
    return links


# Optional: whoever comes while the list cannot be read gets what the application makes of the old address.
@edge.viewer_request(optional=True)
def send_old_links_on(request: Request) -> Response | None:
    """Answer at the edge; neither the cache nor the origin hears of it.

    An environment reads the list once, keeps it in memory for five minutes, and for an hour if it cannot be read anew.
    """
    moved = edge.memory.get("moved", read_moved, ttl=300, stale=3600)
    location = moved.get(request.path)
    return request.redirect(location, status=301) if location else None


@edge.origin_response
def add_security_headers(request: Request, response: Response) -> None:
    """What a browser may do with an answer of the shop."""
    response.headers.set("X-Content-Type-Options", "nosniff")
    response.headers.set("Referrer-Policy", "strict-origin-when-cross-origin")
    response.headers.set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")


handler = edge
