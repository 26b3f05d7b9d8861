"""One distribution of a template as the rules see it: behaviors with their policies, origins and associations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from edgewise.cdn.errors import TemplateError
from edgewise.cdn.policies import (
    MANAGED_CACHE_POLICIES,
    MANAGED_ORIGIN_REQUEST_POLICIES,
    CachePolicy,
    OriginRequestPolicy,
)
from edgewise.cdn.template.node import Node
from edgewise.cdn.template.policies import cache_policy, forwarded_values, origin_request_policy
from edgewise.check.part import Part

if TYPE_CHECKING:
    from edgewise.check.stack import Stack

P = TypeVar("P")
OriginKind = Literal["bucket", "website", "function URL", "API Gateway", "server"]

_ARN = re.compile(
    r"arn:(?P<partition>[^:]*):lambda:(?P<region>[^:]*):(?P<account>[^:]*):function:(?P<name>[^:]+)"
    r"(:(?P<qualifier>.*))?"
)
_KINDS: tuple[tuple[re.Pattern[str], OriginKind], ...] = (
    (re.compile(r"\.s3-website[.-][a-z0-9-]+\.amazonaws\.com(\.cn)?$"), "website"),
    (re.compile(r"\.s3[.-]((?!website)[a-z0-9.-]+\.)?amazonaws\.com(\.cn)?$"), "bucket"),
    (re.compile(r"\.lambda-url\.[a-z0-9-]+\.on\.aws$"), "function URL"),
    (re.compile(r"\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$"), "API Gateway"),
)


@dataclass(frozen=True, slots=True)
class FunctionArn:
    """The pieces of a Lambda function's ARN; the qualifier is a version, an alias, or absent."""

    region: str
    account: str
    name: str
    qualifier: str | None


@dataclass(frozen=True, slots=True)
class Association:
    """A Lambda@Edge function on a trigger. `arn` is None where `text` is no ARN of a function."""

    part: Part
    trigger: str | None
    text: str | None
    arn: FunctionArn | None


@dataclass(frozen=True, slots=True)
class Origin:
    """An origin; `domain` is None if only the deployment knows it."""

    part: Part
    id: str | None
    domain: str | None
    kind: OriginKind

    @property
    def routes_by_host(self) -> bool:
        """Whether the Host header has to be its own name. A bucket's website may be called like the site."""
        return self.kind not in ("server", "website")

    @property
    def runs_a_program(self) -> bool:
        """Whether a program answers, and not a bucket: what it says differs by visitor and by moment."""
        return self.kind not in ("bucket", "website")


@dataclass(frozen=True, slots=True, eq=False)
class Behavior:
    """A cache behavior; the default one has the pattern `*`. A policy that is not known is None.

    `forward` without an origin request policy is one that sends nothing; `group` is set when the target is one.
    """

    part: Part
    pattern: str | None
    is_default: bool
    origins: tuple[Origin, ...]
    group: Part | None
    associations: tuple[Association, ...]
    viewer_functions: tuple[Part, ...]
    cache: CachePolicy | None
    forward: OriginRequestPolicy | None

    @property
    def name(self) -> str:
        return "the default behavior" if self.is_default else f"the behavior {self.pattern or '?'}"

    @property
    def triggers(self) -> frozenset[str]:
        """The triggers at which a Lambda@Edge function runs."""
        return frozenset(one.trigger for one in self.associations if one.trigger)


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution. `behaviors` are in order and end with the default one."""

    name: str
    config: Part
    origins: tuple[Origin, ...]
    groups: tuple[Part, ...]
    behaviors: tuple[Behavior, ...]


def read_distribution(name: str, config: Part, stack: Stack) -> Distribution:
    """The distribution that a `DistributionConfig` describes."""
    origins = tuple(map(_origin, config.at("Origins").items()))
    groups = tuple(config.at("OriginGroups", "Items").items())
    reader = _Behaviors(stack, origins, groups)
    behaviors = [reader.read(item, False) for item in config.at("CacheBehaviors").items()]
    default = config.at("DefaultCacheBehavior")
    if isinstance(default.value, Mapping):
        behaviors.append(reader.read(default, True))
    return Distribution(name, config, origins, groups, tuple(behaviors))


def group_members(group: Part) -> list[Part]:
    """The parts that hold the ids of a group's members."""
    return [member.at("OriginId") for member in group.at("Members", "Items").items()]


def _origin(part: Part) -> Origin:
    domain = part.at("DomainName").text
    kind: OriginKind = "bucket" if isinstance(part.at("S3OriginConfig").value, Mapping) else "server"
    for pattern, known in _KINDS:
        if pattern.search((domain or "").lower()):
            kind = known
    return Origin(part, part.at("Id").text, domain, kind)


class _Behaviors:
    """Reads the behaviors of one distribution."""

    def __init__(self, stack: Stack, origins: tuple[Origin, ...], groups: tuple[Part, ...]) -> None:
        self._stack = stack
        self._origins: dict[str | None, list[Origin]] = {}
        for origin in origins:
            self._origins.setdefault(origin.id, []).append(origin)
        self._groups = {group.at("Id").text: group for group in reversed(groups)}

    def read(self, part: Part, is_default: bool) -> Behavior:
        target = part.at("TargetOriginId").text
        group = self._groups.get(target) if target else None
        wanted = [target] if group is None else [member.text for member in group_members(group)]
        cache, forward = self._policies(part)
        return Behavior(
            part=part,
            pattern="*" if is_default else part.at("PathPattern").text,
            is_default=is_default,
            origins=tuple(
                origin for name in dict.fromkeys(wanted) if name for origin in self._origins.get(name, ())
            ),
            group=group,
            associations=tuple(map(_association, part.at("LambdaFunctionAssociations").items())),
            viewer_functions=tuple(part.at("FunctionAssociations").items()),
            cache=cache,
            forward=forward,
        )

    def _policies(self, part: Part) -> tuple[CachePolicy | None, OriginRequestPolicy | None]:
        if part.at("ForwardedValues").is_set:
            return _read(part, forwarded_values) or (None, None)
        forward = part.at("OriginRequestPolicyId")
        return (
            self._policy(part.at("CachePolicyId"), "CachePolicy", MANAGED_CACHE_POLICIES, cache_policy),
            OriginRequestPolicy()
            if forward.is_absent
            else self._policy(
                forward, "OriginRequestPolicy", MANAGED_ORIGIN_REQUEST_POLICIES, origin_request_policy
            ),
        )

    def _policy(self, part: Part, kind: str, managed: Mapping[str, P], read: Callable[[Node], P]) -> P | None:
        """A managed policy by its id, or one that the same template makes."""
        name = self._stack.named(part.text, f"AWS::CloudFront::{kind}")
        if name is not None:
            return _read(self._stack.properties(name).at(f"{kind}Config"), read)
        return managed.get(part.text or "")


def _read(part: Part, read: Callable[[Node], P]) -> P | None:
    """What the local CDN's own reader makes of a part; None where it would refuse it."""
    try:
        return read(Node(part.plain(), Path(), ""))
    except (TemplateError, TypeError, AttributeError):
        # A shape that no policy has, or an unknown value in the middle of it.
        return None


def _association(part: Part) -> Association:
    text = part.at("LambdaFunctionARN").text
    match = _ARN.fullmatch(text or "")
    arn = match and FunctionArn(match["region"], match["account"], match["name"], match["qualifier"])
    return Association(part, part.at("EventType").text, text, arn or None)
