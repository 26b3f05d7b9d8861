"""From a template to the values that the local CDN runs.

A part that is not simulated becomes a `Notice` that says what happens instead; nothing is left out in
silence. Property names and defaults: CloudFormation reference, `AWS::CloudFront::Distribution`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from edgewise.cdn.code import function_definition
from edgewise.cdn.distribution import (
    TRIGGERS,
    Association,
    Behavior,
    BucketOrigin,
    CustomOrigin,
    Distribution,
    FunctionDefinition,
    Notice,
    Origin,
    Trigger,
)
from edgewise.cdn.errors import TemplateError
from edgewise.cdn.intrinsics import DISTRIBUTION_DOMAIN, DISTRIBUTION_ID
from edgewise.cdn.policies import (
    MANAGED_CACHE_POLICIES,
    MANAGED_ORIGIN_REQUEST_POLICIES,
    CachePolicy,
    OriginRequestPolicy,
)
from edgewise.cdn.policy_definition import cache_policy, forwarded_values, origin_request_policy
from edgewise.cdn.template import Template

_DISTRIBUTION = "AWS::CloudFront::Distribution"

# What a part does not do here. Keys that change nothing a viewer of this machine could see are not listed.
_NOT_SIMULATED = {
    "distribution": {
        "CustomErrorResponses": "the origin's own error page is sent",
        "OriginGroups": "the first origin of a group is used, there is no failover",
        "Restrictions": "every country may ask",
        "WebACLId": "no request is blocked",
        "ContinuousDeploymentPolicyId": "all traffic goes to this distribution",
        "Staging": "it is run as an ordinary distribution",
    },
    "behavior": {
        "ResponseHeadersPolicyId": "no header is added or removed",
        "FunctionAssociations": "CloudFront Functions do not run",
        "TrustedKeyGroups": "signatures of URLs and cookies are not asked for",
        "TrustedSigners": "signatures of URLs and cookies are not asked for",
        "FieldLevelEncryptionId": "fields are not encrypted",
        "RealtimeLogConfigArn": "no real-time log is written",
        "SmoothStreaming": "Smooth Streaming is not served",
        "GrpcConfig": "gRPC is not served",
    },
    "origin": {
        "OriginShield": "requests go straight to the origin",
        "ResponseCompletionTimeout": "there is no limit on the whole answer's time",
    },
}

_METHODS = (
    frozenset({"GET", "HEAD"}),
    frozenset({"GET", "HEAD", "OPTIONS"}),
    frozenset({"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}),
)


def read_distribution(template: Template, name: str | None = None) -> tuple[Distribution, list[Notice]]:
    """The distribution of a template, and the notices of what is not simulated.

    `name` is the logical id, needed only when there are several. Raises `TemplateError`.
    """
    return _Definition(template, _choose(template, name)).read()


def _choose(template: Template, name: str | None) -> str:
    names = template.of_type(_DISTRIBUTION)
    if not names:
        raise TemplateError(f"there is no {_DISTRIBUTION}", file=template.file, key="Resources")
    if name is None and len(names) > 1:
        hint = "choose one with --distribution: " + ", ".join(names)
        raise TemplateError("there are several distributions", file=template.file, key="Resources", hint=hint)
    if name is not None and name not in names:
        raise TemplateError(f"there is no distribution {name!r}", file=template.file, hint=", ".join(names))
    return name or names[0]


class _Definition:
    def __init__(self, template: Template, name: str) -> None:
        self._template = template
        self._path = f"Resources.{name}.Properties.DistributionConfig"
        config = template.properties(name).get("DistributionConfig")
        if not isinstance(config, dict):
            raise self._error("it is missing")
        self._config: dict[str, Any] = config
        self._notices: list[Notice] = []
        self._functions: dict[str, FunctionDefinition] = {}
        self._versions = _versions_by_arn(template)

    def _error(self, message: str, key: str = "", hint: str | None = None) -> TemplateError:
        return TemplateError(message, file=self._template.file, key=f"{self._path}{key}", hint=hint)

    def _notice_unsupported(self, kind: str, settings: Mapping[str, Any], key: str) -> None:
        for name, instead in _NOT_SIMULATED[kind].items():
            if settings.get(name):
                self._notices.append(Notice(f"{self._path}{key}.{name}", f"not simulated: {instead}"))

    def read(self) -> tuple[Distribution, list[Notice]]:
        self._notice_unsupported("distribution", self._config, "")
        origins = {origin.id: origin for origin in self._origins()}
        self._groups = self._first_of_groups()
        listed = self._config.get("CacheBehaviors") or []
        behaviors = [self._behavior(item, f".CacheBehaviors[{i}]", origins) for i, item in enumerate(listed)]
        default = self._config.get("DefaultCacheBehavior")
        if not isinstance(default, dict):
            raise self._error("it is missing", ".DefaultCacheBehavior")
        behaviors.append(self._behavior({**default, "PathPattern": "*"}, ".DefaultCacheBehavior", origins))
        return (
            Distribution(
                id=DISTRIBUTION_ID,
                domain=DISTRIBUTION_DOMAIN,
                behaviors=tuple(behaviors),
                origins=origins,
                functions=self._functions,
                default_root_object=str(self._config.get("DefaultRootObject") or ""),
            ),
            self._notices,
        )

    def _origins(self) -> list[Origin]:
        listed = self._config.get("Origins")
        if not isinstance(listed, list) or not listed:
            raise self._error("a distribution needs at least one origin", ".Origins")
        return [self._origin(item, f".Origins[{index}]") for index, item in enumerate(listed)]

    def _origin(self, item: Mapping[str, Any], key: str) -> Origin:
        for required in ("Id", "DomainName"):
            if not item.get(required):
                raise self._error("it is missing", f"{key}.{required}")
        self._notice_unsupported("origin", item, key)
        headers = tuple(
            (str(pair["HeaderName"]), str(pair["HeaderValue"]))
            for pair in item.get("OriginCustomHeaders") or []
        )
        common: dict[str, Any] = {
            "id": str(item["Id"]),
            "domain": str(item["DomainName"]),
            "path": str(item.get("OriginPath") or ""),
            "custom_headers": headers,
        }
        custom = item.get("CustomOriginConfig")
        if custom is None and "S3OriginConfig" not in item:
            raise self._error("only CustomOriginConfig and S3OriginConfig can be run here", key)
        if custom is None:
            return BucketOrigin(**common)
        return CustomOrigin(
            **common,
            protocol=custom.get("OriginProtocolPolicy", "http-only"),
            http_port=int(custom.get("HTTPPort", 80)),
            https_port=int(custom.get("HTTPSPort", 443)),
            ssl_protocols=tuple(custom.get("OriginSSLProtocols") or ("TLSv1.2",)),
            read_timeout=int(custom.get("OriginReadTimeout", 30)),
            keepalive_timeout=int(custom.get("OriginKeepaliveTimeout", 5)),
            connect_timeout=int(item.get("ConnectionTimeout", 10)),
            connect_attempts=int(item.get("ConnectionAttempts", 3)),
        )

    def _first_of_groups(self) -> dict[str, str]:
        groups = self._config.get("OriginGroups") or {}
        items = groups.get("Items", []) if isinstance(groups, dict) else []
        return {str(group["Id"]): str(group["Members"]["Items"][0]["OriginId"]) for group in items}

    def _behavior(self, item: Mapping[str, Any], key: str, origins: Mapping[str, Origin]) -> Behavior:
        self._notice_unsupported("behavior", item, key)
        target = str(item.get("TargetOriginId") or "")
        target = self._groups.get(target, target)
        if target not in origins:
            raise self._error(f"{target!r} is not an origin", f"{key}.TargetOriginId", ", ".join(origins))
        if not item.get("PathPattern"):
            raise self._error("it is missing", f"{key}.PathPattern")
        protocol = item.get("ViewerProtocolPolicy")
        if protocol not in ("allow-all", "https-only", "redirect-to-https"):
            hint = "allow-all, https-only or redirect-to-https"
            raise self._error(f"unknown value {protocol!r}", f"{key}.ViewerProtocolPolicy", hint)
        cache, forward = self._policies(item, key)
        return Behavior(
            pattern=str(item["PathPattern"]),
            origin=target,
            viewer_protocol=protocol,
            allowed_methods=self._methods(item, "AllowedMethods", key),
            cached_methods=self._methods(item, "CachedMethods", key) & _METHODS[1],
            cache_policy=cache,
            origin_request_policy=forward,
            functions=self._associations(item, key),
        )

    def _methods(self, item: Mapping[str, Any], name: str, key: str) -> frozenset[str]:
        methods = frozenset(item.get(name) or ("GET", "HEAD"))
        if methods not in _METHODS:
            hint = "GET and HEAD; GET, HEAD and OPTIONS; or all seven"
            raise self._error(f"CloudFront does not take {sorted(methods)}", f"{key}.{name}", hint)
        return methods

    def _policies(self, item: Mapping[str, Any], key: str) -> tuple[CachePolicy, OriginRequestPolicy]:
        if item.get("ForwardedValues"):
            return forwarded_values(item)
        if not item.get("CachePolicyId"):
            raise self._error("a behavior needs a CachePolicyId (or ForwardedValues)", key)
        cache = self._policy(item["CachePolicyId"], "CachePolicy", f"{key}.CachePolicyId")
        forward = OriginRequestPolicy()
        if item.get("OriginRequestPolicyId"):
            forward = self._policy(
                item["OriginRequestPolicyId"], "OriginRequestPolicy", f"{key}.OriginRequestPolicyId"
            )
        return cache, forward

    def _policy(self, policy_id: Any, kind: str, key: str) -> Any:
        """A managed policy by its id, or one that the same template makes."""
        managed = MANAGED_CACHE_POLICIES if kind == "CachePolicy" else MANAGED_ORIGIN_REQUEST_POLICIES
        if policy_id in managed:
            return managed[policy_id]
        for name in self._template.of_type(f"AWS::CloudFront::{kind}"):
            if policy_id == f"local-{name}":
                settings = self._template.properties(name)[f"{kind}Config"]
                return cache_policy(settings) if kind == "CachePolicy" else origin_request_policy(settings)
        raise self._error(f"{policy_id!r} is neither a managed {kind} nor one of this template", key)

    def _associations(self, item: Mapping[str, Any], key: str) -> dict[Trigger, Association]:
        associations: dict[Trigger, Association] = {}
        for index, entry in enumerate(item.get("LambdaFunctionAssociations") or []):
            where = f"{key}.LambdaFunctionAssociations[{index}]"
            trigger = entry.get("EventType")
            if trigger not in TRIGGERS:
                raise self._error(f"unknown trigger {trigger!r}", f"{where}.EventType", ", ".join(TRIGGERS))
            if trigger in associations:
                hint = "CloudFront allows one function per trigger and behavior"
                raise self._error(f"a second function for {trigger}", where, hint)
            include_body = bool(entry.get("IncludeBody"))
            if include_body and not trigger.endswith("request"):
                raise self._error("only request triggers can be given a body", f"{where}.IncludeBody")
            function = self._function(entry.get("LambdaFunctionARN"), f"{where}.LambdaFunctionARN")
            associations[cast(Trigger, trigger)] = Association(function, include_body)
        return associations

    def _function(self, arn: Any, key: str) -> str:
        version = self._versions.get(str(arn))
        if version is None:
            hint = (
                "name an AWS::Lambda::Version of this template (`!Ref TheVersion`): CloudFront takes no other"
            )
            raise self._error(f"{arn!r} is not a numbered function version of this template", key, hint)
        if version not in self._functions:
            self._functions[version] = function_definition(self._template, version)
        return version


def _versions_by_arn(template: Template) -> dict[str, str]:
    """Each `AWS::Lambda::Version`'s ARN to the logical id of its function."""
    functions = {
        template.resolver.resolve({"Ref": name}, name): name
        for name in template.of_type("AWS::Lambda::Function")
    }
    arns = {
        template.resolver.resolve({"Fn::GetAtt": [name, "Arn"]}, name): name for name in functions.values()
    }
    versions = {}
    for name in template.of_type("AWS::Lambda::Version"):
        target = template.properties(name).get("FunctionName")
        function = functions.get(target) or arns.get(target)
        if function is not None:
            versions[template.resolver.resolve({"Ref": name}, name)] = function
    return versions
