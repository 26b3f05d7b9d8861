"""Origins and origin groups of a distribution.

Property names and defaults: CloudFormation reference, `Origin`, `CustomOriginConfig` and `OriginGroup` of
`AWS::CloudFront::Distribution`.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, cast, get_args

from edgewise.cdn.distribution import BucketOrigin, CustomOrigin, Origin, OriginGroup, OriginProtocol
from edgewise.cdn.errors import TemplateError
from edgewise.cdn.origins.custom_headers import capitalised, is_denied
from edgewise.cdn.template.node import Node
from edgewise.cdn.template.notices import Notices

# CloudFormation reference, `StatusCodes` of an origin group; Developer Guide, "Optimize high availability".
FAILOVER_CODES = frozenset({400, 403, 404, 416, 429, 500, 502, 503, 504})


def read_origins(config: Node, notices: Notices) -> dict[str, Origin]:
    """The origins of a `DistributionConfig` by id. Raises `TemplateError`."""
    origins = [read_origin(item, notices) for item in config.children("Origins")]
    if not origins:
        raise config.error("a distribution needs at least one origin", "Origins")
    return {origin.id: origin for origin in origins}


def read_origin(item: Node, notices: Notices) -> Origin:
    """One origin. Raises `TemplateError`."""
    notices.of("origin", item)
    common: dict[str, Any] = {
        "id": item.text("Id"),
        "domain": item.text("DomainName"),
        "path": item.text("OriginPath", ""),
        "custom_headers": tuple(map(_custom_header, item.children("OriginCustomHeaders"))),
        "connect_timeout": _within(item, "ConnectionTimeout", 1, 10, 10),
        "connect_attempts": _within(item, "ConnectionAttempts", 1, 3, 3),
    }
    custom = item.child("CustomOriginConfig")
    bucket = item.child("S3OriginConfig")
    if custom is None:
        if bucket is None:
            raise _neither(item)
        read_timeout = _within(bucket, "OriginReadTimeout", 1, 120, 30)
        identity = bucket.has("OriginAccessIdentity")
        return BucketOrigin(**common, read_timeout=read_timeout, access_identity=identity)
    return CustomOrigin(
        **common,
        protocol=cast(OriginProtocol, custom.choice("OriginProtocolPolicy", get_args(OriginProtocol))),
        http_port=custom.integer("HTTPPort", 80),
        https_port=custom.integer("HTTPSPort", 443),
        ssl_protocols=custom.names("OriginSSLProtocols") or ("TLSv1.2",),
        read_timeout=_within(custom, "OriginReadTimeout", 1, 120, 30),
        keepalive_timeout=_within(custom, "OriginKeepaliveTimeout", 1, 120, 5),
    )


def _neither(item: Node) -> TemplateError:
    if item.has("VpcOriginConfig"):
        return item.not_here("an origin in a VPC cannot be run here")
    return item.error("an origin has a CustomOriginConfig or an S3OriginConfig")


def _custom_header(item: Node) -> tuple[str, str]:
    name = item.text("HeaderName")
    if is_denied(name):
        raise item.error(f"CloudFront does not take {name} as an origin's custom header", "HeaderName")
    return capitalised(name), item.text("HeaderValue")


def _within(item: Node, name: str, lowest: int, highest: int, default: int) -> int:
    value = item.integer(name, default)
    if not lowest <= value <= highest:
        raise item.error(f"CloudFront takes {lowest} to {highest}, not {value}", name)
    return value


def read_origin_groups(config: Node, origins: Mapping[str, Origin]) -> dict[str, OriginGroup]:
    """The origin groups by id; their members are origins of the distribution. Raises `TemplateError`."""
    groups = config.child("OriginGroups")
    return {
        item.text("Id"): read_origin_group(item, origins)
        for item in (groups.children("Items") if groups else ())
    }


def read_origin_group(item: Node, origins: Container[str]) -> OriginGroup:
    """One group; `origins` are the ids of the distribution's origins. Raises `TemplateError`."""
    members = [member.text("OriginId") for member in item.required("Members").children("Items")]
    if len(members) != 2:
        raise item.error("an origin group has two members", "Members.Items")
    for member in members:
        if member not in origins:
            raise item.error(f"{member!r} is not an origin", "Members.Items")
    listed = item.required("FailoverCriteria").required("StatusCodes")
    codes = frozenset(listed.integers("Items"))
    if not codes or codes - FAILOVER_CODES:
        hint = "one or more of " + ", ".join(map(str, sorted(FAILOVER_CODES)))
        raise listed.error(
            f"CloudFront does not fail over on {sorted(codes - FAILOVER_CODES)}", "Items", hint
        )
    return OriginGroup(item.text("Id"), (members[0], members[1]), codes)
