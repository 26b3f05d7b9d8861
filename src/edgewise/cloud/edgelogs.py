"""The logs of the edge functions, of all regions at once: each region where a function ran has a group of its own.

CloudFront writes besides why it could not use what a function returned, into a group of the distribution in the same
regions. The function of an app has one group, in the region where it runs. A region that refuses or does not answer is
named, and the others are read. What the lines mean is the matter of `edgejoin.py`.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from edgewise.cloud.asking import called, is_throttled
from edgewise.cloud.clients import HOME_REGION, Clients
from edgewise.cloud.edgejoin import APP_GROUP, FUNCTION_GROUP, VALIDATION_GROUP, Line, record_in
from edgewise.cloud.errors import CloudError
from edgewise.cloud.staging import STAGING_OUTPUT
from edgewise.site import function_names
from edgewise.site.regions import POSITIONS

MOST_LINES: Final = 50_000  # of a group, in one reading
_AT_ONCE: Final = 16
_MISSING: Final = "ResourceNotFoundException"
_NOT_ENABLED: Final = frozenset({"AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"})
# How long a group that is not there is not looked for again, in seconds.
_LOOK_AGAIN: Final = 30.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a region's lines are not there, or not all. `is_off` is of a region that the account has not enabled."""

    region: str
    why: str
    is_off: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """What one reading found: lines by time, and what could not be read. `groups` says how many are there."""

    lines: tuple[Line, ...]
    troubles: tuple[Trouble, ...]
    groups: int


@dataclass(slots=True)
class _Asked:
    region: str
    lines: list[Line] = field(default_factory=list)
    groups: int = 0
    error: CloudError | None = None
    cut: bool = False


class EdgeLogs:
    """Reads the groups of functions, and of distributions whose ids are given, in all regions.

    `apps` are the functions of apps, each with its region.
    """

    def __init__(
        self,
        aws: Clients,
        functions: Sequence[str],
        distributions: Sequence[str] = (),
        regions: Iterable[str] = POSITIONS,
        *,
        apps: Mapping[str, str] = MappingProxyType({}),
        most_lines: int = MOST_LINES,
    ) -> None:
        """At most `most_lines` of a group are read at a time."""
        self._aws = aws
        self._groups = [f"{FUNCTION_GROUP}{name}" for name in functions]
        self._groups += [f"{VALIDATION_GROUP}{one}" for one in distributions]
        self._regions = tuple(dict.fromkeys((*regions, *apps.values())))
        self._apps = apps
        self._most_lines = most_lines
        self._absent: dict[tuple[str, str], float] = {}

    def read(self, since_ms: int, until_ms: int | None = None, text: str = "") -> Page:
        """The lines from a moment on, to another; with `text` those alone that contain it.

        Raises `CloudError` only when no region can be read at all.
        """
        with ThreadPoolExecutor(min(_AT_ONCE, len(self._regions)), "edgewise-logs") as threads:
            asked = list(
                threads.map(lambda region: self._of_region(region, since_ms, until_ms, text), self._regions)
            )
        failed = {one.region: one.error for one in asked if one.error}
        if len(failed) == len(asked):
            raise failed.get(HOME_REGION) or next(iter(failed.values()))
        lines = sorted((line for one in asked for line in one.lines), key=lambda line: line.time_ms)
        troubles = tuple(_trouble(one) for one in asked if one.error or one.cut)
        return Page(tuple(lines), troubles, sum(one.groups for one in asked))

    def _of_region(self, region: str, since_ms: int, until_ms: int | None, text: str) -> _Asked:
        asked = _Asked(region)
        for group in self._groups_in(region):
            absent = self._absent.get((region, group))
            if absent is not None and time.monotonic() - absent < _LOOK_AGAIN:
                continue
            try:
                found = self._of_group(region, group, since_ms, until_ms, text)
            except CloudError as error:
                if error.reason != _MISSING:
                    asked.error = error
                    return asked
                self._absent[region, group] = time.monotonic()
                continue
            asked.groups += 1
            asked.cut = asked.cut or len(found) >= self._most_lines
            asked.lines += found
        return asked

    def _groups_in(self, region: str) -> list[str]:
        return [
            *self._groups,
            *(f"{APP_GROUP}{name}" for name, where in self._apps.items() if where == region),
        ]

    def _of_group(
        self, region: str, group: str, since_ms: int, until_ms: int | None, text: str
    ) -> list[Line]:
        wanted: dict[str, Any] = {"logGroupName": group, "startTime": max(0, since_ms)}
        if until_ms is not None:
            wanted["endTime"] = until_ms
        if text:
            # A phrase in quotes is found wherever it stands ("Filter pattern syntax" of CloudWatch Logs).
            wanted["filterPattern"] = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        client = self._aws("logs", region)
        lines: list[Line] = []
        while len(lines) < self._most_lines:
            # Pages may be empty and not the last: only a missing token ends them.
            page = called(f"{region} {group}", functools.partial(client.filter_log_events, **wanted))
            lines += [_line(region, group, event) for event in page.get("events", ())]
            if not page.get("nextToken"):
                break
            wanted["nextToken"] = page["nextToken"]
        return lines[: self._most_lines]


def find(
    aws: Clients, site_name: str, text: str, since_ms: int, fits: Callable[[dict[str, Any]], bool] = bool
) -> dict[str, Any] | None:
    """The first record of a site's functions, in any region, whose line contains a text, such as a request's id.

    Of those that contain it the first that `fits` likes.

    Raises `CloudError` when no region can be read.
    """
    page = EdgeLogs(aws, function_names(site_name)).read(since_ms, text=text)
    records = (record_in(line.message) for line in page.lines if text in line.message)
    return next((record for record in records if record and fits(record)), None)


def is_off(error: CloudError) -> bool:
    """Whether a region refuses credentials that others take, as one does that the account has not enabled."""
    return error.reason in _NOT_ENABLED


def distributions_of(aws: Clients, stack: str) -> tuple[list[str], str]:
    """The ids of the site's distribution and of that of a staged change; none, and why, where they cannot be had."""
    try:
        told = called(stack, lambda: aws("cloudformation").describe_stacks(StackName=stack))["Stacks"][0]
    except CloudError as error:
        return [], error.message
    outputs = {one["OutputKey"]: one["OutputValue"] for one in told.get("Outputs", ())}
    found = [outputs[key] for key in ("DistributionId", STAGING_OUTPUT) if key in outputs]
    return found, "" if found else f"the stack {stack} has no output DistributionId"


def _line(region: str, group: str, event: dict[str, Any]) -> Line:
    return Line(region, group, event["logStreamName"], event["timestamp"], event["message"], event["eventId"])


def _trouble(asked: _Asked) -> Trouble:
    error = asked.error
    if error is None:
        return Trouble(asked.region, "a group has more lines than are read at a time: ask for less time")
    if is_off(error):
        return Trouble(asked.region, "not enabled in this account", is_off=True)
    if is_throttled(error):
        return Trouble(asked.region, f"asked too often ({error.reason}): lines may be missing")
    return Trouble(asked.region, error.message)
