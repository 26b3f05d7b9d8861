"""What CloudFormation does with one resource: makes, changes and deletes it through the services.

Functions, versions, distributions and continuous deployment policies are really made. Of other types the schema that
AWS publishes is asked (cfn-lint has them): a type, a property or an attribute that it does not know is refused, and it
says what cannot be changed.
"""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

from cfnlint.schema import ResourceNotFoundError
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from cloud.double.distributions import Distributions
from cloud.double.functions import ACCOUNT, Functions
from cloud.double.translating import distribution_config, policy_config
from cloud.double.wire import Refusal, validate

_POLICY = "AWS::CloudFront::ContinuousDeploymentPolicy"
# What a name of a resource's own is made of: there is one of each in a region. Functions look after theirs themselves.
_NAMES = {
    "AWS::CloudWatch::Alarm": ("AlarmName",),
    "AWS::IAM::Role": ("RoleName",),
    "AWS::Kinesis::Stream": ("Name",),
    "AWS::KinesisFirehose::DeliveryStream": ("DeliveryStreamName",),
    "AWS::Logs::DeliveryDestination": ("Name",),
    "AWS::Logs::DeliverySource": ("Name",),
    "AWS::Logs::LogGroup": ("LogGroupName",),
    "AWS::Logs::LogStream": ("LogGroupName", "LogStreamName"),
    "AWS::S3::Bucket": ("BucketName",),
    "AWS::SNS::Topic": ("TopicName",),
}


