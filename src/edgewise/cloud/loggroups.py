"""The edge functions' log groups, in every region: how long they keep lines, and where those go.

A group of a replica that Lambda makes keeps its lines for ever. The groups are made ahead in each region that the
account has enabled, so that the first visitor of a region finds one that ends. An empty group costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from edgewise.cloud.asking import called, pages
from edgewise.cloud.clients import HOME_REGION, Clients
from edgewise.cloud.edgejoin import FUNCTION_GROUP, VALIDATION_GROUP
from edgewise.cloud.errors import CloudError
from edgewise.cloud.regions import Kept, but_for, everywhere
from edgewise.site import Subscription, function_names
from edgewise.site.limits import LOG_DAYS
from edgewise.site.regions import POSITIONS
from edgewise.site.template_standard_log import ACCESS_LOG_GROUP

_USUAL_DAYS: Final = 30
_RECORDS: Final = '{ $.schema = "edge/*" }'
DAYS: Final = LOG_DAYS


def groups_of(site_name: str) -> tuple[str, ...]:
    """The names of a site's groups, the same in every region."""
    return tuple(f"{FUNCTION_GROUP}{name}" for name in function_names(site_name))


def make_group(client: Any, group: str) -> None:
    """Make a group where it is missing."""
    but_for("ResourceAlreadyExistsException", group, lambda: client.create_log_group(logGroupName=group))


def set_retention(
    aws: Clients, site_name: str, days: int | None = None, regions: Iterable[str] = POSITIONS
) -> list[Kept]:
    """Make the groups of a site's functions where they are missing, and keep their lines for so many days.

    Without a number it is 30, and a group for which somebody chose another keeps that: lines that are older than what
    is set are gone for good. May be repeated. Raises `CloudError` for another number of days than one of DAYS, and
    when every region refuses.
    """
    if days is not None:
        check_days(days)

    def act(region: str) -> None:
        client = aws("logs", region)
        for group in groups_of(site_name):
            make_group(client, group)
            if days is None and _has_retention(client, group):
                continue
            words = {"logGroupName": group, "retentionInDays": days or _USUAL_DAYS}
            called(group, partial(client.put_retention_policy, **words))

    return everywhere(regions, act)


def check_days(days: int) -> None:
    """Raises `CloudError` for a number of days that CloudWatch Logs does not take."""
    if days not in DAYS:
        raise CloudError(
            f"CloudWatch Logs does not keep lines for {days} days",
            hint=f"Take one of {', '.join(map(str, DAYS))}.",
        )


def remove(
    aws: Clients,
    site_name: str,
    regions: Iterable[str] = POSITIONS,
    *,
    distribution: str = "",
    others: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[Kept]:
    """Delete the groups of a site's functions, with all their lines. May be repeated. Raises as `set_retention`.

    With the id of its `distribution` also those where CloudFront wrote what it refused; `others` are groups of
    functions that run in one region, by that. Groups of standard logs are in the home region, of earlier stacks too.
    """
    everywhere_there = (
        *groups_of(site_name),
        *((f"{VALIDATION_GROUP}{distribution}",) if distribution else ()),
    )

    def act(region: str) -> None:
        client = aws("logs", region)
        standard = _of_standard_logs(client, site_name) if region == HOME_REGION else ()
        for group in (*everywhere_there, *others.get(region, ()), *standard):
            words = {"logGroupName": group}
            but_for("ResourceNotFoundException", group, partial(client.delete_log_group, **words))

    return everywhere(regions, act)


def _of_standard_logs(client: Any, site_name: str) -> list[str]:
    """Those that CloudFormation named, after the stack and the group's name in the template."""
    prefix = f"{site_name}-{ACCESS_LOG_GROUP}-"
    found = pages(prefix, client, "describe_log_groups", logGroupNamePrefix=prefix)
    return [one["logGroupName"] for page in found for one in page["logGroups"]]


def subscribe(
    aws: Clients,
    site_name: str,
    subscription: Subscription,
    role: str | None,
    regions: Iterable[str] = POSITIONS,
) -> list[Kept]:
    """Hand the lines of the groups on, in each of the subscription's regions, and in the others of `regions` no more.

    `role` is an ARN, for a stream. A group takes two subscriptions; others' are left alone. May be repeated. Raises as
    `set_retention`.
    """
    words: dict[str, Any] = {
        "filterName": _filter(site_name),
        "filterPattern": _RECORDS if subscription.records_only else "",
    }
    if role:
        words["roleArn"] = role

    def act(region: str) -> None:
        client = aws("logs", region)
        if region not in subscription.regions:
            _hand_on_no_more(client, site_name)
            return
        there = subscription.destination.replace("{region}", region)
        for group in groups_of(site_name):
            make_group(client, group)
            asked = {**words, "logGroupName": group, "destinationArn": there}
            called(group, partial(client.put_subscription_filter, **asked))

    return everywhere(regions, act)


def unsubscribe(aws: Clients, site_name: str, regions: Iterable[str] = POSITIONS) -> list[Kept]:
    """Hand nothing on any more. May be repeated. Raises as `set_retention`."""
    return everywhere(regions, lambda region: _hand_on_no_more(aws("logs", region), site_name))


def _hand_on_no_more(client: Any, site_name: str) -> None:
    for group in groups_of(site_name):
        words = {"logGroupName": group, "filterName": _filter(site_name)}
        but_for("ResourceNotFoundException", group, partial(client.delete_subscription_filter, **words))


def _filter(site_name: str) -> str:
    return f"{site_name}.edgewise"


def _has_retention(client: Any, group: str) -> bool:
    told = called(group, lambda: client.describe_log_groups(logGroupNamePrefix=group))
    return any(one["logGroupName"] == group and "retentionInDays" in one for one in told["logGroups"])
