"""The site's names in the DNS and the certificate that covers them.

CloudFront looks up the name of an origin before any function runs; a name of the site's own has to lead to the
distribution, with a certificate in us-east-1 ("Requirements for using alternate domain names" in the CloudFront
Developer Guide).
"""

from __future__ import annotations

import datetime
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from edgewise.cloud.asking import called
from edgewise.cloud.clients import HOME_REGION, Clients
from edgewise.cloud.doctor.finding import Finding, unknown
from edgewise.cloud.errors import CloudError

_SOON: Final = datetime.timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Names:
    """What the DNS says of a name. `is_known` is None if there was no answer."""

    is_known: bool | None
    canonical: str = ""
    addresses: frozenset[str] = frozenset()


LookUp = Callable[[str], Names]


def look_up(name: str) -> Names:
    """Ask this machine's DNS."""
    try:
        found = socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
    except socket.gaierror as error:
        return Names(False if error.errno == socket.EAI_NONAME else None)
    except (OSError, UnicodeError):
        return Names(None)
    return Names(True, found[0][3].rstrip("."), frozenset(str(one[4][0]) for one in found))


def check_origins(config: Mapping[str, Any], look: LookUp) -> Iterator[Finding]:
    """Whether the origins' names exist; `config` is the template's DistributionConfig."""
    for origin in config["Origins"]:
        name = origin["DomainName"]
        if not isinstance(name, str):
            continue  # made by the template
        found = look(name)
        if found.is_known is None:
            yield Finding("origins", "unknown", f"the DNS does not say whether {name} exists")
        elif not found.is_known:
            hint = "CloudFront answers 502 before any function runs, until the name exists."
            yield Finding(
                "origins", "error", f"{name}, of the origin {origin['Id']}, is not in the DNS", hint
            )
        else:
            yield Finding("origins", "ok", f"{name}, of the origin {origin['Id']}, is in the DNS")


def check_aliases(config: Mapping[str, Any], distribution: str | None, look: LookUp) -> Iterator[Finding]:
    """Whether the site's own names lead to the distribution, whose own name is empty before it is deployed, and None
    where AWS could not be asked for it: then where they lead is all there is to say.
    """
    for alias in _texts(config.get("Aliases", ())):
        if distribution is None:
            where = _leads(alias, look(_asked(alias)))
            yield Finding("dns", "unknown", f"{where}; what the distribution is called was not to be asked")
            continue
        hint = (
            f"Make {alias} a CNAME, or an alias record of Route 53, of {distribution or 'the distribution'}."
        )
        if not distribution:
            yield Finding("dns", "ok", f"{alias} is to lead to the distribution once that is there")
            continue
        found, wanted = look(_asked(alias)), look(distribution)
        if found.is_known is None or wanted.is_known is None:
            yield Finding("dns", "unknown", f"the DNS does not say where {alias} leads")
        elif found.canonical == distribution or found.addresses & wanted.addresses:
            yield Finding("dns", "ok", f"{alias} leads to {distribution}")
        elif not found.is_known:
            yield Finding("dns", "warning", f"{alias} is not in the DNS", hint)
        else:
            yield Finding("dns", "warning", f"{_leads(alias, found)}, not to {distribution}", hint)


def _asked(alias: str) -> str:
    """A name of the DNS: whatever a star stands for."""
    return alias.replace("*", "edgewise")


def _leads(alias: str, found: Names) -> str:
    """In words, where a name leads."""
    if found.is_known is None:
        return f"the DNS does not say where {alias} leads"
    if not found.is_known:
        return f"{alias} is not in the DNS"
    where = found.canonical if found.canonical != alias else ", ".join(sorted(found.addresses))
    return f"{alias} leads to {where}"


def check_certificate(aws: Clients, config: Mapping[str, Any], now: datetime.datetime) -> Iterator[Finding]:
    """Whether the certificate is in us-east-1, issued, good for some weeks, and covers the site's own names."""
    aliases = _texts(config.get("Aliases", ()))
    arn = config.get("ViewerCertificate", {}).get("AcmCertificateArn")
    if not isinstance(arn, str):
        if aliases and arn is None:
            hint = "Name a certificate of ACM in us-east-1 that covers them."
            yield Finding("certificate", "error", "the site has names of its own and no certificate", hint)
        return
    region = arn.split(":")[3]
    if region != HOME_REGION:
        hint = f"Ask ACM for one in {HOME_REGION}: CloudFront takes no other."
        yield Finding("certificate", "error", f"the certificate is in {region}", hint)
        return
    try:
        found = called(arn, lambda: aws("acm").describe_certificate(CertificateArn=arn))["Certificate"]
    except CloudError as error:
        yield unknown("certificate", error)
        return
    yield from _certificate(found, aliases, now)


def _certificate(found: Mapping[str, Any], aliases: list[str], now: datetime.datetime) -> Iterator[Finding]:
    if found["Status"] != "ISSUED":
        hint = "ACM issues it once its validation records are in the DNS."
        yield Finding("certificate", "error", f"the certificate is {found['Status']}", hint)
        return
    names = {found["DomainName"], *found.get("SubjectAlternativeNames", ())}
    missing = [alias for alias in aliases if not any(covers(name, alias) for name in names)]
    for alias in missing:
        hint = "Ask ACM for one that names it too; a star stands for one label."
        yield Finding("certificate", "error", f"the certificate does not cover {alias}", hint)
    ends = found.get("NotAfter")
    if ends and ends - now < _SOON:
        hint = "ACM renews it by itself while its validation records are in the DNS."
        yield Finding("certificate", "warning", f"the certificate ends on {ends:%Y-%m-%d}", hint)
    elif not missing:
        yield Finding("certificate", "ok", f"the certificate covers {', '.join(aliases) or 'what it names'}")


def covers(pattern: str, name: str) -> bool:
    """Whether a name of a certificate is good for a host: a star is one whole label, the first."""
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:] and not name.startswith(".")
    return pattern == name


def _texts(values: Any) -> list[str]:
    """Those of a list in a template that are known here: not references."""
    return [one for one in values if isinstance(one, str)] if isinstance(values, list | tuple) else []
