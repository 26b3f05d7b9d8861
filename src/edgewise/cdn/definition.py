"""From a template to the values that the local CDN runs.

A part that is not simulated becomes a `Notice` that says what happens instead; nothing is left out in
silence. Property names and defaults: CloudFormation reference, `AWS::CloudFront::Distribution`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast, get_args

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
    OriginProtocol,
    Trigger,
    ViewerProtocol,
)
from edgewise.cdn.errors import TemplateError
from edgewise.cdn.intrinsics import DISTRIBUTION_DOMAIN, DISTRIBUTION_ID
from edgewise.cdn.node import Node
from edgewise.cdn.policies import (
    MANAGED_CACHE_POLICIES,
    MANAGED_ORIGIN_REQUEST_POLICIES,
    CachePolicy,
    OriginRequestPolicy,
)
from edgewise.cdn.policy_definition import cache_policy, forwarded_values, origin_request_policy
from edgewise.cdn.template import Template

P = TypeVar("P")

_DISTRIBUTION = "AWS::CloudFront::Distribution"

# What a part does not do here, and what happens instead.
_NOT_SIMULATED = {
    "distribution": {
        "CustomErrorResponses": "the origin's own error page is sent",
        "OriginGroups": "the first origin of a group is used, there is no failover",
        "Restrictions": "every country may ask",
        "WebACLId": "no request is blocked",
        "ContinuousDeploymentPolicyId": "all traffic goes to this distribution",
        "Staging": "it is run as an ordinary distribution",
        "Logging": "requests are recorded in the stream `access`, no log file is written",
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
        "Compress": "nothing is compressed; what the origin compressed is passed on",
    },
    # Developer Guide, "Restrictions on Lambda@Edge".
    "function": {
        "Environment": "Lambda@Edge has no environment variables, and none are set; a deployment would be refused",
        "Layers": "Lambda@Edge has no layers, and none are used; a deployment would be refused",
        "VpcConfig": "Lambda@Edge functions are in no VPC; a deployment would be refused",
        "DeadLetterConfig": "Lambda@Edge has no dead-letter queue; a deployment would be refused",
        "EphemeralStorage": "there is no limit on /tmp here",
        "ReservedConcurrentExecutions": "the limit here is --max-environments",
        "TracingConfig": "there is no tracing at the edge",
    },
    "origin": {
        "OriginShield": "requests go straight to the origin",
        "ResponseCompletionTimeout": "there is no limit on the whole answer's time",
    },
}

# Keys that are used, and keys that change nothing which could be seen on this machine. Any other is told of.
_KNOWN = {
    "distribution": {
        *(
            "Origins",
            "OriginGroups",
            "CacheBehaviors",
            "DefaultCacheBehavior",
            "DefaultRootObject",
            "Enabled",
        ),
        *("Aliases", "CNAMEs", "Comment", "HttpVersion", "IPV6Enabled", "PriceClass", "ViewerCertificate"),
    },
    "behavior": {
        *("PathPattern", "TargetOriginId", "ViewerProtocolPolicy", "AllowedMethods", "CachedMethods"),
        *("CachePolicyId", "OriginRequestPolicyId", "ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL"),
        "LambdaFunctionAssociations",
    },
    "origin": {
        *("Id", "DomainName", "OriginPath", "OriginCustomHeaders", "CustomOriginConfig", "S3OriginConfig"),
        *("ConnectionAttempts", "ConnectionTimeout", "OriginAccessControlId"),
    },
    "function": {
        *("FunctionName", "Handler", "Runtime", "Code", "MemorySize", "Timeout", "Role", "Description"),
        *("Architectures", "PackageType", "Tags", "LoggingConfig", "RuntimeManagementConfig"),
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
        self._config = template.node(name).required("DistributionConfig")
        self._notices: list[Notice] = []
        self._functions: dict[str, FunctionDefinition] = {}
        self._versions = _versions_by_arn(template)

    def _notice_unsupported(self, kind: str, node: Node) -> None:
        for name, instead in _NOT_SIMULATED[kind].items():
            if node.has(name):
                self._notices.append(Notice(f"{node.key}.{name}", f"not simulated: {instead}"))
        for name in node.names_besides({*_KNOWN[kind], *_NOT_SIMULATED[kind]}):
            self._notices.append(Notice(f"{node.key}.{name}", "not known here: it has no effect"))

    def read(self) -> tuple[Distribution, list[Notice]]:
        config = self._config
        self._notice_unsupported("distribution", config)
        self._origins = {origin.id: origin for origin in self._all_origins()}
        self._groups = self._first_of_groups()
        behaviors = [
            self._behavior(item, item.text("PathPattern")) for item in config.children("CacheBehaviors")
        ]
        behaviors.append(self._behavior(config.required("DefaultCacheBehavior"), "*"))
        distribution = Distribution(
            id=DISTRIBUTION_ID,
            domain=DISTRIBUTION_DOMAIN,
            behaviors=tuple(behaviors),
            origins=self._origins,
            functions=self._functions,
            default_root_object=config.text("DefaultRootObject", ""),
        )
        return distribution, self._notices

    def _all_origins(self) -> list[Origin]:
        origins = [self._origin(item) for item in self._config.children("Origins")]
        if not origins:
            raise self._config.error("a distribution needs at least one origin", "Origins")
        return origins

    def _origin(self, item: Node) -> Origin:
        self._notice_unsupported("origin", item)
        common: dict[str, Any] = {
            "id": item.text("Id"),
            "domain": item.text("DomainName"),
            "path": item.text("OriginPath", ""),
            "custom_headers": tuple(
                (pair.text("HeaderName"), pair.text("HeaderValue"))
                for pair in item.children("OriginCustomHeaders")
            ),
        }
        custom = item.child("CustomOriginConfig")
        if custom is None and item.child("S3OriginConfig") is None:
            raise item.error("only CustomOriginConfig and S3OriginConfig can be run here")
        if custom is None:
            return BucketOrigin(**common)
        return CustomOrigin(
            **common,
            protocol=cast(OriginProtocol, custom.choice("OriginProtocolPolicy", get_args(OriginProtocol))),
            http_port=custom.integer("HTTPPort", 80),
            https_port=custom.integer("HTTPSPort", 443),
            ssl_protocols=custom.names("OriginSSLProtocols") or ("TLSv1.2",),
            read_timeout=custom.integer("OriginReadTimeout", 30),
            keepalive_timeout=custom.integer("OriginKeepaliveTimeout", 5),
            connect_timeout=item.integer("ConnectionTimeout", 10),
            connect_attempts=item.integer("ConnectionAttempts", 3),
        )

    def _first_of_groups(self) -> dict[str, str]:
        """Each origin group's id to its primary origin."""
        groups = self._config.child("OriginGroups")
        first = {}
        for group in groups.children("Items") if groups else ():
            members = group.required("Members").children("Items")
            if not members:
                raise group.error("an origin group has two members", "Members.Items")
            first[group.text("Id")] = members[0].text("OriginId")
        return first

    def _behavior(self, item: Node, pattern: str) -> Behavior:
        self._notice_unsupported("behavior", item)
        target = item.text("TargetOriginId")
        target = self._groups.get(target, target)
        if target not in self._origins:
            hint = "the origins are: " + ", ".join(self._origins)
            raise item.error(f"{target!r} is not an origin", "TargetOriginId", hint)
        cache, forward = self._policies(item)
        return Behavior(
            pattern=pattern,
            origin=target,
            viewer_protocol=cast(
                ViewerProtocol, item.choice("ViewerProtocolPolicy", get_args(ViewerProtocol))
            ),
            allowed_methods=self._methods(item, "AllowedMethods"),
            cached_methods=self._methods(item, "CachedMethods") & _METHODS[1],
            cache_policy=cache,
            origin_request_policy=forward,
            functions=self._associations(item),
        )

    def _methods(self, item: Node, name: str) -> frozenset[str]:
        methods = frozenset(item.names(name) or ("GET", "HEAD"))
        if methods not in _METHODS:
            hint = "GET and HEAD; GET, HEAD and OPTIONS; or all seven"
            raise item.error(f"CloudFront does not take {sorted(methods)}", name, hint)
        return methods

    def _policies(self, item: Node) -> tuple[CachePolicy, OriginRequestPolicy]:
        if item.has("ForwardedValues"):
            return forwarded_values(item)
        if not item.has("CachePolicyId"):
            raise item.error("a behavior needs a CachePolicyId (or ForwardedValues)")
        cache = self._policy(item, "CachePolicy", MANAGED_CACHE_POLICIES, cache_policy)
        if not item.has("OriginRequestPolicyId"):
            return cache, OriginRequestPolicy()
        managed = MANAGED_ORIGIN_REQUEST_POLICIES
        return cache, self._policy(item, "OriginRequestPolicy", managed, origin_request_policy)

    def _policy(self, item: Node, kind: str, managed: Mapping[str, P], read: Callable[[Node], P]) -> P:
        """A managed policy by its id, or one that the same template makes."""
        policy_id = item.text(f"{kind}Id")
        if policy_id in managed:
            return managed[policy_id]
        for name in self._template.of_type(f"AWS::CloudFront::{kind}"):
            if policy_id == self._template.resolver.resolve({"Ref": name}, name):
                return read(self._template.node(name).required(f"{kind}Config"))
        raise item.error(f"{policy_id!r} is neither a managed {kind} nor one of this template", f"{kind}Id")

    def _associations(self, item: Node) -> dict[Trigger, Association]:
        associations: dict[Trigger, Association] = {}
        for entry in item.children("LambdaFunctionAssociations"):
            trigger = cast(Trigger, entry.choice("EventType", TRIGGERS))
            if trigger in associations:
                hint = "CloudFront allows one function per trigger and behavior"
                raise entry.error(f"a second function for {trigger}", hint=hint)
            include_body = entry.flag("IncludeBody")
            if include_body and not trigger.endswith("request"):
                raise entry.error("only request triggers can be given a body", "IncludeBody")
            associations[trigger] = Association(self._function(entry), include_body)
        return associations

    def _function(self, entry: Node) -> str:
        arn = entry.text("LambdaFunctionARN")
        function = self._versions.get(arn)
        if function is None:
            hint = (
                "name an AWS::Lambda::Version of this template (`!Ref TheVersion`): CloudFront takes no other"
            )
            message = f"{arn!r} is not a numbered function version of this template"
            raise entry.error(message, "LambdaFunctionARN", hint)
        if function not in self._functions:
            node = self._template.node(function)
            self._notice_unsupported("function", node)
            if "arm64" in node.names("Architectures"):
                message = "Lambda@Edge runs on x86_64 only; a deployment would be refused"
                self._notices.append(Notice(f"{node.key}.Architectures", message))
            self._functions[function] = function_definition(node, self._template.folder)
        return function


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
        target = template.node(name).text("FunctionName")
        function = functions.get(target) or arns.get(target)
        if function is not None:
            versions[template.resolver.resolve({"Ref": name}, name)] = function
    return versions
