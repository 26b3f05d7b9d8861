"""The site's own names: records of Route 53, and a certificate that is proved by records.

CloudFormation makes those records and waits until the certificate is issued. In Terraform both are resources, and who
uses the certificate takes it from the one that waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgewise.terraform.blocks import Attribute, Block
from edgewise.terraform.rules import Beside, Kind, Made, Place, block, deleted_last, read_elsewhere
from edgewise.terraform.values import Reference

_TTL = 60
_VALIDATION = "aws_acm_certificate_validation"


def _proof(place: Place) -> Iterator[Made]:
    certificate = place.address
    zones = {
        one["DomainName"]: place.value(one["HostedZoneId"])
        for one in place.properties.get("DomainValidationOptions", ())
    }
    yield from deleted_last(place)
    waits = [Attribute("certificate_arn", Reference(f"{certificate}.arn"))]
    if zones:
        yield Beside("aws_route53_record", _records(certificate, zones), "_proof")
        fqdns = f"[for record in aws_route53_record.{place.name}_proof : record.fqdn]"
        waits.append(Attribute("validation_record_fqdns", Reference(fqdns)))
    yield Beside(_VALIDATION, waits)


def _records(certificate: str, zones: dict[str, Any]) -> list[Attribute | Block]:
    """The records, by the names that are proved; a star and what is behind it have the same one."""

    def option(attribute: str) -> Reference:
        options = f"for option in {certificate}.domain_validation_options : option.{attribute}"
        return Reference(f"one([{options} if option.domain_name == each.key])")

    return [
        Attribute("for_each", zones),
        Attribute("zone_id", Reference("each.value")),
        Attribute("name", option("resource_record_name")),
        Attribute("type", option("resource_record_type")),
        Attribute("records", [option("resource_record_value")]),
        Attribute("ttl", _TTL),
        Attribute("allow_overwrite", True),
    ]


KINDS = {
    "AWS::CertificateManager::Certificate": Kind(
        "aws_acm_certificate",
        "domain",
        {
            "DomainName": "domain_name",
            "SubjectAlternativeNames": "subject_alternative_names",
            "ValidationMethod": "validation_method",
            "DomainValidationOptions": read_elsewhere,
        },
        endings=("Certificate",),
        ref="certificate_arn",
        always=_proof,
        ready=_VALIDATION,
    ),
    "AWS::Route53::RecordSet": Kind(
        "aws_route53_record",
        "domain",
        {
            "HostedZoneId": "zone_id",
            "Name": "name",
            "Type": "type",
            "TTL": "ttl",
            "ResourceRecords": "records",
            "AliasTarget": block(
                "alias",
                {
                    "DNSName": "name",
                    "HostedZoneId": "zone_id",
                    "EvaluateTargetHealth": "evaluate_target_health",
                },
            ),
        },
        ref="fqdn",
    ),
}
