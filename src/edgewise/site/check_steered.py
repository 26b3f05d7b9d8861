"""Checks what a rollout asks of the rest of the site: domains that tell versions apart, behaviors that it can steer."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.site.check_context import Context
from edgewise.site.model import Behavior, Rollout, Site
from edgewise.site.model_origins import CustomOrigin, Origin
from edgewise.site.problems import shown


def check_steered(context: Context, site: Site) -> None:
    """What a rollout asks of the rest of the site; problems go to the keys of the behaviors and origins."""
    if site.rollout is None:
        return
    rollout = site.rollout
    if site.persistence_header and site.persistence_header.lower() == rollout.header.lower():
        context.problems.add(
            "rollout.header", "this is the header of `persistence` too", "Give each a name of its own."
        )
    _check_domains(context, rollout, site.origins)
    _check_protocols(context, rollout, site.origins)
    keys = ("default", *(f"behaviors[{i}]" for i in range(len(site.behaviors))))
    steered = [(key, one) for key, one in zip(keys, site.all_behaviors, strict=True) if site.steers(one)]
    known = any(origin.name == rollout.stable for origin in site.origins)
    if known and not steered:
        context.problems.add(
            "rollout.stable",
            f"no behavior has the origin {shown(rollout.stable)}",
            "Requests are steered where a behavior has the stable origin.",
        )
    for key, behavior in steered:
        _check_behavior(context, key, behavior)
    versions = {one.name for one in site.origins if isinstance(one, CustomOrigin)}
    for key, behavior in zip(keys, site.all_behaviors, strict=True):
        if steered and behavior.origin == rollout.new in versions - {rollout.stable}:
            context.problems.add(
                f"{key}.origin",
                f"this is the new version, {shown(rollout.new)}, and everybody would meet it here",
                f"Name the stable one, {shown(rollout.stable)}: the rollout brings its share to the new version.",
            )


def _check_domains(context: Context, rollout: Rollout, origins: Sequence[Origin]) -> None:
    """An event tells a function an origin's domain and not its name: the stable one's has to be its alone."""
    domains = {one.name: one.domain.lower() for one in origins if isinstance(one, CustomOrigin)}
    stable = domains.get(rollout.stable)
    for name, domain in domains.items():
        if domain == stable and name != rollout.stable:
            context.problems.add(
                f"origins.{name}.domain",
                f"this is the domain of the stable version, {shown(rollout.stable)}, too",
                "Functions know the stable origin by its domain. Give each version a host name of its own.",
            )


def _check_protocols(context: Context, rollout: Rollout, origins: Sequence[Origin]) -> None:
    """An event has the protocol that was chosen for the stable origin, and says nothing of the viewer's."""
    protocols = {one.name: one.protocol for one in origins if isinstance(one, CustomOrigin)}
    stable, new = protocols.get(rollout.stable), protocols.get(rollout.new)
    if stable == "http-only" and new == "match-viewer":
        context.problems.add(
            f"origins.{rollout.new}.protocol",
            f"the stable version, {shown(rollout.stable)}, is http-only, so a function cannot tell how the viewer came",
            "Visitors on HTTPS would be served over HTTP. Say http-only or https-only here, or match-viewer for both.",
        )


def _check_behavior(context: Context, key: str, behavior: Behavior) -> None:
    if not behavior.functions:
        context.problems.add(
            f"{key}.functions",
            "the rollout steers this behavior, and functions are off here",
            "A visitor on the new version would get the stable one. Turn functions on, or name another origin.",
        )
    for name, policy in (("cache", behavior.cache), ("forward", behavior.forward)):
        if policy and policy.own:
            context.problems.add(
                f"{key}.{name}",
                "the rollout steers this behavior, and a policy of your own may leave the version out",
                "Expected the name of a managed policy: the version's header is added to what it says.",
            )
