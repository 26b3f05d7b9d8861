"""Checks what is said of the functions' log groups: how long they keep lines, and where those go."""

from __future__ import annotations

from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.model import Subscription
from edgewise.site.problems import shown
from edgewise.site.raw import RawSubscription
from edgewise.site.regions import EDGE_REGIONS, POSITIONS


def check_retention(context: Context, given: float | None) -> int | None:
    """A number of days that CloudWatch Logs takes."""
    if given is not None and given not in limits.LOG_DAYS:
        context.problems.add(
            "log.retention_days",
            f"CloudWatch Logs does not keep lines for {given} days",
            f"Take one of {', '.join(map(str, limits.LOG_DAYS))}.",
        )
        return None
    return None if given is None else int(given)


def check_subscription(context: Context, raw: RawSubscription) -> Subscription:
    """The destination of the lines, in every region that has one."""
    key = "log.subscription"
    for i, region in enumerate(raw.regions or ()):
        if region is not None and region not in POSITIONS:
            context.problems.add_unknown(f"{key}.regions[{i}]", "region", region, POSITIONS)
    regions = tuple(raw.regions or EDGE_REGIONS)
    destination = raw.destination or ""
    found = limits.LOG_DESTINATION.fullmatch(destination)
    if raw.destination is not None and not found:
        context.problems.add(
            f"{key}.destination",
            f"{shown(destination)} is not the ARN of a stream or a destination",
            "For example: arn:aws:firehose:{region}:111122223333:deliverystream/edge-logs.",
        )
    elif found and found["region"] not in ("{region}", *regions):
        context.problems.add(
            f"{key}.regions", f"{found['region']} is not among them", "It is the destination's."
        )
    elif found and found["region"] != "{region}" and len(regions) > 1:
        context.problems.add(
            f"{key}.destination",
            f"it is in {found['region']} alone, and a log is handed on in its own region only",
            f'Write {{region}} in its place and have one in each, or say regions = ["{found["region"]}"].',
        )
    return Subscription(destination, regions, raw.records_only is not False)
