"""All the tables as one, by the names of the types."""

from __future__ import annotations

from edgewise.terraform.rules import Kind
from edgewise.terraform.types import (
    access,
    alarms,
    analysis,
    buckets,
    distribution,
    domain,
    functions,
    logs,
    messages,
    policies,
    streams,
    tables,
)

KINDS: dict[str, Kind] = (
    distribution.KINDS
    | functions.KINDS
    | policies.KINDS
    | access.KINDS
    | tables.KINDS
    | buckets.KINDS
    | streams.KINDS
    | logs.KINDS
    | messages.KINDS
    | alarms.KINDS
    | domain.KINDS
    | analysis.KINDS
)
