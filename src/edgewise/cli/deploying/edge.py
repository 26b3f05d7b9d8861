"""What a deployment does in the regions of the edge, beside the stack: logs' days, where lines go, alarms.

There is what the site file says, as far as the stack has the roles for it; what is there and neither of them says is
taken away. A region that refuses is named, and nothing ends: the site works without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from edgewise.cli.deploying.screen import Screen
from edgewise.cloud.clients import Clients
from edgewise.cloud.errors import CloudError
from edgewise.cloud.loggroups import set_retention, subscribe, unsubscribe
from edgewise.cloud.placed import Placed, What
from edgewise.cloud.regions import Kept
from edgewise.cloud.watch import unwatch, watch
from edgewise.site import Site, Subscription

_CALLED: Final = {"alarms": "alarms", "lines": "subscriptions"}
_NO_ROLE: Final = "the stack has no role for that yet; `edgewise deploy` brings it"


def keep_regions(
    site: Site,
    aws: Clients,
    outputs: Mapping[str, str],
    screen: Screen,
    *,
    log_days: int | None,
    placed: Placed | None = None,
) -> bool:
    """See to the regions; `outputs` are the stack's. Whether all of them took it.

    With 0 `log_days` logs are kept as they are; with None as the site file says. What is not wanted is taken away,
    unless `placed` notes that there is none; where it cannot be read, in any case.
    """
    desk = _Regions(site.name, aws, screen, placed)
    fine = []
    days = log_days if log_days is not None else site.log.retention_days if site.log else None
    if site.runs_functions and days != 0:
        fine.append(
            desk.do("logs are kept as they were", lambda: set_retention(aws, site.name, days)),
        )
    subscription = site.log.subscription if site.log and site.runs_functions else None
    fine.append(desk.lines(subscription, outputs.get("EdgeLogsRoleArn")))
    fine.append(desk.alarms(site, outputs.get("EdgeAlarmsRoleArn")))
    return all(fine)


def leave_regions(site_name: str, aws: Clients, screen: Screen) -> bool:
    """Take alarms and subscriptions away, whatever site file and stack say; log groups stay. Whether all is gone."""
    desk = _Regions(site_name, aws, screen, None)
    return all([desk.end_lines(), desk.end_alarms()])


@dataclass(frozen=True, slots=True)
class _Regions:
    """The regions of a site, and where their troubles are told. Each method says whether all went well."""

    site_name: str
    aws: Clients
    screen: Screen
    placed: Placed | None

    def lines(self, wanted: Subscription | None, role: str | None) -> bool:
        """Hand lines on as is wanted, and nowhere else."""
        if wanted and wanted.needs_role and not role:
            self.screen.note(f"lines are not handed on: {_NO_ROLE}")
            self.end_lines()
            return False
        if wanted is None:
            return self.end_lines()
        return self._put(
            "lines",
            "lines are not handed on as the site file says",
            lambda: subscribe(self.aws, self.site_name, wanted, role),
        )

    def alarms(self, site: Site, role: str | None) -> bool:
        """Watch the regions as is wanted, or no more."""
        if site.alarms and site.runs_functions and role:
            return self._put("alarms", "functions are not watched", lambda: watch(self.aws, site, role))
        if site.alarms and site.runs_functions:
            self.screen.note(f"regions are not watched: {_NO_ROLE}")
            self.end_alarms()
            return False
        if role:
            self.screen.note("regions are not watched: the stack has alarms, and the site file has none now")
        return self.end_alarms()

    def end_lines(self) -> bool:
        """Hand nothing on any more."""
        return self._end(
            "lines", "lines may still be handed on", lambda: unsubscribe(self.aws, self.site_name)
        )

    def end_alarms(self) -> bool:
        """Watch nothing any more."""
        return self._end("alarms", "alarms may still be there", lambda: unwatch(self.aws, self.site_name))

    def do(self, otherwise: str, act: Callable[[], list[Kept]]) -> bool:
        """Act in all regions, and tell of those that refuse what is `otherwise`."""
        try:
            troubles = [one for one in act() if one.trouble and not one.is_off]
        except CloudError as error:
            self.screen.note(f"{otherwise}, in every region: {error.message}")
            return False
        for one in troubles:
            self.screen.note(f"{otherwise} in {one.region}: {one.trouble}")
        return not troubles

    def _put(self, what: What, otherwise: str, act: Callable[[], list[Kept]]) -> bool:
        noted = self._note(what, gone=False)
        return self.do(otherwise, act) and noted

    def _end(self, what: What, otherwise: str, act: Callable[[], list[Kept]]) -> bool:
        if not self._may_hold(what):
            return True
        # One that is not noted is looked for again.
        return self.do(otherwise, act) and self._note(what, gone=True)

    def _may_hold(self, what: What) -> bool:
        try:
            return self.placed is None or self.placed.holds(what)
        except CloudError:
            return True

    def _note(self, what: What, *, gone: bool) -> bool:
        """Write a note, and tell if that is refused: without it something may be left later."""
        try:
            if self.placed:
                (self.placed.remove if gone else self.placed.add)(what)
        except CloudError as error:
            self.screen.note(f"not noted whether there are {_CALLED[what]} in the regions: {error.message}")
            return False
        return True
