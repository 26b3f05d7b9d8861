"""The actions that a deployment is said to need, against those that CloudFormation's own handlers say they take.

What they are asked for on is held against the Service Authorization Reference.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint
import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from edgewise.cloud.doctor.actions import _BY_NAME, _BY_TYPE, _ELSEWHERE, needed

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
            # A bus that others may write to, and a zone's looks at all of them.
            "events:(Put|Remove)Permission|route53:ListHostedZones",
        )
    )
)


@pytest.mark.parametrize("kind", sorted(_BY_TYPE))
def test_what_cloudformations_handler_of_a_type_takes_is_asked_for(kind: str) -> None:
    _, service, names = _BY_TYPE[kind]
    names = " ".join((names, *(row[3] for row in _ELSEWHERE if row[0] == kind and row[2] == service)))
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


# CloudWatch asks for all alarms whichever are looked for; the reference has the kind of one.
# It has the source of a log deleted by its destination, and AWS's own examples by all three kinds of a delivery.
BEYOND_THE_REFERENCE = {"cloudwatch:DescribeAlarms", "logs:DeleteDeliverySource"}


@cache
def reference() -> Any:
    """cfn-lint's extract of the Service Authorization Reference."""
    return json.loads((Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json").read_text())


def kinds(action: str) -> list[str]:
    """The ARNs that an action is for, as regular expressions; none if it knows no resource."""
    service, _, name = action.partition(":")
    formats = reference()[service]["Resources"]
    known = reference()[service]["Actions"][name.lower()].get("Resources", ())
    return [
        re.sub(r"\$\{\w+\}", "[^:]*", one)
        for kind in known
        for one in formats.get(kind, {}).get("ARNFormats", ())
    ]


def everything() -> dict[str, list[str]]:
    names = dict.fromkeys((*_BY_TYPE, *(row[0] for row in _BY_NAME)))
    return needed({"Resources": {one: {"Type": one} for one in names}}, "shop", "123456789012")


@pytest.mark.parametrize(("resource", "actions"), everything().items(), ids=list(everything()))
def test_actions_are_asked_for_on_resources_of_their_kind(resource: str, actions: list[str]) -> None:
    for action in set(actions) - BEYOND_THE_REFERENCE:
        known = kinds(action)
        fits = any(re.fullmatch(one, resource) for one in known) if known else resource == "*"
        assert fits, f"{action} is for {known or 'no resource'}"


def test_a_name_that_cloudformation_cuts_is_asked_for_as_it_may_be() -> None:
    site = "a-site-whose-name-is-as-long-as-it-may-b"
    template = {
        "Resources": {
            one: {"Type": one} for one in ("AWS::IAM::Role", "AWS::S3::Bucket", "AWS::Events::Rule")
        }
    }
    asked = needed(template, site, "123456789012")
    generated = [one for one in asked if re.search(":role/|:rule/.*-rule$|-bucket$", one)]
    assert len(generated) == 3
    for one in generated:
        assert site[:25] in one
        assert site not in one


def test_a_function_in_a_vpc_takes_looking_at_it() -> None:
    """What CloudFormation's handler of a function asks EC2, where the site file puts one into a VPC."""
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::Lambda::Function").schema[
        "handlers"
    ]
    taken = {one for verb in handlers.values() for one in verb["permissions"] if one.startswith("ec2:")}
    function: dict[str, Any] = {"Type": "AWS::Lambda::Function", "Properties": {}}
    template = {"Resources": {"App": function}}
    assert not any(one.startswith("ec2:") for one in needed(template, "notes", "1" * 12).get("*", ()))
    function["Properties"]["VpcConfig"] = {"SubnetIds": ["subnet-01234567"]}
    asked = {one for one in needed(template, "notes", "1" * 12)["*"] if one.startswith("ec2:")}
    assert asked == taken
