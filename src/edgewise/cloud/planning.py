"""Makes a plan: reads what is deployed, and says what another template would change of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edgewise.cloud.apps import AppPlan, app_regions, plan_apps
from edgewise.cloud.asking import Aws, pages
from edgewise.cloud.deployed import Deployed, seen, usable, whole
from edgewise.cloud.detaching import stray_policy
from edgewise.cloud.drift import drift_of
from edgewise.cloud.errors import CloudError
from edgewise.cloud.estate import Estate
from edgewise.cloud.package import Package, digest_of, note
from edgewise.cloud.parameters import Values, value_changes, values_of
from edgewise.cloud.plan import Change, Numbers, changes, highest_numbers
from edgewise.cloud.planned import StackPlan
from edgewise.cloud.staging import detached, refuse_staged
from edgewise.cloud.versions import FUNCTION, with_old_versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(StackPlan):
    """What a deployment would do with the site's own stack and all others. `seen` stands for what was there.

    `again` is the number of the earlier deployment that it brings back, or 0. `action` is what the run is called.
    `apps` has the plans of the other stacks, `drift` what was changed on AWS behind the stacks' back. `stray` is a
    policy of a staged change that CloudFront still has, and the stack has not: it is taken off.
    """

    package: Package
    template: dict[str, Any]
    seen: str
    again: int = 0
    action: str = "deploy"
    apps: tuple[AppPlan, ...] = ()
    drift: tuple[str, ...] = ()
    stray: str = ""

    @property
    def nothing(self) -> bool:
        """Whether everything is deployed already."""
        return self.unchanged and not self.stray and all(one.unchanged for one in self.apps)

    @property
    def losses(self) -> list[Change]:
        """What nothing would bring back."""
        told = (*self.changes, *(change for app in self.apps for change in app.changes))
        return [one for one in told if one.loses_data]

    @property
    def digest(self) -> str:
        """What stands for all that is to be deployed."""
        apps = {one.region: [one.template, dict(one.values)] for one in self.apps}
        known = [self.template, dict(self.values), apps] if self.values or apps else self.template
        return digest_of(known)


def plan_of(estate: Estate, package: Package, again: int = 0, *, ends: str = "") -> Plan:
    """What deploying this would change. Reads only. Raises `BusyError` and `StackError`.

    While a change is staged it raises `StagingError`, unless the plan `ends` that: by "promote" or "abandon".
    """
    aws, deployed = estate.aws, usable(estate.stack.ours())
    there = whole(deployed)
    old = there.template if there else None
    if old and not ends:
        refuse_staged(old, estate.name)
    stray = stray_policy(aws, there)
    template = detached(with_old_versions(package.template, old or {}), old or {}, stray)
    apps: tuple[AppPlan, ...] = ()
    if package.apps is not None:
        apps = tuple(plan_apps(estate, package, deployed, regions=estate.journal.regions()))
    note(template, {"Recipe": package.recipe, "Settings": package.settings_hash, **_regions(package, there)})
    before = there.parameters if there else {}
    values = values_of(template, {**_hosts(template, apps), **package.images}, before)
    told = (
        *_taken_off(stray),
        *value_changes(values, before),
        *changes(template, old, numbers_of(aws, deployed, template)),
    )
    return Plan(
        package=package,
        template=template,
        values=values,
        changes=told,
        deployed=deployed,
        seen=seen(deployed),
        again=again,
        action=ends or ("rollback" if again else "deploy"),
        apps=apps,
        drift=drift_of(aws, there, *(one.deployed for one in apps)),
        stray=stray,
    )


def _taken_off(stray: str) -> Iterator[Change]:
    if stray:
        what = f"the policy {stray} of a staged change is taken off: everybody meets what is deployed"
        yield Change("remove", "Distribution", what)


def _regions(package: Package, deployed: Deployed | None) -> dict[str, list[str]]:
    """Where the site's apps are, as its own template notes it."""
    regions = app_regions(deployed) if package.apps is None else package.apps
    return {"Apps": sorted(regions)} if regions else {}


def _hosts(template: Mapping[str, Any], apps: tuple[AppPlan, ...]) -> Values:
    """The parameters that outputs of the apps give; those of an app that is not there yet are not known."""
    known: dict[str, str | None] = {}
    for one in apps:
        if one.template is None:
            continue
        there = whole(one.deployed)
        known |= {
            name: there.outputs.get(name) if there else None for name in one.template.get("Outputs", {})
        }
    return {name: known[name] for name in template.get("Parameters", {}) if name in known}


def numbers_of(aws: Aws, deployed: Deployed | None, template: Mapping[str, Any]) -> Numbers:
    """The numbers that the template's function versions have, or will get."""
    physical = deployed.physical if deployed else {}
    return Numbers(physical, highest_numbers(template, _published(aws, template)))


def _published(aws: Aws, template: Mapping[str, Any]) -> dict[str, int]:
    """The highest version number of each function, by its name on AWS."""
    names = [
        one["Properties"]["FunctionName"]
        for one in template["Resources"].values()
        if one["Type"] == FUNCTION and "FunctionName" in one["Properties"]
    ]
    return {name: _highest(aws, name) for name in names}


def _highest(aws: Aws, function: str) -> int:
    try:
        found = pages(function, aws("lambda"), "list_versions_by_function", FunctionName=function)
        numbers = [one["Version"] for page in found for one in page["Versions"]]
    except CloudError as error:
        if error.reason == "ResourceNotFoundException":
            return 0
        raise
    return max((int(one) for one in numbers if one.isdigit()), default=0)
