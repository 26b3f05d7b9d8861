"""S3 buckets: Terraform has a resource for each of a bucket's settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgewise.terraform.blocks import Attribute
from edgewise.terraform.names import on_aws
from edgewise.terraform.rules import (
    Kind,
    Made,
    Place,
    Rule,
    Rules,
    beside,
    block,
    blocks,
    document,
    flat,
    pairs,
)

# Characters of a prefix; Terraform adds 26 to it.
_MOST_PREFIX = 37


def _lifecycle_rules(value: Any, place: Place) -> Iterator[Made]:
    # Each has a filter, be it an empty one: the older argument for a prefix is going.
    for one in value:
        yield from block("rule", _LIFECYCLE_RULE)({"Prefix": {}, **one}, place)


def _prefix(value: Any, place: Place) -> Iterator[Made]:
    yield from block("filter", {"Prefix": "prefix"})({"Prefix": value} if value else {}, place)


def _setting(resource: str, rule: Rule) -> Rule:
    return beside(resource, rule, "bucket")


def _name(place: Place) -> Iterator[Made]:
    if "BucketName" not in place.properties:
        prefix = on_aws(place.scope.site, place.name, _MOST_PREFIX - 1)
        yield Attribute("bucket_prefix", f"{prefix}-")


_LIFECYCLE_RULE: Rules = {
    "Id": "id",
    "Status": "status",
    "Prefix": _prefix,
    "ExpirationInDays": lambda value, place: block("expiration", {"Days": "days"})({"Days": value}, place),
    "NoncurrentVersionExpiration": block(
        "noncurrent_version_expiration", {"NoncurrentDays": "noncurrent_days"}
    ),
    "AbortIncompleteMultipartUpload": block(
        "abort_incomplete_multipart_upload", {"DaysAfterInitiation": "days_after_initiation"}
    ),
}
_ENCRYPTION: Rules = {
    "BucketKeyEnabled": "bucket_key_enabled",
    "ServerSideEncryptionByDefault": block(
        "apply_server_side_encryption_by_default",
        {"SSEAlgorithm": "sse_algorithm", "KMSMasterKeyID": "kms_master_key_id"},
    ),
}

KINDS = {
    "AWS::S3::Bucket": Kind(
        "aws_s3_bucket",
        "buckets",
        {
            "BucketName": "bucket",
            "Tags": pairs("tags"),
            "PublicAccessBlockConfiguration": _setting(
                "aws_s3_bucket_public_access_block",
                flat(
                    {
                        "BlockPublicAcls": "block_public_acls",
                        "BlockPublicPolicy": "block_public_policy",
                        "IgnorePublicAcls": "ignore_public_acls",
                        "RestrictPublicBuckets": "restrict_public_buckets",
                    }
                ),
            ),
            "OwnershipControls": _setting(
                "aws_s3_bucket_ownership_controls",
                flat({"Rules": blocks("rule", {"ObjectOwnership": "object_ownership"})}),
            ),
            "BucketEncryption": _setting(
                "aws_s3_bucket_server_side_encryption_configuration",
                flat({"ServerSideEncryptionConfiguration": blocks("rule", _ENCRYPTION)}),
            ),
            "VersioningConfiguration": _setting(
                "aws_s3_bucket_versioning", block("versioning_configuration", {"Status": "status"})
            ),
            "LifecycleConfiguration": _setting(
                "aws_s3_bucket_lifecycle_configuration", flat({"Rules": _lifecycle_rules})
            ),
        },
        endings=("Bucket",),
        attributes={
            "Arn": "arn",
            "DomainName": "bucket_domain_name",
            "RegionalDomainName": "bucket_regional_domain_name",
        },
        always=_name,
        # Without it AWS keeps a bucket with files in it.
        retained=Attribute("force_destroy", False),
    ),
    "AWS::S3::BucketPolicy": Kind(
        "aws_s3_bucket_policy",
        "buckets",
        {"Bucket": "bucket", "PolicyDocument": document("policy")},
        endings=("BucketPolicy", "Policy"),
    ),
}
