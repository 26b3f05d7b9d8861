"""Plans a staged change and its end, and says what is staged. Reads only: `deploy.py` carries the plans out.

The deployed template remembers what is staged in its metadata; both sides' templates are in the assets bucket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from edgewise.cloud import history
from edgewise.cloud.apps import plan_apps
from edgewise.cloud.asking import Aws, called
from edgewise.cloud.assets import Assets, template_key
from edgewise.cloud.errors import CloudError, StagingError
from edgewise.cloud.package import METADATA, Package
from edgewise.cloud.parameters import Values, images_of, values_of
from edgewise.cloud.plan import Change, changes, same
from edgewise.cloud.planning import Plan, numbers_of, plan_of, seen, usable
from edgewise.cloud.stack import Deployed, Stack
from edgewise.cloud.staging import POLICY, STAGING, detached, is_staged, staged, traffic_of
from edgewise.cloud.traffic import Traffic
from edgewise.cloud.versions import Trigger, associations, number_of, with_old_versions

_STAGED: Final = "Staged"


@dataclass(frozen=True, slots=True)
class Staged:
    """A change that is staged: for whom, the settings and the version at each trigger that they meet.

    `template` is the key of its template in the assets bucket, `distribution` the id of the second distribution.
    """

    traffic: Traffic
    settings_hash: str
    versions: Mapping[Trigger, int | None]
    template: str
    distribution: str


def what_is_staged(deployed: Deployed | None) -> Staged | None:
    """The change that is staged in a stack; None if none is."""
    if deployed is None or deployed.is_remains or not is_staged(deployed.template):
        return None
    facts = deployed.template["Metadata"][METADATA][_STAGED]
    served = associations(deployed.template, staging=True)
    return Staged(
        traffic_of(deployed.template),
        facts["Settings"],
        {trigger: number_of(deployed.physical.get(one, one)) for trigger, one in served.items()},
        facts["Template"],
        deployed.physical.get(STAGING, ""),
    )


def plan_stage(aws: Aws, stack: Stack, assets: Assets, package: Package, traffic: Traffic) -> Plan:
    """What staging this for `traffic` would change; a change that is staged already gives way to it.

    Raises `StagingError` when there is nothing to stage, or nothing to stage it beside, and `BusyError`.
    """
    deployed = usable(stack.ours(), stack.name)
    if deployed is None or deployed.is_remains:
        raise StagingError(
            "nothing is deployed yet that visitors could meet instead",
            file=stack.name,
            hint="The first deployment is for everybody: `edgewise deploy`.",
        )
    base = _everybodys(assets, deployed)
    promoted = detached(with_old_versions(package.template, base), base)
    if same(promoted, base):
        raise StagingError(
            "the site is deployed as it is: there is nothing to try out",
            file=stack.name,
            hint="`edgewise abandon` takes back what is staged." if is_staged(deployed.template) else None,
        )
    _refuse_apps(aws, stack, package, deployed)
    template = staged(base, package.template, traffic)
    values = values_of(template, package.images, deployed.parameters)
    _refuse_images(values, deployed)
    template["Metadata"] = package.template.get("Metadata", {}) | {
        METADATA: {
            **{key: one for key, one in deployed.template["Metadata"][METADATA].items() if key != _STAGED},
            _STAGED: {"Template": template_key(package.template), "Settings": package.settings_hash},
        }
    }
    numbers = numbers_of(aws, deployed, promoted)
    told = tuple(_tried(one) for one in changes(promoted, base, numbers))
    who = Change("add", POLICY, f"staged, for {traffic.sentence}; everybody else meets what is deployed:")
    return Plan(package, template, (who, *told), seen(deployed), deployed, action="stage", values=values)


def plan_promotion(aws: Aws, stack: Stack, assets: Assets) -> Plan:
    """What bringing the staged change to everybody would change. Raises `StagingError` if none is staged."""
    _, found = _found(stack)
    package = Package(assets.get(found.template), (), found.settings_hash)
    return plan_of(aws, stack, package, ends="promote")


def plan_abandoning(aws: Aws, stack: Stack, assets: Assets) -> Plan:
    """What taking the staged change back would change. Raises `StagingError` if none is staged."""
    deployed, _ = _found(stack)
    entry = _entry(assets, deployed)
    package = Package(assets.get(entry.template), (), entry.settings_hash)
    return plan_of(aws, stack, package, ends="abandon")


def is_gone(aws: Aws, distribution: str) -> bool:
    """Whether a staged change's distribution is deleted. CloudFormation goes on when it cannot delete one."""
    client = aws("cloudfront")
    try:
        called(distribution, lambda: client.get_distribution(Id=distribution))
    except CloudError as error:
        if error.reason == "NoSuchDistribution":
            return True
        raise
    return False


def _found(stack: Stack) -> tuple[Deployed, Staged]:
    deployed = stack.ours()
    found = what_is_staged(deployed)
    if deployed is None or found is None:
        raise StagingError(
            "no change is staged",
            file=stack.name,
            hint="`edgewise stage --percent 5` stages the site as it is here.",
        )
    return deployed, found


def _refuse_apps(aws: Aws, stack: Stack, package: Package, deployed: Deployed) -> None:
    """Raises `StagingError` when an app of another region would change: it has no second side."""
    for one in plan_apps(aws, stack.name, package.apps or {}, package.images, deployed, usable):
        if not one.nothing:
            raise StagingError(
                f"the app in {one.region} would change for everybody at once",
                file=one.stack,
                hint="Deploy that first, with `edgewise deploy`, and stage the rest.",
            )


def _refuse_images(values: Values, deployed: Deployed) -> None:
    """Raises `StagingError` when a function would run another image: it answers both sides."""
    there = images_of(deployed.parameters)
    changed = sorted(name for name, image in there.items() if values.get(name, image) != image)
    if changed:
        raise StagingError(
            f"this would change for everybody at once: {', '.join(changed)}",
            file=deployed.id.split("/")[1],
            hint="Deploy that first, with `edgewise deploy --image`, and stage the rest.",
        )


def _everybodys(assets: Assets, deployed: Deployed) -> Mapping[str, Any]:
    """The template as it would be without a staged change."""
    entry = _entry(assets, deployed)
    if not is_staged(deployed.template):
        return deployed.template
    recipe = assets.get(entry.template)
    return detached(with_old_versions(recipe, deployed.template), deployed.template)


def _entry(assets: Assets, deployed: Deployed) -> history.Entry:
    """The deployment that everybody meets."""
    recipe = history.recipe_of(deployed.template)
    for one in reversed(history.entries(assets)) if recipe and assets.exists() else ():
        if one.recipe == recipe:
            return one
    raise StagingError(
        "what is deployed is not in the history, so that nothing could go back to it",
        hint="Deploy once with `edgewise deploy`; then stage.",
    )


def _tried(change: Change) -> Change:
    """A change of everybody's template, as one that is tried first."""
    if change.verb == "remove":
        return replace(change, sentence=f"{change.sentence}; not before it is promoted", loses_data=False)
    return change
