"""Cache behaviors of a distribution.

Property names and defaults: CloudFormation reference, `CacheBehavior` of `AWS::CloudFront::Distribution`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import TypeVar, cast, get_args

from edgewise.cdn.behavior import PATH_PATTERN_LENGTH
from edgewise.cdn.distribution import Behavior, ViewerProtocol
from edgewise.cdn.policies import (
    MANAGED_CACHE_POLICIES,
    MANAGED_ORIGIN_REQUEST_POLICIES,
    CachePolicy,
    OriginRequestPolicy,
)
from edgewise.cdn.responseheaders import MANAGED_RESPONSE_HEADERS_POLICIES, ResponseHeadersPolicy
from edgewise.cdn.template.document import Template
from edgewise.cdn.template.functions import EdgeFunctions
from edgewise.cdn.template.logging import realtime_log
from edgewise.cdn.template.node import Node
from edgewise.cdn.template.notices import Notices
from edgewise.cdn.template.policies import (
    cache_policy,
    forwarded_values,
    origin_request_policy,
    response_headers_policy,
)

P = TypeVar("P")

METHOD_SETS = (
    frozenset({"GET", "HEAD"}),
    frozenset({"GET", "HEAD", "OPTIONS"}),
    frozenset({"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}),
)


class Behaviors:
    """Reads the behaviors of one distribution; `targets` are the ids of its origins and origin groups."""

    def __init__(
        self, template: Template, targets: Container[str], functions: EdgeFunctions, notices: Notices
    ) -> None:
        self._template = template
        self._targets = targets
        self._functions = functions
        self._notices = notices

    def read(self, config: Node) -> tuple[Behavior, ...]:
        """All behaviors of a `DistributionConfig`, the default one last. Raises `TemplateError`."""
        listed = [self._behavior(item, path_pattern(item)) for item in config.children("CacheBehaviors")]
        return (*listed, self._behavior(config.required("DefaultCacheBehavior"), "*"))

    def _behavior(self, item: Node, pattern: str) -> Behavior:
        self._notices.of("behavior", item)
        target = item.text("TargetOriginId")
        if target not in self._targets:
            raise item.error(f"{target!r} is neither an origin nor an origin group", "TargetOriginId")
        cache, forward = self._policies(item)
        return Behavior(
            pattern=pattern,
            target=target,
            viewer_protocol=viewer_protocol(item),
            allowed_methods=methods(item, "AllowedMethods"),
            cached_methods=methods(item, "CachedMethods") & METHOD_SETS[1],
            cache_policy=cache,
            origin_request_policy=forward,
            response_headers_policy=self._response_headers(item),
            compress=item.flag("Compress"),
            realtime_log=realtime_log(self._template, item, self._notices),
            functions=self._functions.associations(item),
        )

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

    def _response_headers(self, item: Node) -> ResponseHeadersPolicy | None:
        if not item.has("ResponseHeadersPolicyId"):
            return None
        managed = MANAGED_RESPONSE_HEADERS_POLICIES
        return self._policy(item, "ResponseHeadersPolicy", managed, response_headers_policy)

    def _policy(self, item: Node, kind: str, managed: Mapping[str, P], read: Callable[[Node], P]) -> P:
        """A managed policy by its id, or one that the same template makes."""
        policy_id = item.text(f"{kind}Id")
        if policy_id in managed:
            return managed[policy_id]
        for name in self._template.of_type(f"AWS::CloudFront::{kind}"):
            if policy_id == self._template.resolver.resolve({"Ref": name}, name):
                return read(self._template.node(name).required(f"{kind}Config"))
        message = f"{policy_id!r} is neither a managed {kind} nor one of this template"
        hint = (
            "no account is asked here: put the policy into the template and `!Ref` it, or use a managed one"
        )
        raise item.not_here(message, f"{kind}Id", hint)


def path_pattern(behavior: Node) -> str:
    """The `PathPattern` of a behavior. Raises `TemplateError`."""
    pattern = behavior.text("PathPattern")
    if len(pattern) > PATH_PATTERN_LENGTH:
        message = f"a path pattern has {PATH_PATTERN_LENGTH} characters at most, this has {len(pattern)}"
        raise behavior.error(message, "PathPattern")
    return pattern


def viewer_protocol(behavior: Node) -> ViewerProtocol:
    """The `ViewerProtocolPolicy` of a behavior. Raises `TemplateError`."""
    return cast(ViewerProtocol, behavior.choice("ViewerProtocolPolicy", get_args(ViewerProtocol)))


def methods(behavior: Node, name: str) -> frozenset[str]:
    """The `AllowedMethods` or `CachedMethods` of a behavior. Raises `TemplateError`."""
    listed = frozenset(behavior.names(name) or ("GET", "HEAD"))
    if listed not in METHOD_SETS:
        hint = "GET and HEAD; GET, HEAD and OPTIONS; or all seven"
        raise behavior.error(f"CloudFront does not take {sorted(listed)}", name, hint)
    return listed
