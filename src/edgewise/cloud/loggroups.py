"""How long the edge functions' logs are kept, in every region: a group of a replica that Lambda makes is kept for ever.

The groups are made ahead in each region that the account has enabled, so that the first visitor of a region finds one
that ends. An empty group costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from edgewise.cloud.asking import called
from edgewise.cloud.clients import HOME_REGION, Clients
from edgewise.cloud.edgejoin import FUNCTION_GROUP
from edgewise.cloud.edgelogs import is_off
from edgewise.cloud.errors import CloudError
from edgewise.site import function_names
from edgewise.site.regions import POSITIONS

_AT_ONCE: Final = 16
_USUAL_DAYS: Final = 30
# What PutRetentionPolicy takes, in its API Reference.
DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288),
    3653,
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a region's groups. `trouble` is empty if all went well, `is_off` says it is not enabled."""

    region: str
    trouble: str = ""
    is_off: bool = False


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

    def act(client: Any, group: str) -> None:
        _but_for("ResourceAlreadyExistsException", group, lambda: client.create_log_group(logGroupName=group))
        if days is None and _has_retention(client, group):
            return
        kept = days or _USUAL_DAYS
        called(group, lambda: client.put_retention_policy(logGroupName=group, retentionInDays=kept))

    return list(_everywhere(aws, site_name, regions, act))


def check_days(days: int) -> None:
    """Raises `CloudError` for a number of days that CloudWatch Logs does not take."""
    if days not in DAYS:
        raise CloudError(
            f"CloudWatch Logs does not keep lines for {days} days",
            hint=f"Take one of {', '.join(map(str, DAYS))}.",
        )


def remove(aws: Clients, site_name: str, regions: Iterable[str] = POSITIONS) -> list[Kept]:
    """Delete the groups of a site's functions, with all their lines. May be repeated. Raises as `set_retention`."""

    def act(client: Any, group: str) -> None:
        _but_for("ResourceNotFoundException", group, lambda: client.delete_log_group(logGroupName=group))

    return list(_everywhere(aws, site_name, regions, act))


def _everywhere(
    aws: Clients, site_name: str, regions: Iterable[str], act: Callable[[Any, str], None]
) -> Iterator[Kept]:
    groups = [f"{FUNCTION_GROUP}{name}" for name in function_names(site_name)]

    def in_region(region: str) -> CloudError | None:
        try:
            for group in groups:
                act(aws("logs", region), group)
        except CloudError as error:
            return error
        return None

    names = tuple(regions)
    with ThreadPoolExecutor(_AT_ONCE, "edgewise-groups") as threads:
        errors = dict(zip(names, threads.map(in_region, names), strict=True))
    failed = [error for error in errors.values() if error]
    if len(failed) == len(names):
        raise errors.get(HOME_REGION) or failed[0]
    for region, error in errors.items():
        if error is None:
            yield Kept(region)
        elif is_off(error):
            yield Kept(region, "not enabled in this account", is_off=True)
        else:
            yield Kept(region, error.message)


def _has_retention(client: Any, group: str) -> bool:
    told = called(group, lambda: client.describe_log_groups(logGroupNamePrefix=group))
    return any(one["logGroupName"] == group and "retentionInDays" in one for one in told["logGroups"])


def _but_for(reason: str, place: str, call: Callable[[], Any]) -> None:
    """Call; that one refusal says that it is done already."""
    try:
        called(place, call)
    except CloudError as error:
        if error.reason != reason:
            raise
