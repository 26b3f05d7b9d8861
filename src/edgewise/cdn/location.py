"""Edge locations: where requests arrive. Each has its own cache and environments, in its own region.

Functions run in the AWS region near the location. Source of the regions: CloudFront Developer Guide, "Set up IAM
permissions and roles for Lambda@Edge", the list of the service-linked role.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from edgewise.cdn.background import Background
from edgewise.cdn.cache import Cache
from edgewise.cdn.distribution import Distribution
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


@dataclass(frozen=True, slots=True)
class EdgeLocation:
    """One location. `name` is like `FRA56-P2`; `server` is how it names itself in `Via`."""

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
