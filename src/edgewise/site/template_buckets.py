"""The resources of bucket origins: private buckets that one distribution alone may read.

Source: "Restrict access to an Amazon S3 origin" in the CloudFront developer guide.
"""

from __future__ import annotations

from typing import Any

from edgewise.site.model import Site
from edgewise.site.model_origins import BucketOrigin


def bucket_id(origin: BucketOrigin) -> str:
    """The logical id of an origin's bucket: `press-kit` gives `PressKitBucket`."""
    return "".join(word.capitalize() for word in origin.name.split("-")) + "Bucket"


def bucket_resources(site: Site) -> dict[str, Any]:
    """A bucket and its policy for each bucket origin, and the one access control they share."""
    buckets = [origin for origin in site.origins if isinstance(origin, BucketOrigin)]
    resources: dict[str, Any] = {}
    if buckets:
        resources["OriginAccessControl"] = _access_control(site)
    for origin in buckets:
        resources[bucket_id(origin)] = private_bucket()
        resources[f"{bucket_id(origin)}Policy"] = _policy(bucket_id(origin))
    return resources


def _access_control(site: Site) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudFront::OriginAccessControl",
        "Properties": {
            "OriginAccessControlConfig": {
                "Name": f"{site.name}-buckets",
                "OriginAccessControlOriginType": "s3",
                "SigningBehavior": "always",
                "SigningProtocol": "sigv4",
            }
        },
    }


def private_bucket() -> dict[str, Any]:
    """A bucket that only its owner reads and writes, and that outlives its stack."""
    return {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                ]
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
        },
    }


def over_tls_alone(bucket: str) -> dict[str, Any]:
    """The policy of a bucket that nobody may ask without TLS; `bucket` is its logical id."""
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": bucket},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": [
                            {"Fn::GetAtt": [bucket, "Arn"]},
                            {"Fn::Sub": f"${{{bucket}.Arn}}/*"},
                        ],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            },
        },
    }


def _policy(bucket: str) -> dict[str, Any]:
    # No s3:ListBucket: a missing file is then a 403, and `/` never shows the list of files.
    distribution = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": bucket},
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudfront.amazonaws.com"},
                        "Action": "s3:GetObject",
                        "Resource": {"Fn::Sub": f"${{{bucket}.Arn}}/*"},
                        "Condition": {"StringEquals": {"AWS:SourceArn": {"Fn::Sub": distribution}}},
                    }
                ],
            },
        },
    }
