"""Alarms in the regions where functions run, whose metrics and logs stay there: a stack has one region, a site many.

In each a filter counts what functions give up, alarms look at that and at how long functions take, and a rule of
EventBridge brings changes of the alarms to us-east-1, where the stack's own rule tells of them. All is put as it is to
be, so that it may be repeated.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from edgewise.cloud.asking import called
from edgewise.cloud.clients import HOME_REGION, Clients
from edgewise.cloud.errors import CloudError
from edgewise.cloud.loggroups import groups_of, make_group
from edgewise.cloud.regions import Kept, but_for, everywhere
from edgewise.site import Site
from edgewise.site.edge_alarms import (
    DROPPED,
    dropped_pattern,
    drops_namespace,
    edge_alarms,
    edge_events,
    edge_prefix,
)
from edgewise.site.regions import EDGE_REGIONS

_TARGET: Final = "home"
_MISSING: Final = "ResourceNotFoundException"


def watch(aws: Clients, site: Site, role: str, regions: Iterable[str] = EDGE_REGIONS) -> list[Kept]:
    """Watch the regions as the site's alarms say. `role` is the ARN of the one that may bring events to us-east-1.

    Raises `CloudError` when every region refuses.
    """
    account = role.split(":")[4]
    bus = f"arn:aws:events:{HOME_REGION}:{account}:event-bus/default"

    def act(region: str) -> None:
        _count_drops(aws, site, region)
        client = aws("cloudwatch", region)
        alarms = edge_alarms(site)
        for alarm in alarms:
            words = {"AlarmName": alarm.name, **alarm.words}
            called(alarm.name, partial(client.put_metric_alarm, **words))
        # Before the tidying: alarms that nobody is told of are worse than one too many.
        if region != HOME_REGION:
            _bring_home(aws("events", region), site.name, bus, role)
        _delete_alarms(client, site.name, {alarm.name for alarm in alarms})

    return everywhere(regions, act)


def unwatch(aws: Clients, site_name: str, regions: Iterable[str] = EDGE_REGIONS) -> list[Kept]:
    """Take all of it away. May be repeated. Raises as `watch`."""

    def act(region: str) -> None:
        logs, events = aws("logs", region), aws("events", region)
        for group in groups_of(site_name):
            _count_no_more(logs, site_name, group)
        _delete_alarms(aws("cloudwatch", region), site_name, set())
        rule = _rule(site_name)
        but_for(_MISSING, rule, lambda: events.remove_targets(Rule=rule, Ids=[_TARGET]))
        called(rule, lambda: events.delete_rule(Name=rule))

    return everywhere(regions, act)


def _count_drops(aws: Clients, site: Site, region: str) -> None:
    client, pattern = aws("logs", region), dropped_pattern(site)
    for group in groups_of(site.name):
        if not pattern:
            _count_no_more(client, site.name, group)
            continue
        make_group(client, group)
        # No value where nothing is given up: an alarm takes that for nothing wrong.
        counted = {
            "metricNamespace": drops_namespace(site.name),
            "metricName": DROPPED,
            "metricValue": "1",
            "unit": "Count",
        }
        words: dict[str, Any] = {
            "logGroupName": group,
            "filterName": _filter(site.name),
            "filterPattern": pattern,
            "metricTransformations": [counted],
        }
        called(group, partial(client.put_metric_filter, **words))


def _count_no_more(client: Any, site_name: str, group: str) -> None:
    words = {"logGroupName": group, "filterName": _filter(site_name)}
    but_for(_MISSING, group, lambda: client.delete_metric_filter(**words))


def _delete_alarms(client: Any, site_name: str, wanted: set[str]) -> None:
    """Those of ours that are not wanted, or not any more."""
    prefix = edge_prefix(site_name)
    told = called(prefix, lambda: client.describe_alarms(AlarmNamePrefix=prefix))
    strange = sorted({one["AlarmName"] for one in told["MetricAlarms"]} - wanted)
    if strange:
        called(prefix, lambda: client.delete_alarms(AlarmNames=strange))


def _bring_home(client: Any, site_name: str, bus: str, role: str) -> None:
    rule = _rule(site_name)
    pattern = json.dumps(edge_events(site_name))
    text = f"Brings changes of the alarms of {site_name} to {HOME_REGION}."
    called(rule, lambda: client.put_rule(Name=rule, EventPattern=pattern, Description=text, State="ENABLED"))
    target = {"Id": _TARGET, "Arn": bus, "RoleArn": role}
    told = called(rule, lambda: client.put_targets(Rule=rule, Targets=[target]))
    _refuse_failed(rule, told)


def _refuse_failed(rule: str, told: dict[str, Any]) -> None:
    """PutTargets answers 200 also where it took none."""
    for entry in told.get("FailedEntries", ()):
        raise CloudError(f"{entry.get('ErrorCode')}: {entry.get('ErrorMessage')}", file=rule)


def _rule(site_name: str) -> str:
    return f"{site_name}.edge-alarms"


def _filter(site_name: str) -> str:
    return f"{site_name}.{DROPPED}"
