"""Rules about what an origin says of itself: its Id, what kind it is, its port and protocol, how CloudFront signs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edgewise.cdn.origins.target import is_origin_port
from edgewise.check.distribution import Origin
from edgewise.check.finding import Problem, rule
from edgewise.check.stack import Stack

_ORIGIN = "https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Origin.html"
_SETTINGS = "DownloadDistValuesOrigin"
# Buckets, access points and the rest of S3 are all under Amazon's own names.
_AMAZON = re.compile(r"\.amazonaws\.com(\.cn)?$", re.IGNORECASE)


def _origins(stack: Stack) -> Iterator[Origin]:
    for distribution in stack.distributions:
        yield from distribution.origins


@rule(
    309,
    "error",
    "an origin's settings are of another kind than its domain",
    hint="S3OriginConfig is for a bucket's own domain, such as NAME.s3.REGION.amazonaws.com; anything else, a bucket's "
    "website too, has a CustomOriginConfig",
    source=_ORIGIN,
)
def origin_kind(stack: Stack) -> Iterator[Problem]:
    for origin in _origins(stack):
        custom, bucket = (origin.part.at(f"{kind}OriginConfig") for kind in ("Custom", "S3"))
        # An empty S3OriginConfig is a whole one.
        if bucket.value is None or not bucket.is_known:
            continue
        if custom.is_set:
            yield Problem(bucket, "an origin has a CustomOriginConfig or an S3OriginConfig, not both")
            continue
        part = origin.part.at("DomainName")
        if stack.named(part.text, "AWS::S3::Bucket") is not None:
            message = "this is the bucket's name; the domain is its attribute RegionalDomainName"
            yield Problem(part, message)
        elif part.text and not part.is_guess and not _is_bucket(origin):
            yield Problem(part, f"{part.text} is no domain of a bucket")


def _is_bucket(origin: Origin) -> bool:
    return origin.kind != "website" and _AMAZON.search(origin.domain or "") is not None


@rule(
    310,
    "error",
    "two origins, or an origin and a group, have the same Id",
    hint="give each an Id of its own: behaviors name them by it",
    source=_ORIGIN,
)
def same_id(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        seen: set[str] = set()
        for part in (*(origin.part for origin in distribution.origins), *distribution.groups):
            name = part.at("Id")
            if name.text in seen:
                yield Problem(name, f"the Id {name.text!r} is taken already")
            elif name.text:
                seen.add(name.text)


@rule(
    317,
    "error",
    "an origin has both an origin access control and an origin access identity",
    hint="leave OriginAccessIdentity empty: access control is the newer of the two",
    source="private-content-restricting-access-to-s3",
)
def access_twice(stack: Stack) -> Iterator[Problem]:
    for origin in _origins(stack):
        identity = origin.part.at("S3OriginConfig", "OriginAccessIdentity")
        if origin.part.at("OriginAccessControlId").is_set and identity.is_set:
            yield Problem(
                identity, "CloudFront signs in one way: with the access control, or as the identity"
            )


@rule(
    318,
    "error",
    "an origin's port is none that CloudFront asks",
    hint="80, 443, or 1024 to 65535",
    source=_SETTINGS,
)
def origin_port(stack: Stack) -> Iterator[Problem]:
    for origin in _origins(stack):
        for name in ("HTTPPort", "HTTPSPort"):
            part = origin.part.at("CustomOriginConfig", name)
            if part.number is not None and not is_origin_port(part.number):
                yield Problem(part, f"{name} is {part.number}")


@rule(
    319,
    "error",
    "a bucket's website is asked over HTTPS, which it does not speak",
    hint="let OriginProtocolPolicy be http-only, or use the bucket itself as the origin",
    source=_SETTINGS,
)
def website_over_https(stack: Stack) -> Iterator[Problem]:
    for origin in _origins(stack):
        part = origin.part.at("CustomOriginConfig", "OriginProtocolPolicy")
        if origin.kind == "website" and part.text in ("https-only", "match-viewer"):
            yield Problem(part, f"{part.text} for {origin.domain}: S3 serves websites over HTTP only")