class Resources:
    """Makes resources for stacks. `fail` has reasons by logical names: the next change of such a one fails; of
    those in `fail_later` the one after the next."""

    def __init__(self, functions: Functions, distributions: Distributions) -> None:
        self.fail: dict[str, str] = {}
        self.fail_later: dict[str, str] = {}
        self.region = functions.region
        self._functions = functions
        self._distributions = distributions
        self._numbers = itertools.count(1)
        # The physical ids of resources with names of their own, by type and name.
        self._named: dict[tuple[str, ...], str] = {}

    def is_replaced(self, kind: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
        fixed = [path.split("/")[2] for path in _schema(kind).schema.get("createOnlyProperties", ())]
        return any(old.get(key) != new.get(key) for key in fixed)

    def create(self, stack: str, name: str, kind: str, properties: dict[str, Any]) -> str:
        """Make it; its physical id."""
        self._fail(name)
        # Whoever handles a type that he made up takes what he likes.
        unknown = set(properties) - set(_schema(kind).schema["properties"])
        if unknown and not kind.startswith("Custom::"):
            raise Refusal("ValidationError", f"Encountered unsupported property {unknown.pop()}")
        own = tuple(properties[key] for key in _NAMES.get(kind, ()) if key in properties)
        if own and (kind, *own) in self._named:
            raise Refusal(
                "AlreadyExists", f"Resource of type '{kind}' with identifier '{own[-1]}' already exists."
            )
        physical = self._made(stack, name, kind, properties)
        if own:
            self._named[kind, *own] = physical
        return physical

    def _made(self, stack: str, name: str, kind: str, properties: dict[str, Any]) -> str:
        if kind == "AWS::Lambda::Function":
            return self._lambda("CreateFunction", properties)["FunctionName"]
        if kind == "AWS::Lambda::Version":
            return self._publish(properties["FunctionName"])
        if kind == "AWS::CloudFront::Distribution":
            config = distribution_config(properties, f"{stack}-{name}-{next(self._numbers)}")
            made = self._cloudfront("CreateDistribution", {"DistributionConfig": config})
            return made["Distribution"]["Id"]
        if kind == _POLICY:
            made = self._policy("Create", ContinuousDeploymentPolicyConfig=policy_config(properties))
            return made["ContinuousDeploymentPolicy"]["Id"]
        return f"{stack}-{name}-{next(self._numbers):012x}".lower()

    def update(self, name: str, kind: str, physical: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Change it where it is."""
        self._fail(name)
        if kind == "AWS::Lambda::Function":
            if old["Code"] != new["Code"]:
                self._lambda("UpdateFunctionCode", {"FunctionName": physical, **new["Code"]})
            # The architecture goes with the code.
            fixed = ("Code", "Architectures", "PackageType")
            settings = {key: value for key, value in new.items() if key not in fixed}
            self._lambda("UpdateFunctionConfiguration", settings | {"FunctionName": physical})
        elif kind == "AWS::CloudFront::Distribution":
            self._configure(physical, new)
        elif kind == _POLICY:
            etag = self._policy("Get", Id=physical)["ETag"]
            config = policy_config(new)
            self._policy("Update", Id=physical, IfMatch=etag, ContinuousDeploymentPolicyConfig=config)

    def delete(self, name: str, kind: str, physical: str) -> None:
        """Delete it. What is gone already is no failure."""
        self._fail(name)
        if kind == "AWS::Lambda::Function" and physical in self._functions.functions:
            self._lambda("DeleteFunction", {"FunctionName": physical})
        elif kind == "AWS::Lambda::Version":
            function, version = physical.split(":")[-2:]
            if function in self._functions.functions:
                self._lambda("DeleteFunction", {"FunctionName": function, "Qualifier": version})
        elif kind == "AWS::CloudFront::Distribution":
            self._remove_distribution(physical)
        elif kind == _POLICY and physical in self._distributions.policies.policies:
            self._policy("Delete", Id=physical, IfMatch=self._policy("Get", Id=physical)["ETag"])
        self._named = {own: one for own, one in self._named.items() if one != physical}

    def attribute(self, kind: str, physical: str, name: str) -> str:
        """What `Fn::GetAtt` gives; `Ref` gives the physical id."""
        if kind == "AWS::CloudFront::Distribution":
            told = self._cloudfront("GetDistribution", {"Id": physical})["Distribution"]
            return told["DomainName"] if name == "DomainName" else told["Id"]
        assert name in _schema(kind).get_atts, f"{kind} has no attribute {name}"
        if name == "FunctionUrl":
            host = "".join(one for one in physical if one.isalnum())
            return f"https://{host}.lambda-url.{self.region}.on.aws/"
        if name == "RegionalDomainName":
            return f"{physical}.s3.us-east-1.amazonaws.com"
        if name.endswith("Arn"):
            return f"arn:aws:{kind.split('::')[1].lower()}:{self.region}:{ACCOUNT}:{physical}"
        return physical.rpartition(":")[2]

    def _lambda(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        validate("lambda", operation, given)
        return self._functions.handle(operation, given)

    def _cloudfront(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        validate("cloudfront", operation, given)
        return self._distributions.handle(operation, given)

    def _policy(self, verb: str, **given: Any) -> dict[str, Any]:
        return self._cloudfront(f"{verb}ContinuousDeploymentPolicy", given)

    def _fail(self, name: str) -> None:
        if name in self.fail:
            raise Refusal("InternalFailure", self.fail.pop(name))
        if name in self.fail_later:
            self.fail[name] = self.fail_later.pop(name)

    def _publish(self, function: str) -> str:
        before = self._functions.functions[function].last
        told = self._lambda("PublishVersion", {"FunctionName": function})
        if int(told["Version"]) == before:
            raise Refusal(
                "AlreadyExists",
                f"A version for this Lambda function exists ( {before} ). Modify the function to create a new version.",
            )
        return told["FunctionArn"]

    def _configure(self, physical: str, properties: dict[str, Any], **other: Any) -> None:
        kept = self._cloudfront("GetDistributionConfig", {"Id": physical})
        reference = kept["DistributionConfig"]["CallerReference"]
        config = distribution_config(properties, reference) if properties else kept["DistributionConfig"]
        self._cloudfront(
            "UpdateDistribution",
            {"Id": physical, "IfMatch": kept["ETag"], "DistributionConfig": {**config, **other}},
        )

    def _remove_distribution(self, physical: str) -> None:
        if physical not in self._distributions.distributions:
            return
        self._configure(physical, {}, Enabled=False)
        told = self._cloudfront("GetDistribution", {"Id": physical})
        while told["Distribution"]["Status"] != "Deployed":
            told = self._cloudfront("GetDistribution", {"Id": physical})
        self._cloudfront("DeleteDistribution", {"Id": physical, "IfMatch": told["ETag"]})


@cache
def _schema(kind: str) -> Any:
    """AWS's schema of a type, as of the home region."""
    try:
        return PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind)
    except ResourceNotFoundError:
        raise Refusal("ValidationError", f"Unrecognized resource type: {kind}") from None
