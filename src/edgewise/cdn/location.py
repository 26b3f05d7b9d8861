"""Edge locations: where requests arrive. Each has its own cache and environments, in its own region, and its routes.

Functions run in the AWS region near the location. Source of the regions: CloudFront Developer Guide, "Set up IAM
permissions and roles for Lambda@Edge", the list of the service-linked role.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from edgewise.cdn.background import Background
from edgewise.cdn.behavior import select
from edgewise.cdn.cache import Cache
from edgewise.cdn.calls import FunctionCalls
from edgewise.cdn.distribution import Behavior, Distribution, Origin, OriginGroup
from edgewise.cdn.forward import Forwarding
from edgewise.cdn.functions.function import Function
from edgewise.cdn.functions.logs import LogSink
from edgewise.cdn.functions.watch import CodeWatch
from edgewise.cdn.origins.router import OriginRouter

# The first three letters of a location's name are those of an airport.
_REGIONS = {
    "ATL": "us-east-1",
    "BOM": "ap-south-1",
    "CDG": "eu-west-1",
    "CMH": "us-east-2",
    "DUB": "eu-west-1",
    "FRA": "eu-central-1",
    "GRU": "sa-east-1",
    "IAD": "us-east-1",
    "ICN": "ap-northeast-2",
    "LAX": "us-west-1",
    "LHR": "eu-west-2",
    "NRT": "ap-northeast-1",
    "ORD": "us-east-2",
    "PDX": "us-west-2",
    "SEA": "us-west-2",
    "SFO": "us-west-1",
    "SIN": "ap-southeast-1",
    "SYD": "ap-southeast-2",
}
# Where functions run.
REGIONS = frozenset(_REGIONS.values())
_NAME = re.compile(r"([A-Z]{3})[0-9]{1,3}(-[A-Z][0-9]{1,2})?")


def region_of(name: str) -> str | None:
    """The region where functions run for a location such as `NRT57-P2`; None when the location is not known."""
    match = _NAME.fullmatch(name)
    return _REGIONS.get(match[1]) if match else None


def known_locations() -> str:
    """For messages: the airports that names may begin with."""
    return ", ".join(_REGIONS)


# Paths whose route is remembered.
_PATHS = 256


@dataclass(slots=True)
class EdgeLocation:
    """One location. `name` is like `FRA56-P2`; `server` is how it names itself in `Via`.

    `route` gives the way of a request by its path.
    """

    name: str
    region: str
    server: str
    distribution: Distribution
    functions: Mapping[str, Function]
    code: CodeWatch
    origins: OriginRouter
    clock: Callable[[], float]
    on_log: LogSink
    background: Background
    cache: Cache = field(default_factory=Cache)
    route: Callable[[str], Route] = field(init=False)

    def __post_init__(self) -> None:
        routes = [Route(self, behavior) for behavior in self.distribution.behaviors]

        def route(path: str) -> Route:
            return select(routes, path)

        self.route = lru_cache(maxsize=_PATHS)(route)


class Route:
    """One behavior at one edge location, with all that can be said of it before a request comes.

    `origin` is the one that is asked first, `group` the group that it is in. `calls` runs the functions, `forwarding`
    applies the policies. `keeps_nothing` says why nothing is cached, empty when something is; `shares` whether one
    answer may be for several viewers: no cookies are forwarded.
    """

    def __init__(self, location: EdgeLocation, behavior: Behavior) -> None:
        distribution = location.distribution
        self.location = location
        self.behavior = behavior
        self.pattern = behavior.pattern
        self.group: OriginGroup | None = distribution.origin_groups.get(behavior.target)
        self.origin: Origin = distribution.first_origin(behavior)
        self.calls = FunctionCalls(distribution, behavior, location.functions, location.on_log)
        self.forwarding = Forwarding(behavior)
        policy = behavior.cache_policy
        nothing = f"the cache policy {policy.name} keeps nothing: its maximum TTL is 0"
        self.keeps_nothing = "" if policy.caches else nothing
        self.shares = policy.cookies.kind == behavior.origin_request_policy.cookies.kind == "none"
