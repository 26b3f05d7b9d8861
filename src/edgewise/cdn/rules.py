"""Which headers a function may see, add, change and delete.

Source: CloudFront Developer Guide, "Restrictions on all edge functions" (disallowed and read-only headers).
"""

from __future__ import annotations

from edgewise.cdn.distribution import Trigger

# Hidden from events; a function that adds one makes the request fail.
_DISALLOWED = frozenset(
    {
        *(
            "connection",
            "expect",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authorization",
            "proxy-connection",
        ),
        *(
            "trailer",
            "upgrade",
            "x-accel-buffering",
            "x-accel-charset",
            "x-accel-limit-rate",
            "x-accel-redirect",
        ),
        *("x-amzn-auth", "x-amzn-cf-billing", "x-amzn-cf-id", "x-amzn-cf-xff", "x-amzn-errortype"),
        *(
            "x-amzn-fle-profile",
            "x-amzn-header-count",
            "x-amzn-header-order",
            "x-amzn-lambda-integration-tag",
        ),
        *("x-amzn-requestid", "x-cache", "x-forwarded-proto", "x-real-ip"),
        *(
            "cloudfront-viewer-cert-pem",
            "cloudfront-viewer-client-cert",
            "cloudfront-viewer-client-cert-chain",
        ),
    }
)
_DISALLOWED_PREFIXES = ("x-amz-cf-", "x-edge-")

READ_ONLY: dict[Trigger, frozenset[str]] = {
    "viewer-request": frozenset({"cdn-loop", "content-length", "host", "transfer-encoding", "via"}),
    "origin-request": frozenset(
        {
            *(
                "accept-encoding",
                "cdn-loop",
                "content-length",
                "if-modified-since",
                "if-none-match",
                "if-range",
            ),
            *("if-unmodified-since", "transfer-encoding", "via"),
        }
    ),
    "origin-response": frozenset({"transfer-encoding", "via"}),
    "viewer-response": frozenset(
        {"content-encoding", "content-length", "transfer-encoding", "via", "warning"}
    ),
}


def is_disallowed(name: str) -> bool:
    """Whether functions may neither see nor add a header; `name` is in lower case."""
    return name in _DISALLOWED or name.startswith(_DISALLOWED_PREFIXES)
