"""Makes a plan: reads what is deployed, and says what another template would change of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from edgewise.cloud.apps import AppPlan, app_regions, plan_apps
from edgewise.cloud.asking import Aws, pages
from edgewise.cloud.detaching import stray_policy
from edgewise.cloud.drift import drift_of, image_drift_of
from edgewise.cloud.errors import BusyError, CloudError
from edgewise.cloud.package import METADATA, Package, digest_of
from edgewise.cloud.parameters import Values, value_changes, values_of
from edgewise.cloud.plan import Change, Numbers, changes, highest_numbers, same
from edgewise.cloud.stack import Deployed, Stack
from edgewise.cloud.staging import detached, refuse_staged
from edgewise.cloud.versions import FUNCTION, with_old_versions

# What cannot be deployed to, by the stack's status: why, and what to do.
_UNFIT = {
    "DELETE_FAILED": (
        "the site is being taken down, and a part of it is still there",
        "Run `edgewise destroy` again, some hours after the first time; then deploy.",
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "CloudFormation could not go back after an update that failed",
        "aws cloudformation continue-update-rollback --region {region} --stack-name {stack}",
    ),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deployment would do. `template` is what CloudFormation gets; `seen` stands for what was there.

    `again` is the number of the earlier deployment that it brings back, or 0. `action` is what the run is called.
    `values` are those of the template's parameters, as far as they are known; `apps` has the plans of the other stacks,
    `drift` what was changed on AWS behind the stack's back. `stray` is a policy of a staged change that CloudFront
    still has, and the stack has not: it is taken off.
    """

    package: Package
    template: dict[str, Any]
    changes: tuple[Change, ...]
    seen: str
    deployed: Deployed | None
    again: int = 0
    action: str = "deploy"
    values: Values = field(default_factory=dict)
    apps: tuple[AppPlan, ...] = ()
    drift: tuple[str, ...] = ()
    stray: str = ""

    @property
    def creates(self) -> bool:
        """Whether there is no stack to update."""
        return self.deployed is None or self.deployed.is_remains

    @property
    def nothing(self) -> bool:
        """Whether everything is deployed already."""
        if (
            self.creates
            or self.stray
            or self.deployed is None
            or not same(self.template, self.deployed.template)
        ):
            return False
        changed = any(value_changes(self.values, self.deployed.parameters))
        return not changed and all(one.nothing for one in self.apps)

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


def plan_of(
    aws: Aws,
    stack: Stack,
    package: Package,
    again: int = 0,
    *,
    ends: str = "",
    regions: Iterable[str] = (),
) -> Plan:
    """What deploying this would change. Reads only. Raises `BusyError` and `StackError`.

    While a change is staged it raises `StagingError`, unless the plan `ends` that: by "promote" or "abandon". In
    `regions` apps may be, besides those that the deployed site notes.
    """
    deployed = usable(stack.ours(), stack.name)
    old = None if deployed is None or deployed.is_remains else deployed.template
    if old and not ends:
        refuse_staged(old, stack.name)
    there = None if old is None else deployed
    stray = stray_policy(aws, there)
    template = detached(with_old_versions(package.template, old or {}), old or {}, stray)
    apps: tuple[AppPlan, ...] = ()
    if package.apps is not None:
        # What a failed first deployment left behind notes its apps too.
        known = (*app_regions(deployed), *regions)
        apps = tuple(plan_apps(aws, stack.name, package.apps, package.images, there, usable, regions=known))
    notes = template.get("Metadata", {})
    template["Metadata"] = notes | {
        METADATA: {
            **notes.get(METADATA, {}),
            "Recipe": package.recipe,
            "Settings": package.settings_hash,
            **_regions(package, there),
        }
    }
    before = there.parameters if there else {}
    values = values_of(template, {**_hosts(template, apps), **package.images}, before)
    told = (
        *_taken_off(stray),
        *value_changes(values, before),
        *changes(template, old, numbers_of(aws, deployed, template)),
    )
    action = ends or ("rollback" if again else "deploy")
    stacks = (there, *(one.deployed for one in apps))
    drift = (*drift_of(aws, there), *(each for one in stacks for each in image_drift_of(aws, one)))
    return Plan(package, template, told, seen(deployed), deployed, again, action, values, apps, drift, stray)


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
        there = one.deployed.outputs if one.deployed and not one.deployed.is_remains else {}
        known |= {name: there.get(name) for name in one.template.get("Outputs", {})}
    return {name: known[name] for name in template.get("Parameters", {}) if name in known}


def numbers_of(aws: Aws, deployed: Deployed | None, template: Mapping[str, Any]) -> Numbers:
    """The numbers that the template's function versions have, or will get."""
    physical = deployed.physical if deployed else {}
    return Numbers(physical, highest_numbers(template, _published(aws, template)))


def usable(deployed: Deployed | None, stack: str) -> Deployed | None:
    """The stack, if something can be deployed to it. Raises `BusyError`."""
    if deployed is None:
        return None
    if deployed.in_progress:
        raise BusyError(
            f"the stack is being changed: {deployed.status}", file=stack, hint="Wait until that is done."
        )
    if deployed.status in _UNFIT:
        why, hint = _UNFIT[deployed.status]
        raise BusyError(why, file=stack, hint=hint.format(stack=stack, region=deployed.id.split(":")[3]))
    return deployed


def seen(deployed: Deployed | None) -> str:
    """What stands for a stack as it is: another deployment is another text."""
    if deployed is None:
        return ""
    return digest_of([deployed.id, deployed.template, dict(deployed.parameters)])


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
