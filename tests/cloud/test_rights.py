"""The actions that a deployment is said to need, against those that CloudFormation's own handlers say they take."""

from __future__ import annotations

import re

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from edgewise.cloud.doctor.actions import _BY_TYPE

# What only a property needs that no template of ours has, by the names of the actions.
UNUSED = re.compile(
    "|".join(
        (
            # The distribution: its tenants, origins in a private network, CloudFront's way around a stack.
            "ConnectionGroup|VpcOrigin|UpdateDistributionWithStagingConfig",
            # Functions: signed code, reserved and provisioned capacity, settings beyond those of the template.
            "CodeSigningConfig|Concurrency$|CapacityProvider|RuntimeAlias|LayerVersion",
            "lambda:Put|lambda:PublishVersion|GetProvisionedConcurrencyConfig|ScalingConfig",
            # Tables: Kinesis streams of theirs, insights, policies, scaling.
            "dynamodb:.*(Kinesis|ContributorInsights|ResourcePolicy|AutoScaling|ContinuousBackups)",
            r"dynamodb:Describe\*",  # not an action's name: they are in the list one by one
            # Glue: connections and schemas of others.
            "Connection|SchemaVersion|glue:UpdateDatabase",
            # IAM: groups, users, boundaries.
            "Group|UserPolicy|PermissionsBoundary",
            # Streams that scale by themselves.
            "EnhancedMonitoring|ShardCount|MaxRecordSize|DistributionStrategy|WarmThroughput|DeliveryStreamEncryption",
            # Log groups: keys, masks, indexes, tokens.
            "KmsKey|DataProtectionPolicy|IndexPolic|ResourcePolic|LogDelivery$|BearerToken|DeletionProtection",
            "DeliveryDestinationPolicy",
            # Buckets: what they can do besides keeping files.
            "s3:Put(Accelerate|Analytics|BucketAbac|BucketAcl|BucketCORS|BucketLogging|BucketNotification|BucketObject)",
            "s3:Put(BucketReplication|BucketWebsite|Intelligent|Inventory|Metrics|Object|Replication|BucketVersioning)",
            "s3:.*Metadata|s3:DeleteBucket.+|s3:DeleteObject|REST",
            # Names that IAM's own list does not have.
            "CreateDistributionWithTags|DisassociateTableReplica|AllowVendedLogDeliveryForResource",
            # A bus that others may write to, and a queue's or a zone's looks at all of them.
            "events:(Put|Remove)Permission|route53:(GetChange|ListHostedZones)",
        )
    )
)


@pytest.mark.parametrize("kind", sorted(_BY_TYPE))
def test_what_cloudformations_handler_of_a_type_takes_is_asked_for(kind: str) -> None:
    _, service, names = _BY_TYPE[kind]
    if kind == "AWS::CloudFormation::CustomResource":
        pytest.skip("whoever made it up handles it")
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema.get("handlers", {})
    taken = {
        one
        for verb in ("create", "read", "update", "delete")
        for one in handlers.get(verb, {}).get("permissions", ())
        if one.startswith(f"{service}:") and not UNUSED.search(one)
    }

    assert sorted(taken - {f"{service}:{name}" for name in names.split()}) == []
