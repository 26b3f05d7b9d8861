"""At the origin's side: the request goes to the origin of its version, and the record tells which one answered."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from edgewise.edge.request import Request

    Origins = Mapping[str, Mapping[str, str]]

ASKED = "X-Edgewise-Asked"  # when origin-request ran, in microseconds
_PORTS = {"http-only": ("http", 80), "https-only": ("https", 443)}
_MOST_MS = 3_600_000
_MOST_DIGITS = 18


def is_at(request: Request, domain: str) -> bool:
    """Whether a request is on its way to a domain."""
    return _domain(request) == domain.lower()


def send_to(request: Request, origin: Mapping[str, str]) -> None:
    """Choose another origin, `domain` and `protocol` (`match-viewer`: as the one before).

    Its Host goes with it; one of the viewer's own, which a policy forwards, stays.
    """
    custom = (request.origin or {})["custom"]
    before, domain = custom["domainName"], origin["domain"]
    changed = custom | {"domainName": domain}
    if origin["protocol"] in _PORTS:
        changed["protocol"], changed["port"] = _PORTS[origin["protocol"]]
    request.origin = {"custom": changed}
    if (request.headers.get("host") or before).lower() == before.lower():
        request.headers.set("Host", domain)


def note_time(request: Request, now: int) -> None:
    """Let the answer's record tell how long the origin took."""
    request.headers.set(ASKED, str(now))


def outcome(request: Request, origins: Origins, now: int) -> dict[str, Any]:
    """`version` and `origin_ms` of an answer, as far as the request was ours to send."""
    asked = request.headers.get(ASKED)
    if asked is None or len(asked) > _MOST_DIGITS or not (asked.isascii() and asked.isdigit()):
        return {}
    domain = _domain(request)
    version = next((name for name, origin in origins.items() if origin["domain"].lower() == domain), None)
    # Two machines' clocks: what cannot be is left out.
    took = (now - int(asked)) / 1000
    return {"version": version, "origin_ms": round(took, 3) if 0 <= took < _MOST_MS else None}


def _domain(request: Request) -> str | None:
    custom = (request.origin or {}).get("custom")
    return str(custom.get("domainName")).lower() if isinstance(custom, dict) else None
