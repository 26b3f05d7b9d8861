"""A rollout as it is baked into the functions of a template. What has not the shape that the runtime takes is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgewise.check.baked import baked
from edgewise.check.distribution import Behavior, Distribution, Origin
from edgewise.check.stack import EdgeFunction, Stack

# Where the runtime decides, chooses the origin and sets the cookie.
TRIGGERS = ("viewer-request", "origin-request", "viewer-response")
# And where it records what a judge reads.
JUDGED_TRIGGERS = ("viewer-request", "origin-response")


@dataclass(frozen=True, slots=True)
class Steering:
    """`header` (lower case) names the version; `domains` are those of the stable and of the new version.

    `tables` are read at the edge, in the regions `replicas`.
    """

    header: str
    domains: tuple[str, str]
    tables: tuple[str, ...]
    replicas: frozenset[str]

    def steers(self, origin: Origin) -> bool:
        """Whether requests to an origin may go to the new version instead: the runtime knows it by its domain."""
        return (origin.domain or "").lower() == self.domains[0]

    def runs_in(self, function: EdgeFunction) -> bool:
        """Whether a function's code has this rollout in it."""
        return steering_of(function) == self


def steered(stack: Stack) -> Iterator[tuple[Steering, Distribution, tuple[Behavior, ...]]]:
    """Each rollout of each distribution that runs its functions, and the behaviors that it steers."""
    for distribution in stack.distributions:
        functions = [
            function
            for function in stack.edge_functions
            if any(behavior in distribution.behaviors for behavior, _ in function.uses)
        ]
        for steering in dict.fromkeys(filter(None, map(steering_of, functions))):
            behaviors = (one for one in distribution.behaviors if any(map(steering.steers, one.origins)))
            yield steering, distribution, tuple(behaviors)


def steered_behaviors(stack: Stack) -> Iterator[tuple[Steering, Behavior]]:
    """Each behavior that a rollout steers."""
    for steering, _, behaviors in steered(stack):
        for behavior in behaviors:
            yield steering, behavior


def without(
    stack: Stack, behavior: Behavior, triggers: Sequence[str], does: Callable[[EdgeFunction], bool]
) -> list[str]:
    """At which of some triggers a behavior runs no function, or one that is known and does not do that."""
    return [
        trigger
        for trigger in triggers
        if trigger not in behavior.triggers
        or not all(does(function) for function in stack.functions_at(behavior, trigger))
    ]


def steering_of(function: EdgeFunction) -> Steering | None:
    """The rollout that a function's code has in it."""
    rollout = baked(function, "rollout")
    try:
        return _steering(rollout) if rollout is not None else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def is_recording(function: EdgeFunction) -> bool:
    """Whether a function's code makes records."""
    return baked(function, "log") is not None


def _steering(rollout: Mapping[str, Any]) -> Steering:
    stable, new = (str(rollout["origins"][rollout[one]]["domain"]).lower() for one in ("stable", "new"))
    places = (dict(rollout["state"]), dict(rollout["sessions"] or {}))
    return Steering(
        header=rollout["header"].lower(),
        domains=(stable, new),
        tables=tuple(str(place["table"]) for place in places if "table" in place),
        replicas=frozenset(map(str, rollout["replicas"].values())),
    )
