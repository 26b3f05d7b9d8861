"""Checks the site's own names, their certificate and the zone they are in."""

from __future__ import annotations

from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.model_domain import Domain, HostedZone
from edgewise.site.problems import shown
from edgewise.site.raw_domain import RawDomain, RawHostedZone


def check_domain(context: Context, raw: RawDomain) -> Domain:
    """The names with what goes with them, defaults filled in."""
    names = _check_names(context, raw.names) if raw.names is not None else ()
    zone = _check_zone(context, raw.hosted_zone) if raw.hosted_zone else None
    certificate = _check_certificate(context, raw.certificate)
    if zone:
        _check_inside(context, names, zone)
    if zone and not certificate:
        _check_makeable(context, names)
    wrong = context.problems.has("domain.hosted_zone") or context.problems.has("domain.certificate")
    if not (raw.hosted_zone or raw.certificate or wrong):
        context.problems.add(
            "domain",
            "there is neither `certificate` nor `hosted_zone`",
            "CloudFront wants a certificate for the names. Name one of ACM's in us-east-1, or the zone of Route 53 "
            "that the names are in: the template makes one then.",
        )
    return Domain(names, certificate, zone, raw.minimum_tls or limits.TLS_POLICY)


def _check_names(context: Context, given: list[str]) -> tuple[str, ...]:
    names: list[str] = []
    if not given:
        context.problems.add(
            "domain.names", "there are no names", 'For example: names = ["www.example.com"].'
        )
    if len(given) > limits.MAX_ALIASES:
        context.problems.add(
            "domain.names",
            f"there are {len(given)} names",
            f"CloudFront takes {limits.MAX_ALIASES} of a distribution.",
        )
    for i, one in enumerate(given):
        name = (one or "").lower()
        if one is not None and not limits.DOMAIN.fullmatch(name.removeprefix("*.")):
            context.problems.add(
                f"domain.names[{i}]",
                f"{shown(one)} is no name of the DNS",
                "Expected the name alone, such as www.example.com or *.example.com, without https:// and without a "
                "dot at its end; one with other letters as it is in the DNS, xn--….",
            )
        elif name in names:
            context.problems.add(f"domain.names[{i}]", f"{shown(one)} is there twice", "Remove one of them.")
        names.append(name)
    return tuple(names)


def _check_zone(context: Context, raw: RawHostedZone) -> HostedZone:
    name, zone_id = (raw.name or "").lower().removesuffix("."), raw.id or ""
    if raw.name is not None and not limits.DOMAIN.fullmatch(name):
        context.problems.add(
            "domain.hosted_zone.name",
            f"{shown(raw.name)} is no name of the DNS",
            "Expected the zone's name, such as example.com.",
        )
    if raw.id is not None and not limits.HOSTED_ZONE.fullmatch(zone_id):
        context.problems.add(
            "domain.hosted_zone.id",
            f"{shown(raw.id)} is not the id of a zone",
            "Route 53 shows it beside the zone's name: Z and capital letters and digits.",
        )
    return HostedZone(name, zone_id)


def _check_certificate(context: Context, given: str | None) -> str | None:
    found = limits.CERTIFICATE.fullmatch(given or "")
    if given is not None and not found:
        context.problems.add(
            "domain.certificate",
            f"{shown(given)} is not the ARN of a certificate of ACM's",
            f"Expected arn:aws:acm:{limits.HOME_REGION}:ACCOUNT:certificate/ID.",
        )
    elif found and found["region"] != limits.HOME_REGION:
        context.problems.add(
            "domain.certificate",
            f"the certificate is in {found['region']}",
            f"CloudFront takes certificates of {limits.HOME_REGION} alone, wherever the app is: ask ACM for one there.",
        )
    return given


def _check_inside(context: Context, names: tuple[str, ...], zone: HostedZone) -> None:
    if context.problems.has("domain.hosted_zone.name"):
        return
    for i, name in enumerate(names):
        is_name = not context.problems.has(f"domain.names[{i}]")
        if is_name and zone.name and not f".{name.removeprefix('*.')}".endswith(f".{zone.name}"):
            context.problems.add(
                f"domain.names[{i}]",
                f"{shown(name)} is not in the zone {zone.name}",
                "A record can be made in its own zone only. Remove `hosted_zone` and name a `certificate`: then the "
                "records are yours to make.",
            )


def _check_makeable(context: Context, names: tuple[str, ...]) -> None:
    """What ACM asks of a certificate that the template makes."""
    if len(names) > limits.MAX_CERTIFICATE_NAMES:
        context.problems.add(
            "domain.names",
            f"ACM's certificates have {limits.MAX_CERTIFICATE_NAMES} names, unless your account has a greater quota; "
            f"here are {len(names)}",
            "Name a `certificate` of your own, or cover several by a star.",
        )
    if names and len(names[0]) > limits.MAX_FIRST_NAME:
        context.problems.add(
            "domain.names[0]",
            f"a certificate's first name has at most {limits.MAX_FIRST_NAME} characters",
            "Put a shorter one first.",
        )
