"""Names that CloudFront does not take as custom headers of an origin.

Source: CloudFront Developer Guide, "Add custom headers to origin requests". They hold for the template and for the
origin object of a function.
"""

from __future__ import annotations

_DENIED = frozenset(
    {
        *("cache-control", "connection", "content-length", "cookie", "host", "if-match", "if-modified-since"),
        *("if-none-match", "if-range", "if-unmodified-since", "max-forwards", "pragma", "range"),
        *("request-range", "te", "trailer", "transfer-encoding", "upgrade", "via", "x-real-ip"),
    }
)
_DENIED_PREFIXES = ("proxy-", "x-amz-", "x-edge-")


def is_denied(name: str) -> bool:
    """Whether CloudFront refuses the name, in whatever capitals."""
    lower = name.lower()
    return lower in _DENIED or lower.startswith(_DENIED_PREFIXES)


def capitalised(name: str) -> str:
    """The name as the origin gets it: CloudFront writes `x-my-header` as `X-My-Header`."""
    return "-".join(part.capitalize() for part in name.split("-"))
