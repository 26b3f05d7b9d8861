"""The resources of the site's own names: a certificate and the records that lead to the distribution.

Sources: "Requirements for using alternate domain names" in the CloudFront developer guide; `AWS::Route53::RecordSet`
and `AWS::CertificateManager::Certificate` in the CloudFormation reference.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from edgewise.site.model import Site
from edgewise.site.model_domain import Domain, HostedZone

CERTIFICATE = "Certificate"
# Of all distributions, as Route 53 knows them.
_CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
_MOST_ID_CHARACTERS = 60
# A name whose labels can be told from its id: each begins with a letter, which becomes a capital there. The last has
# two letters and no digit, so that neither the kind of a record nor a hash can be taken for it.
_PLAIN = re.compile(r"([a-z][a-z0-9]*\.)+[a-z]{2,}")


def domain_config(site: Site) -> dict[str, Any]:
    """What the distribution's configuration says of its names."""
    domain = site.domain
    if domain is None:
        return {}
    return {
        "Aliases": list(domain.names),
        "ViewerCertificate": {
            "AcmCertificateArn": domain.certificate or {"Ref": CERTIFICATE},
            # Every browser of the last ten years names the host; addresses of one's own cost 600 dollars a month.
            "SslSupportMethod": "sni-only",
            "MinimumProtocolVersion": domain.minimum_tls,
        },
    }


def domain_resources(site: Site) -> dict[str, Any]:
    """The certificate if there is none, and the names' records, in a zone of Route 53."""
    domain = site.domain
    if domain is None or domain.zone is None:
        return {}
    resources = {} if domain.certificate else {CERTIFICATE: _certificate(domain, domain.zone)}
    for name in domain.names:
        for kind in ("A", "AAAA"):
            resources[f"{_record_id(name)}{kind}"] = _record(name, kind, domain.zone)
    return resources


def _certificate(domain: Domain, zone: HostedZone) -> dict[str, Any]:
    first, *others = domain.names
    properties: dict[str, Any] = {"DomainName": first}
    if others:
        properties["SubjectAlternativeNames"] = others
    # A star and what is behind it have one record, and CloudFormation fails to make it twice.
    proved = [name for name in domain.names if name.partition("*.")[2] not in domain.names]
    return {
        "Type": "AWS::CertificateManager::Certificate",
        "Properties": {
            **properties,
            "ValidationMethod": "DNS",
            "DomainValidationOptions": [{"DomainName": name, "HostedZoneId": zone.id} for name in proved],
        },
    }


def _record(name: str, kind: str, zone: HostedZone) -> dict[str, Any]:
    return {
        "Type": "AWS::Route53::RecordSet",
        "Properties": {
            "HostedZoneId": zone.id,
            "Name": name,
            "Type": kind,
            "AliasTarget": {
                "DNSName": {"Fn::GetAtt": ["Distribution", "DomainName"]},
                "HostedZoneId": _CLOUDFRONT_ZONE,
                "EvaluateTargetHealth": False,
            },
        },
    }


def _record_id(name: str) -> str:
    """By the name and not by its place: a record whose name changed would meet the one that still has it."""
    words = "".join(label.capitalize() for label in name.replace("*", "any").replace("-", ".").split("."))
    is_plain = _PLAIN.fullmatch(name) and len(words) <= _MOST_ID_CHARACTERS
    unique = "" if is_plain else f"0{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return f"Name{words[:_MOST_ID_CHARACTERS]}{unique}"
