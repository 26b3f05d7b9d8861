"""The counting of page views as it is baked into the functions of a template, and what its behaviors let it see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgewise.check.baked import baked
from edgewise.check.distribution import Behavior
from edgewise.check.stack import EdgeFunction, Stack

COUNTRY = "cloudfront-viewer-country"
DEVICES = ("cloudfront-is-mobile-viewer", "cloudfront-is-tablet-viewer", "cloudfront-is-smarttv-viewer")
AGENT = "user-agent"


@dataclass(frozen=True, slots=True)
class Counting:
    """`trigger` is where views are counted; `knows_countries`, whether an address database is beside the code."""

    trigger: str
    knows_countries: bool

    @property
    def is_at_origin(self) -> bool:
        """Whether it sees what origins answer, and not what the cache does."""
        return self.trigger == "origin-response"


def counted(stack: Stack) -> Iterator[tuple[Counting, Behavior]]:
    """Each behavior that runs functions which count, and how they do."""
    for behavior in stack.behaviors:
        functions = (one for one in stack.edge_functions if any(used is behavior for used, _ in one.uses))
        for counting in dict.fromkeys(filter(None, map(counting_of, functions))):
            yield counting, behavior


def counting_of(function: EdgeFunction) -> Counting | None:
    """The counting that a function's code has in it."""
    settings = baked(function, "statistics")
    if settings is None or settings.get("counts_at") not in ("viewer-response", "origin-response"):
        return None
    return Counting(str(settings["counts_at"]), settings.get("countries") is True)


def forwards(behavior: Behavior, *names: str) -> bool:
    """Whether an origin, and a function at its triggers, is told these headers (lower case); True if that is not known.

    CloudFront's own headers are told only where a policy names them.
    """
    cache, forward = behavior.cache, behavior.forward
    if cache is None or forward is None:
        return True
    return all(
        name in cache.headers
        or (
            name in forward.header_names
            and forward.headers in ("whitelist", "allViewerAndWhitelistCloudFront")
        )
        or (not name.startswith("cloudfront-") and forward.takes_header(name))
        for name in names
    )
