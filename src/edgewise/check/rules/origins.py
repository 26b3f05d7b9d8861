"""Rules about origins and origin groups."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from edgewise.cdn.origins.custom_headers import is_denied
from edgewise.cdn.template.origins import FAILOVER_CODES
from edgewise.check import limits
from edgewise.check.distribution import Origin, group_members
from edgewise.check.finding import Problem, rule
from edgewise.check.part import Part
from edgewise.check.stack import Stack

_SETTINGS = "DownloadDistValuesOrigin"
_FAILOVER = "high_availability_origin_failover"
_CUSTOM_HEADERS = "add-origin-custom-headers"

_DOMAIN = re.compile(r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.IGNORECASE)
# RFC 6761 and RFC 6762: no DNS server knows a name under these.
_NOWHERE = frozenset({"example", "home", "internal", "invalid", "lan", "local", "localhost", "test"})

_NO_FAILOVER = ("POST", "PUT", "PATCH", "DELETE")


def _origins(stack: Stack) -> Iterator[Origin]:
    for distribution in stack.distributions:
        yield from distribution.origins


@rule(
    301,
    "error",
    "a behavior's target is neither an origin nor an origin group",
    hint="name the Id of an origin or of an origin group of this distribution",
    source=_SETTINGS,
)
def unknown_target(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        ids = [origin.part.at("Id") for origin in distribution.origins]
        ids += [group.at("Id") for group in distribution.groups]
        if not all(part.is_known for part in ids):
            continue
        for behavior in distribution.behaviors:
            part = behavior.part.at("TargetOriginId")
            if part.text and part.text not in {one.text for one in ids}:
                yield Problem(part, f"there is no origin and no origin group {part.text!r}")


@rule(
    302,
    "error",
    "an origin's domain cannot be resolved",
    hint="give a public DNS name. It is resolved before the origin-request function runs, even if that goes elsewhere",
    source="http-502-bad-gateway",
)
def unresolvable_domain(stack: Stack) -> Iterator[Problem]:
    for origin in _origins(stack):
        domain = _public_domain(origin)
        reason = _why_not(domain) if domain else ""
        if reason:
            part = origin.part.at("DomainName")
            yield Problem(part, f"{domain!r} {reason}: every request to this origin would be 502")


def _public_domain(origin: Origin) -> str | None:
    """The name that has to be in the DNS; None if it need not be there, or if the deployment completes it."""
    is_private = origin.part.at("VpcOriginConfig").value is not None
    return None if is_private or origin.part.at("DomainName").is_guess else origin.domain


def _why_not(domain: str) -> str:
    try:
        ipaddress.ip_address(domain.strip("[]"))
    except ValueError:
        pass
    else:
        return "is an IP address, and CloudFront asks names only"
    if domain.rpartition(".")[2].lower() in _NOWHERE:
        return "is under a reserved name that no DNS server knows"
    if domain.startswith(("http:", "https:")):
        return "is an address; a domain has no scheme"
    return "" if _DOMAIN.fullmatch(domain) else "is no domain name"


@rule(
    304,
    "error",
    "the DNS does not know an origin's domain (only with `--resolve`)",
    hint="make the name first: CloudFront resolves it before the origin-request function runs",
    source="http-502-bad-gateway",
)
def unresolved_domain(stack: Stack) -> Iterator[Problem]:
    resolves = stack.options.resolves
    if resolves is None:
        return
    for origin in _origins(stack):
        domain = _public_domain(origin)
        if domain and not _why_not(domain) and not resolves(domain):
            message = f"the DNS does not know {domain}: every request to this origin would be 502"
            yield Problem(origin.part.at("DomainName"), message)


@rule(
    305,
    "error",
    "an origin sends a custom header that CloudFront reserves",
    hint="call the header something else, such as X-Origin-Secret",
    source=_CUSTOM_HEADERS,
)
def reserved_custom_header(stack: Stack) -> Iterator[Problem]:
    for origin in _origins(stack):
        for header in origin.part.at("OriginCustomHeaders").items():
            part = header.at("HeaderName")
            if part.text and is_denied(part.text):
                yield Problem(part, f"CloudFront does not let an origin's custom headers set {part.text}")


@rule(
    306,
    "error",
    "an origin's custom headers are too many or too long",
    hint="send fewer or shorter ones",
    source="cloudfront-limits",
)
def custom_header_quotas(stack: Stack) -> Iterator[Problem]:
    for origin in _origins(stack):
        listed = origin.part.at("OriginCustomHeaders")
        headers = listed.items()
        total = 0
        for header in headers:
            name, value = header.at("HeaderName").text or "", header.at("HeaderValue").text or ""
            total += len(name) + len(value)
            if len(name) > limits.CUSTOM_HEADER_NAME or len(value) > limits.CUSTOM_HEADER_VALUE:
                longest = (
                    f"{limits.CUSTOM_HEADER_NAME} characters at most, a value {limits.CUSTOM_HEADER_VALUE}"
                )
                yield Problem(header, f"a custom header's name has {longest}")
        if len(headers) > limits.CUSTOM_HEADERS or total > limits.CUSTOM_HEADERS_LENGTH:
            message = (
                f"{len(headers)} headers of {total} characters; an origin has {limits.CUSTOM_HEADERS} at most, of "
                f"{limits.CUSTOM_HEADERS_LENGTH} together"
            )
            yield Problem(listed, message)


@rule(
    307,
    "error",
    "an origin's timeout or number of attempts is out of range",
    hint="seconds are whole; more than 120 for a response is a matter for AWS support",
    source=_SETTINGS,
)
def origin_ranges(stack: Stack) -> Iterator[Problem]:
    for origin in _origins(stack):
        kinds = [origin.part.at(f"{kind}OriginConfig") for kind in ("Custom", "Vpc", "S3")]
        owners = [(origin.part, limits.ORIGIN_RANGES), *((one, limits.CONFIG_RANGES) for one in kinds)]
        for owner, ranges in owners:
            for name, (least, most) in ranges.items():
                part = owner.at(name)
                if part.number is not None and not least <= part.number <= most:
                    yield Problem(part, f"{name} is {part.number}; CloudFront takes {least} to {most}")


@rule(
    308,
    "error",
    "an origin's path does not start with a slash, or ends in one",
    hint="write it as /folder, or leave it out",
    source=_SETTINGS,
)
def origin_path(stack: Stack) -> Iterator[Problem]:
    for origin in _origins(stack):
        part = origin.part.at("OriginPath")
        if part.text and (not part.text.startswith("/") or part.text.endswith("/")):
            yield Problem(part, f"{part.text!r} must start with a slash and must not end in one")


@rule(
    311,
    "error",
    "an origin group fails over on a status code that CloudFront does not take",
    hint="any of: " + ", ".join(map(str, sorted(FAILOVER_CODES))),
    source=_FAILOVER,
)
def failover_codes(stack: Stack) -> Iterator[Problem]:
    for group in _groups(stack):
        for code in group.at("FailoverCriteria", "StatusCodes", "Items").items():
            if code.number is not None and code.number not in FAILOVER_CODES:
                yield Problem(code, f"an origin group cannot fail over on {code.number}")


@rule(
    312,
    "error",
    "an origin group has not two members that are origins",
    hint="name the Ids of two origins of this distribution, the primary first",
    source=_FAILOVER,
)
def members(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        ids = [origin.id for origin in distribution.origins]
        for group in distribution.groups:
            listed = group_members(group)
            names = [part.text for part in listed]
            if len(listed) != 2 or (None not in names and names[0] == names[1]):
                yield Problem(group.at("Members", "Items"), "an origin group has two different members")
            for part in listed:
                if part.text and None not in ids and part.text not in ids:
                    yield Problem(part, f"there is no origin {part.text!r}")


@rule(
    313,
    "warning",
    "a behavior that writes has an origin group as its target",
    hint="send writes to one origin, through a behavior of their own",
    source=_FAILOVER,
)
def writes_do_not_fail_over(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        part = behavior.part.at("AllowedMethods")
        writes = [method for method in _NO_FAILOVER if method in part.texts()]
        if behavior.group is not None and writes:
            methods = ", ".join(writes)
            message = f"{behavior.name} allows {methods}, and only GET, HEAD and OPTIONS fail over"
            yield Problem(part, message)


@rule(
    314,
    "warning",
    "an origin group for 5xx does not fail over on a refused connection or on a timeout",
    hint="list 503 for an origin that refuses connections, and 504 for one that does not answer",
    source=_FAILOVER,
)
def failover_on_silence(stack: Stack) -> Iterator[Problem]:
    for group in _groups(stack):
        part = group.at("FailoverCriteria", "StatusCodes", "Items")
        codes = {code.number for code in part.items()}
        missing = [str(code) for code in (503, 504) if code not in codes]
        # An origin group for 403 and 404 is one for missing objects; one for 5xx is for dead origins.
        if missing and codes & {500, 502, 503, 504} and None not in codes:
            yield Problem(
                part,
                f"{' and '.join(missing)} not listed: a refused connection fails over with 503 only, a timeout with "
                "504 only",
            )


def _groups(stack: Stack) -> Iterator[Part]:
    for distribution in stack.distributions:
        yield from distribution.groups
