"""`edgewise logs --from aws`: what the edge functions wrote in all regions, and apps in theirs; a block a request."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgewise.cli.terminal import printable, printable_lines

if TYPE_CHECKING:
    from edgewise.cloud.edgejoin import Invocation, Request
    from edgewise.cloud.edgelogs import EdgeLogs, Page, Trouble
    from edgewise.cloud.tail import Tail

_EVERY_S: Final = 2.0
_NOTHING: Final = "No region has a log of these functions: none ran yet, or they are not deployed."
LAST_S: Final = 600.0  # without --since
Wanted = Callable[[Mapping[str, Any]], bool]


class Printer:
    """Prints requests, and each trouble of a region once until it changes.

    With `records` functions say on standard output what each request was: an invocation that does not, as at a trigger
    that makes no record, is left out if it prints nothing either.
    """

    def __init__(self, as_json: bool, wanted: Wanted, *, records: bool) -> None:
        self._as_json = as_json
        self._wanted = wanted
        self._records = records
        self._troubles: dict[str, str] = {}
        self._told_groups = False  # whether it was looked if there are any

    def request(self, request: Request, again: bool = False) -> None:
        if (self._records and request.is_silent) or not self._wanted(request.facts):
            return
        if self._as_json:
            print(json.dumps(facts(request, again)))
        else:
            print("\n".join(block(request, again)))

    def page(self, page: Page) -> None:
        """What is to be said of a reading as a whole."""
        self.troubles(page.troubles)
        if not self._told_groups and not page.groups:
            print(_NOTHING, file=sys.stderr)
        self._told_groups = True

    def troubles(self, troubles: Iterable[Trouble]) -> None:
        """Told on the standard error, or as objects between the others."""
        now = {one.region: one.why for one in troubles}
        fresh = [one for one in troubles if self._troubles.get(one.region) != one.why]
        back = sorted(self._troubles.keys() - now.keys())
        self._troubles = now
        if self._as_json:
            for one in fresh:
                print(json.dumps({"event": "trouble", "region": one.region, "why": one.why}))
            for region in back:
                print(json.dumps({"event": "back", "region": region}))
            return
        for line in _in_words(fresh, back):
            print(printable(line), file=sys.stderr)


def _in_words(troubles: list[Trouble], back: list[str]) -> Iterator[str]:
    for one in troubles:
        if not one.is_off:
            yield f"{one.region}: {one.why}"
    if off := [one.region for one in troubles if one.is_off]:
        yield f"not enabled in this account, and left out: {', '.join(off)}"
    for region in back:
        yield f"{region}: answers again"


def print_edge_logs(
    directory: Path,
    wanted: Wanted,
    since_s: float | None,
    pause: Callable[[float], bool] | None,
    *,
    as_json: bool,
) -> None:
    """Print what was logged since so many seconds before now. With `pause` go on, until it says that it is over."""
    from edgewise.cloud.asking import account_of
    from edgewise.cloud.clients import Clients
    from edgewise.cloud.edgelogs import EdgeLogs, distributions_of
    from edgewise.cloud.tail import Tail
    from edgewise.site import function_names, image_name, load_site

    site = load_site(directory)
    aws = Clients()
    account_of(aws)  # first, so that credentials that are over are told once, and not by every region
    distributions, why = distributions_of(aws, site.name)
    if why:
        print(printable(f"CloudFront's own log of refused results is left out: {why}"), file=sys.stderr)
    apps = {image_name(site.name, one.name): one.region for one in site.images}
    logs = EdgeLogs(aws, function_names(site.name), distributions, apps=apps)
    printer = Printer(as_json, wanted, records=site.log is not None and site.log.delivery == "stdout")
    before = since_s if since_s is not None else 0 if pause else LAST_S
    start_ms = int((time.time() - before) * 1000)
    if pause:
        follow(logs, start_ms, printer, pause, Tail())
    else:
        _once(logs, start_ms, printer)


def _once(logs: EdgeLogs, start_ms: int, printer: Printer) -> None:
    from edgewise.cloud.edgejoin import join

    page = logs.read(start_ms)
    printer.troubles(page.troubles)
    for request in join(page.lines):
        printer.request(request)
    if not page.groups:
        print(_NOTHING, file=sys.stderr)


def follow(
    logs: EdgeLogs, start_ms: int, printer: Printer, pause: Callable[[float], bool], tail: Tail
) -> None:
    """Print requests as they come, until `pause` says that it is over."""
    from edgewise.cloud.edgelogs import Trouble
    from edgewise.cloud.errors import UnreachableError
    from edgewise.cloud.tail import OVERLAP_S

    since_ms = start_ms
    while True:
        begun_ms = int(time.time() * 1000)
        try:
            page = logs.read(since_ms)
        except UnreachableError as error:
            # Of a network that is gone for a while: what was logged meanwhile is read when it is back.
            printer.troubles([Trouble("AWS", error.message)])
        else:
            printer.page(page)
            tail.add(page.lines, time.monotonic())
            since_ms = max(start_ms, begun_ms - int(OVERLAP_S * 1000))
        for shown in tail.due(time.monotonic()):
            printer.request(shown.request, shown.again)
        sys.stdout.flush()
        if pause(_EVERY_S):
            return


def facts(request: Request, again: bool) -> dict[str, Any]:
    """A request as one JSON object."""
    return {
        "event": "request",
        "request_id": request.request_id,
        "time_ms": request.time_ms,
        "regions": list(request.regions),
        "again": again,
        "invocations": [
            {
                "function": one.function,
                "version": one.version,
                "region": one.region,
                "lambda_request_id": one.id,
                "duration_ms": one.duration_ms,
                "init_ms": one.init_ms,
                "status": one.status,
                "records": one.records,
                "printed": one.printed,
            }
            for one in request.invocations
        ],
        "validation": [line.message.rstrip() for line in request.validation],
    }


def block(request: Request, again: bool) -> list[str]:
    """A request as lines: what it was, and below what functions printed and what CloudFront refused."""
    known = request.facts
    moment = datetime.fromtimestamp(request.time_ms / 1000).astimezone()
    date = "" if moment.date() == datetime.now().astimezone().date() else f"{moment:%Y-%m-%d} "
    target = known.get("path", "-") + (f"?{known['query']}" if known.get("query") else "")
    status = known.get("status")
    head = (
        f"{date}{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}{'+' if again else ' '} "
        f"{known.get('method', '-'):<6} {'-' if status is None else f'{status:03}':>3}  {target}  "
        f"{', '.join(request.regions)}  {', '.join(map(_ran, request.invocations))}"
    )
    said = [
        f"{one.function}: {line}"
        for one in request.invocations
        for text in one.printed
        for line in printable_lines(text)
    ]
    said += [f"CloudFront: {line.message.strip()}" for line in request.validation]
    id_line = [f"request {request.request_id}"] if said and request.request_id else []
    return [printable(head.rstrip()), *(f"    {printable(line)}" for line in (*id_line, *said))]


def _ran(invocation: Invocation) -> str:
    took = "" if invocation.duration_ms is None else f" {invocation.duration_ms:.1f} ms"
    cold = f" cold {invocation.init_ms:.0f} ms" if invocation.init_ms is not None else ""
    status = f" {invocation.status}" if invocation.status else ""
    # An app's function has one version, the newest.
    version = f":{invocation.version}" if invocation.version not in ("", "$LATEST") else ""
    return f"{invocation.function}{version}{took}{cold}{status}"
