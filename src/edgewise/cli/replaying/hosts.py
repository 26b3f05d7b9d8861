"""Names of hosts in the log that the running site does not have: each of their requests is a 403."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edgewise.cli.control import CommandError, Control, request_path
from edgewise.cli.replaying.sending import Tally
from edgewise.cli.runs import Run

_ASKED: Final = 20  # names


@dataclass(frozen=True, slots=True)
class StrangeHost:
    """A name that no distribution answers to, how many requests asked for it, and what the site says about it."""

    name: str
    requests: int
    why: str


def strange_hosts(run: Run | None, tally: Tally) -> list[StrangeHost]:
    """Those hosts that the running site refused because of their names, the commonest first.

    The site is asked about the last 403 of each name: a 403 may have other reasons, and the site forgets old requests.
    """
    if run is None or not run.control or not tally.forbidden:
        return []
    from edgewise.cdn.hosts import NOT_SERVED

    control = Control(run.control)
    found = []
    for host, count in tally.forbidden.most_common(_ASKED):
        try:
            why = control.get(request_path(tally.last_forbidden[host], reveal=False))["detail"]
        except CommandError:
            continue  # it is forgotten, or the site has ended: nothing is known then
        if why.startswith(NOT_SERVED):
            found.append(StrangeHost(host, count, why))
    return found
