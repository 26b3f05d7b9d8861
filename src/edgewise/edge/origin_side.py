"""On the way to an origin: what CloudFront puts in the visitor's place, and what it tells of him.

Its own headers can be believed here alone: at viewer triggers they are whatever the visitor sent.
"""

from __future__ import annotations

from .headers import value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .headers import HeaderMap

OF_CLOUDFRONT = "Amazon CloudFront"  # as user agent, where the visitor's own is not forwarded
COUNTRY = "cloudfront-viewer-country"
# A tablet counts as a mobile viewer too, so the narrower name comes first.
DEVICES = {
    "cloudfront-is-smarttv-viewer": "smart-tv",
    "cloudfront-is-tablet-viewer": "tablet",
    "cloudfront-is-mobile-viewer": "mobile",
    "cloudfront-is-desktop-viewer": "desktop",
}


def told_devices(headers: HeaderMap) -> list[str]:
    """What the visitor's device is, the narrowest name first; nothing where no policy asks for these headers."""
    return [device for name, device in DEVICES.items() if value_of(headers, name) == "true"]


def is_origins(host: object, origin: Any) -> bool:
    """Whether a Host is the origin's own, and not what the visitor asked for."""
    kinds = origin.values() if isinstance(origin, dict) else ()
    return any(isinstance(kind, dict) and host == kind.get("domainName") for kind in kinds)
