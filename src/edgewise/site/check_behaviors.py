"""Checks behaviors: paths, the origins they name, policies, and what a bucket cannot do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.model import Behavior
from edgewise.site.model_origins import BucketOrigin, ImageOrigin, Origin
from edgewise.site.policies import (
    CACHE_POLICIES,
    NO_FORWARDING,
    ORIGIN_REQUEST_POLICIES,
    CachePolicy,
    OriginRequestPolicy,
    cache_policy,
    origin_request_policy,
)
from edgewise.site.problems import shown
from edgewise.site.raw import RawBehavior, RawDefault


def check_behaviors(
    context: Context, raw: Sequence[RawBehavior | None], origins: Mapping[str, Origin]
) -> tuple[Behavior, ...]:
    """Every behavior but the default one, in order."""
    if len(raw) > limits.MAX_BEHAVIORS:
        context.problems.add(
            "behaviors",
            f"there are {len(raw)} behaviors",
            f"A distribution has at most {limits.MAX_BEHAVIORS}.",
        )
    paths: dict[str, str] = {}
    checked = []
    for key, one in ((f"behaviors[{i}]", one or RawBehavior()) for i, one in enumerate(raw)):
        if one.path is not None:
            _check_path(context, f"{key}.path", one.path)
            # A leading slash is optional and means nothing, so `a` and `/a` are one path.
            earlier = paths.setdefault(one.path.removeprefix("/"), key)
            if earlier != key:
                context.problems.add(
                    f"{key}.path",
                    f"{shown(one.path)} is the path of {earlier} already",
                    "The first match wins: this behavior would never be used. Remove it.",
                )
        checked.append(check_behavior(context, key, one, one.path or "", origins))
    return tuple(checked)


def check_behavior(
    context: Context, key: str, raw: RawDefault, path: str, origins: Mapping[str, Origin]
) -> Behavior:
    """One behavior, its defaults filled in by the kind of its origin."""
    if raw.origin is not None and raw.origin not in origins:
        context.problems.add_unknown(f"{key}.origin", "origin", raw.origin, origins)
    origin = origins.get(raw.origin or "")
    bucket = isinstance(origin, BucketOrigin)
    behavior = Behavior(
        path=path,
        origin=raw.origin or "",
        viewer_protocol=raw.viewer_protocol or "allow-all",
        methods=raw.methods or ("read" if bucket else "all"),
        cache=_check_cache(context, f"{key}.cache", raw.cache, bucket),
        forward=_check_forward(context, f"{key}.forward", raw.forward, bucket),
        functions=raw.functions is not False,
        viewer_function=raw.viewer_function,
    )
    if isinstance(origin, BucketOrigin | ImageOrigin):
        _refuse_host(context, key, behavior, "a bucket" if bucket else "a function URL")
    if bucket and behavior.methods == "all":
        context.problems.add(
            f"{key}.methods", "a bucket can only be read", "Expected one of: read, read-options."
        )
    return behavior


def _check_path(context: Context, key: str, path: str) -> None:
    if not 0 < len(path) <= limits.MAX_PATH_PATTERN:
        context.problems.add(
            key,
            f"this path pattern has {len(path)} characters",
            f"Expected 1 to {limits.MAX_PATH_PATTERN} characters.",
        )
    elif not limits.PATH_PATTERN_CHARACTERS.fullmatch(path):
        context.problems.add(
            key,
            f"{shown(path)} has characters that no path pattern has",
            "Expected A-Z a-z 0-9 and _ - . * ? $ / ~ \" ' @ : + & only.",
        )


def _check_cache(context: Context, key: str, given: str | None, bucket: bool) -> CachePolicy:
    default = CACHE_POLICIES["optimized" if bucket else "disabled"]
    if given is None:
        return default
    policy = cache_policy(given)
    if policy is None:
        context.problems.add_unknown(key, "cache policy", given, (*CACHE_POLICIES, "a policy's id"))
    return policy or default


def _check_forward(context: Context, key: str, given: str | None, bucket: bool) -> OriginRequestPolicy | None:
    if given is None:
        return None if bucket else ORIGIN_REQUEST_POLICIES["all-viewer-except-host-header"]
    policy = origin_request_policy(given)
    if policy is None and given != NO_FORWARDING:
        known = (*ORIGIN_REQUEST_POLICIES, NO_FORWARDING, "a policy's id")
        context.problems.add_unknown(key, "origin request policy", given, known)
    return policy


def _refuse_host(context: Context, key: str, behavior: Behavior, what: str) -> None:
    """AWS finds buckets and function URLs by their own name, and answers the viewer's `Host` with 403."""
    for name, policy in (("cache", behavior.cache), ("forward", behavior.forward)):
        if policy and policy.host:
            context.problems.add(
                f"{key}.{name}",
                f"{policy.name} sends the viewer's Host header, and {what} answers that with 403",
                "Expected a policy without Host, or nothing.",
            )
