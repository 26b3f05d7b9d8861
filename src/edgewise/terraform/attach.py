"""What is left of a site for those who bring their own distribution, and what they attach.

Left are the functions with their roles, policies, tables and all that is behind them. The distribution goes, and what
is about it alone: buckets of its origins, its names and certificate, its paid metrics. Outputs say what each behavior
would have had.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from edgewise.terraform.blocks import Attribute, Block
from edgewise.terraform.errors import UntranslatedError
from edgewise.terraform.expressions import expression
from edgewise.terraform.scope import Scope
from edgewise.terraform.values import Reference, Template

_DISTRIBUTION: Final = "AWS::CloudFront::Distribution"
_ITS_OWN: Final = {
    _DISTRIBUTION: "the distribution is yours",
    "AWS::CloudFront::MonitoringSubscription": "metrics of your distribution are yours to switch on",
    "AWS::CloudFront::ContinuousDeploymentPolicy": "the distribution is yours",
    "AWS::CertificateManager::Certificate": "the names of your distribution are yours",
    "AWS::Route53::RecordSet": "the names of your distribution are yours",
}
# Of a behavior, by the words of Terraform's block, and what is the key or a map of its own.
_SAID: Final = {
    "target_origin_id": "TargetOriginId",
    "viewer_protocol_policy": "ViewerProtocolPolicy",
    "allowed_methods": "AllowedMethods",
    "compress": "Compress",
    "cache_policy_id": "CachePolicyId",
    "origin_request_policy_id": "OriginRequestPolicyId",
    "realtime_log_config_arn": "RealtimeLogConfigArn",
}
_SAID_OTHERWISE: Final = ("PathPattern", "LambdaFunctionAssociations", "FunctionAssociations")
_OF_AN_ORIGIN: Final = "the buckets behind your distribution are yours"
_ARN: Final = Template(
    (
        "arn:",
        Reference("local.partition"),
        ":cloudfront::",
        Reference("local.account_id"),
        ":distribution/",
        Reference("var.distribution_id"),
    )
)


@dataclass(frozen=True, slots=True)
class Attached:
    """A template, and what stands for the distribution in it; `left_out` says why something is not there."""

    template: Mapping[str, Any]
    given: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_module(self) -> bool:
        return bool(self.config)

    @property
    def distribution_arn(self) -> Any:
        """The distribution that may call an app's function."""
        return _ARN if self.is_module else Reference("aws_cloudfront_distribution.main.arn")

    def variables(self, text: str) -> Iterator[Block]:
        """The distribution's id, if something of the `text` asks for it."""
        if "var.distribution_id" in text:
            described = "The id of your distribution: of it are the alarms, and it may call the app."
            items = [Attribute("description", described), Attribute("type", Reference("string"))]
            yield Block("variable", ("distribution_id",), items)

    def outputs(self, scope: Scope) -> Iterator[Block]:
        """What to attach."""
        if not self.is_module:
            return
        functions: dict[str, Any] = {}
        behaviors = [("*", self.config["DefaultCacheBehavior"])]
        behaviors += [(one["PathPattern"], one) for one in self.config.get("CacheBehaviors", ())]
        for _, behavior in behaviors:
            functions |= _functions(behavior, scope)
        described = {path: _behavior(behavior, scope) for path, behavior in behaviors}
        yield _output(
            "functions", "The version of a function by the event that it is attached to.", functions
        )
        yield _output("behaviors", "What each behavior has, by its path.", described)
        yield _output(
            "origins", "The origins by their ids, without buckets, which are yours.", self._origins(scope)
        )

    def _origins(self, scope: Scope) -> dict[str, Any]:
        return {
            one["Id"]: {
                "domain_name": expression(one["DomainName"], scope),
                "origin_access_control_id": expression(one.get("OriginAccessControlId"), scope),
                "origin_protocol_policy": one["CustomOriginConfig"]["OriginProtocolPolicy"],
                "origin_read_timeout": one["CustomOriginConfig"].get("OriginReadTimeout"),
            }
            for one in self.config["Origins"]
            if "S3OriginConfig" not in one
        }


def attached(template: Mapping[str, Any]) -> Attached:
    """What is left of a template without its distribution."""
    resources: Mapping[str, Mapping[str, Any]] = template["Resources"]
    (distribution,) = (name for name, body in resources.items() if body["Type"] == _DISTRIBUTION)
    config = resources[distribution]["Properties"]["DistributionConfig"]
    left_out = {
        name: reason
        for name, body in resources.items()
        if (reason := _ITS_OWN.get(body["Type"]) or _of_origin(name, body, config, resources))
    }
    kept = {name: body for name, body in resources.items() if name not in left_out}
    outputs = {
        name: body
        for name, body in template.get("Outputs", {}).items()
        if not any(_names(body["Value"], gone) for gone in left_out)
    }
    given = {(distribution, ""): Reference("var.distribution_id")}
    given |= {(distribution, "Id"): Reference("var.distribution_id")}
    return Attached({**template, "Resources": kept, "Outputs": outputs}, given, left_out, config)


def _of_origin(name: str, body: Mapping[str, Any], config: Mapping[str, Any], resources: Any) -> str:
    """Why a bucket, its policy or its access control goes with the origins."""
    buckets = [one for one in config["Origins"] if "S3OriginConfig" in one]
    match body:
        case {"Type": "AWS::S3::Bucket"}:
            gone = any(_names(one["DomainName"], name) for one in buckets)
        case {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": bucket}}}:
            return _of_origin(bucket, resources[bucket], config, resources)
        case {"Type": "AWS::CloudFront::OriginAccessControl"}:
            kind = body["Properties"]["OriginAccessControlConfig"]["OriginAccessControlOriginType"]
            gone = kind == "s3"
        case _:
            gone = False
    return _OF_AN_ORIGIN if gone else ""


def _names(value: Any, logical_id: str) -> bool:
    """Whether a value has a reference to a resource in it."""
    match value:
        case {"Ref": str(name)}:
            return name == logical_id
        case {"Fn::GetAtt": [str(name), *_]}:
            return name == logical_id
        case {"Fn::Sub": str(text)}:
            return f"${{{logical_id}}}" in text or f"${{{logical_id}." in text
        case Mapping():
            return any(_names(one, logical_id) for one in value.values())
        case list():
            return any(_names(one, logical_id) for one in value)
        case _:
            return False


def _functions(behavior: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    associations: Sequence[Mapping[str, Any]] = behavior.get("LambdaFunctionAssociations", ())
    return {one["EventType"]: expression(one["LambdaFunctionARN"], scope) for one in associations}


def _behavior(behavior: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """A behavior in the words of Terraform's block; what it does not have is null, so that all have the same shape.

    Raises `UntranslatedError` for what a module's user would not be told.
    """
    for name in behavior:
        if name not in (*_SAID.values(), *_SAID_OTHERWISE):
            raise UntranslatedError(f"no output of a module says the property {name}", key=_DISTRIBUTION)
    associated: Sequence[Mapping[str, Any]] = behavior.get("FunctionAssociations", ())
    return {
        **{name: expression(behavior.get(one), scope) for name, one in _SAID.items()},
        "functions": _functions(behavior, scope),
        "cloudfront_functions": {
            one["EventType"]: expression(one["FunctionARN"], scope) for one in associated
        },
    }


def _output(name: str, described: str, value: Any) -> Block:
    return Block("output", (name,), [Attribute("description", described), Attribute("value", value)])
