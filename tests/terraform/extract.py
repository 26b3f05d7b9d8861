"""Makes `schema.json`: of the AWS provider's schema, the types that Edgewise writes, and of those the names.

In a folder with a configuration, after `terraform init`:

    terraform providers schema -json | python tests/terraform/extract.py > tests/terraform/schema.json
"""

from __future__ import annotations

import json
import sys
from typing import Any

from edgewise.terraform.types.catalogue import KINDS

# What belongs to a type of CloudFormation's as a resource of its own.
BESIDE = (
    "aws_acm_certificate_validation",
    "aws_cloudwatch_event_target",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
)


def extracted(schema: dict[str, Any]) -> dict[str, Any]:
    """The part of `terraform providers schema -json` that the tests read."""
    (provider,) = schema["provider_schemas"].values()
    wanted = sorted({kind.resource for kind in KINDS.values()} | set(BESIDE))
    return {name: _body(provider["resource_schemas"][name]["block"]) for name in wanted}


def _body(block: dict[str, Any]) -> dict[str, Any]:
    """Arguments by how they are used (`computed` ones cannot be given), and the blocks inside."""
    body: dict[str, Any] = {
        "arguments": {name: _use(one) for name, one in sorted(block.get("attributes", {}).items())}
    }
    inside = {
        name: {"least": one.get("min_items", 0), "most": one.get("max_items", 0), **_body(one["block"])}
        for name, one in sorted(block.get("block_types", {}).items())
    }
    return body | ({"blocks": inside} if inside else {})


def _use(attribute: dict[str, Any]) -> str:
    if attribute.get("required"):
        return "required"
    return "optional" if attribute.get("optional") else "computed"


if __name__ == "__main__":
    found = extracted(json.load(sys.stdin))
    lines = [
        f" {json.dumps(name)}: {json.dumps(body, separators=(',', ':'))}" for name, body in found.items()
    ]
    sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")
