"""What a deployment does in the regions of the edge, beside the stack: logs' days, where lines go, alarms.

A region that refuses is named, and nothing ends: the site works without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edgewise.cli.deploying.screen import Screen
from edgewise.cloud.clients import Clients
from edgewise.cloud.errors import CloudError
from edgewise.cloud.loggroups import set_retention, subscribe, unsubscribe
from edgewise.cloud.regions import Kept
from edgewise.cloud.watch import unwatch, watch
from edgewise.site import Site
from edgewise.site.regions import EDGE_REGIONS


def keep_regions(
    site: Site, aws: Clients, outputs: Mapping[str, str], screen: Screen, *, log_days: int | None
) -> bool:
    """See to the regions as the site file says; `outputs` are the stack's. Whether all of them took it.

    With 0 `log_days` logs are kept as they are; with None as the site file says.
    """
    if not site.runs_functions:
        return True
    fine = []
    days = log_days if log_days is not None else site.log.retention_days if site.log else None
    if days != 0:
        fine.append(_do(screen, "logs are kept as they were", lambda: set_retention(aws, site.name, days)))
    subscription = site.log.subscription if site.log else None
    if subscription:
        role = outputs.get("EdgeLogsRoleArn")
        fine.append(
            _do(screen, "lines are not handed on", lambda: subscribe(aws, site.name, subscription, role))
        )
    if site.alarms:
        fine.append(_watch(site, aws, outputs, screen))
    return all(fine)


def leave_regions(site: Site, aws: Clients, screen: Screen, *, always: bool = False) -> bool:
    """Take away what the site file says of alarms and of lines, or `always`; log groups stay. Whether all is gone."""
    fine = []
    subscription = site.log.subscription if site.log else None
    if subscription or always:
        regions = subscription.regions if subscription else EDGE_REGIONS
        fine.append(_do(screen, "lines are still handed on", lambda: unsubscribe(aws, site.name, regions)))
    if site.alarms or always:
        fine.append(_do(screen, "alarms are still there", lambda: unwatch(aws, site.name)))
    return all(fine)


def tidy_regions(
    site: Site, aws: Clients, before: Mapping[str, str], after: Mapping[str, str], screen: Screen
) -> None:
    """Take away what an earlier deployment's site file said, and this one's does not; both by the stack's outputs."""
    if "EdgeLogsRoleArn" in before.keys() - after.keys():
        _do(screen, "lines are still handed on", lambda: unsubscribe(aws, site.name, EDGE_REGIONS))
    if "EdgeAlarmsRoleArn" in before.keys() - after.keys():
        _do(screen, "alarms are still there", lambda: unwatch(aws, site.name))


def _watch(site: Site, aws: Clients, outputs: Mapping[str, str], screen: Screen) -> bool:
    role = outputs.get("EdgeAlarmsRoleArn")
    if role is None:
        screen.note("regions are not watched: the stack has no alarms yet; `edgewise deploy` brings them")
        return False
    return _do(screen, "functions are not watched", lambda: watch(aws, site, role))


def _do(screen: Screen, otherwise: str, act: Callable[[], list[Kept]]) -> bool:
    try:
        troubles = [one for one in act() if one.trouble and not one.is_off]
    except CloudError as error:
        screen.note(f"{otherwise}, in every region: {error.message}")
        return False
    for one in troubles:
        screen.note(f"{otherwise} in {one.region}: {one.trouble}")
    return not troubles
