"""Response headers policies as a template writes them.

Source: CloudFormation reference, `AWS::CloudFront::ResponseHeadersPolicy`; Developer Guide, "Understand response
headers policies", for what may be said.
"""

from __future__ import annotations

from edgewise.cdn.responseheaders import CORS_METHODS, AddedHeader, CorsHeaders, ResponseHeadersPolicy
from edgewise.cdn.template.node import Node

_METHODS = frozenset({*CORS_METHODS, "ALL"})
_REFERRER_POLICIES = (
    *("no-referrer", "no-referrer-when-downgrade", "origin", "origin-when-cross-origin"),
    *("same-origin", "strict-origin", "strict-origin-when-cross-origin", "unsafe-url"),
)
# "Headers that you can't remove"; the two prefixes stand for all that begins with them.
_NOT_REMOVABLE = frozenset(
    {
        *("connection", "content-encoding", "content-length", "expect", "host", "keep-alive"),
        *("proxy-authenticate", "proxy-authorization", "proxy-connection", "trailer"),
        *("transfer-encoding", "upgrade", "via", "warning", "x-cache", "x-forwarded-proto", "x-real-ip"),
        *("x-accel-buffering", "x-accel-charset", "x-accel-limit-rate", "x-accel-redirect"),
        *("x-amzn-auth", "x-amzn-cf-billing", "x-amzn-cf-id", "x-amzn-cf-xff", "x-amzn-errortype"),
        *("x-amzn-fle-profile", "x-amzn-header-count", "x-amzn-header-order"),
        *("x-amzn-lambda-integration-tag", "x-amzn-requestid"),
    }
)
_NOT_REMOVABLE_PREFIXES = ("x-amz-cf-", "x-edge-")


def response_headers_policy(settings: Node) -> ResponseHeadersPolicy:
    """A `ResponseHeadersPolicyConfig`. Raises `TemplateError`."""
    cors = settings.child("CorsConfig")
    return ResponseHeadersPolicy(
        name=settings.text("Name", "custom"),
        cors=None if cors is None else _cors(cors),
        added=(
            *_security(settings.child("SecurityHeadersConfig")),
            *_custom(settings.child("CustomHeadersConfig")),
        ),
        removed=_removed(settings.child("RemoveHeadersConfig")),
        server_timing=_server_timing(settings.child("ServerTimingHeadersConfig")),
    )


def _cors(config: Node) -> CorsHeaders:
    methods = _items(config, "AccessControlAllowMethods")
    for method in methods:
        if method not in _METHODS:
            hint = "one of: " + ", ".join(sorted(_METHODS))
            raise config.error(f"unknown method {method!r}", "AccessControlAllowMethods", hint)
    return CorsHeaders(
        origins=_items(config, "AccessControlAllowOrigins"),
        methods=methods,
        headers=_items(config, "AccessControlAllowHeaders"),
        expose=_items(config, "AccessControlExposeHeaders"),
        credentials=config.flag("AccessControlAllowCredentials"),
        max_age=_max_age(config),
        override=config.flag("OriginOverride"),
    )


def _max_age(config: Node) -> int | None:
    # 0 is a value of its own: the preflight is not to be kept.
    if config.value("AccessControlMaxAgeSec") is None:
        return None
    return config.integer("AccessControlMaxAgeSec", 0)


def _items(config: Node, name: str) -> tuple[str, ...]:
    listed = config.child(name)
    return () if listed is None else listed.names("Items")


def _security(config: Node | None) -> list[AddedHeader]:
    if config is None:
        return []
    readers = {
        "XSSProtection": ("X-XSS-Protection", _xss_protection),
        "FrameOptions": ("X-Frame-Options", _frame_options),
        "ReferrerPolicy": ("Referrer-Policy", _referrer_policy),
        "ContentSecurityPolicy": ("Content-Security-Policy", _content_security_policy),
        "ContentTypeOptions": ("X-Content-Type-Options", _content_type_options),
        "StrictTransportSecurity": ("Strict-Transport-Security", _transport_security),
    }
    added = []
    for key, (name, read) in readers.items():
        part = config.child(key)
        if part is not None:
            added.append(AddedHeader(name, read(part), part.flag("Override")))
    return added


def _xss_protection(part: Node) -> str:
    if not part.flag("Protection"):
        return "0"
    report = part.text("ReportUri", "")
    if part.flag("ModeBlock"):
        if report:
            raise part.error("ModeBlock and ReportUri cannot be used together", "ReportUri")
        return "1; mode=block"
    return f"1; report={report}" if report else "1"


def _frame_options(part: Node) -> str:
    return part.choice("FrameOption", ("DENY", "SAMEORIGIN"))


def _referrer_policy(part: Node) -> str:
    return part.choice("ReferrerPolicy", _REFERRER_POLICIES)


def _content_security_policy(part: Node) -> str:
    return part.text("ContentSecurityPolicy")


def _content_type_options(part: Node) -> str:
    return "nosniff"


def _transport_security(part: Node) -> str:
    value = f"max-age={part.integer('AccessControlMaxAgeSec', 0)}"
    if part.flag("IncludeSubdomains"):
        value += "; includeSubDomains"
    return f"{value}; preload" if part.flag("Preload") else value


def _custom(config: Node | None) -> list[AddedHeader]:
    if config is None:
        return []
    # A header without a value is legal.
    return [
        AddedHeader(item.text("Header"), item.text("Value", ""), item.flag("Override"))
        for item in config.children("Items")
    ]


def _removed(config: Node | None) -> frozenset[str]:
    if config is None:
        return frozenset()
    names = set()
    for item in config.children("Items"):
        name = item.text("Header")
        if name.lower() in _NOT_REMOVABLE or name.lower().startswith(_NOT_REMOVABLE_PREFIXES):
            raise item.error(f"CloudFront does not let a policy remove {name}", "Header")
        names.add(name.lower())
    return frozenset(names)


def _server_timing(config: Node | None) -> float | None:
    """The share of answers in percent, None when the header is not enabled."""
    if config is None or not config.flag("Enabled"):
        return None
    given = config.value("SamplingRate")
    try:
        rate = float(given or 0)
    except (TypeError, ValueError):
        raise config.error(f"it must be a number, it is {given!r}", "SamplingRate") from None
    if not 0 <= rate <= 100:
        raise config.error(f"it must be from 0 to 100, it is {rate:g}", "SamplingRate")
    return rate
