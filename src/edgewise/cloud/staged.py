"""Plans a staged change and its end, and says what is staged. Reads only: `deploy.py` carries the plans out.

The deployed template remembers what is staged in its metadata; both sides' templates are in the assets bucket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from edgewise.cloud import history
from edgewise.cloud.apps import plan_apps
from edgewise.cloud.asking import Aws, called
from edgewise.cloud.assets import Assets, template_key
from edgewise.cloud.deployed import Deployed, seen, usable, whole
from edgewise.cloud.drift import drift_of
from edgewise.cloud.errors import CloudError, StagingError
from edgewise.cloud.estate import Estate
from edgewise.cloud.package import METADATA, Package, notes_of
from edgewise.cloud.parameters import Values, images_of, values_of
from edgewise.cloud.plan import Change, changes, same
from edgewise.cloud.planning import Plan, numbers_of, plan_of
from edgewise.cloud.staging import POLICY, STAGING, detached, is_staged, staged, traffic_of
from edgewise.cloud.traffic import Traffic
from edgewise.cloud.versions import Trigger, associations, number_of, with_old_versions

End = Literal["promote", "abandon"]
"""A staged change is brought to everybody, or taken back."""

_STAGED: Final = "Staged"


@dataclass(frozen=True, slots=True)
class Staged:
    """A change that is staged: for whom, the settings and the version at each trigger that they meet.

    `template` is the key of its template in the assets bucket, `distribution` the id of the second distribution. The
    change `has_own_settings` if their hash is not the one that everybody else meets.
    """

    traffic: Traffic
    settings_hash: str
    versions: Mapping[Trigger, int | None]
    template: str
    distribution: str
    has_own_settings: bool

    @property
    def marks(self) -> dict[str, str]:
        """The fields of a record, with their values, by each of which it tells that its request met the change."""
        return {
            "distribution_id": self.distribution,
            **({"settings_hash": self.settings_hash} if self.has_own_settings else {}),
        }


def what_is_staged(deployed: Deployed | None) -> Staged | None:
    """The change that is staged in a stack; None if none is."""
    deployed = whole(deployed)
    if deployed is None or not is_staged(deployed.template):
        return None
    notes = notes_of(deployed.template)
    facts = notes[_STAGED]
    served = associations(deployed.template, staging=True)
    return Staged(
        traffic_of(deployed.template),
        facts["Settings"],
        {trigger: number_of(deployed.physical.get(one, one)) for trigger, one in served.items()},
        facts["Template"],
        deployed.physical.get(STAGING, ""),
        # A deployment of an earlier Edgewise says nothing of its settings.
        facts["Settings"] != notes.get("Settings", facts["Settings"]),
    )


def plan_stage(estate: Estate, package: Package, traffic: Traffic) -> Plan:
    """What staging this for `traffic` would change; a change that is staged already gives way to it.

    Raises `StagingError` when there is nothing to stage, or nothing to stage it beside, and `BusyError`.
    """
    deployed = whole(usable(estate.stack.ours()))
    if deployed is None:
        raise StagingError(
            "nothing is deployed yet that visitors could meet instead",
            file=estate.name,
            hint="The first deployment is for everybody: `edgewise deploy`.",
        )
    base = _everybodys(estate.assets, deployed)
    promoted = detached(with_old_versions(package.template, base), base)
    if same(promoted, base):
        raise StagingError(
            "the site is deployed as it is: there is nothing to try out",
            file=estate.name,
            hint="`edgewise abandon` takes back what is staged." if is_staged(deployed.template) else None,
        )
    _refuse_apps(estate, package, deployed)
    template = staged(base, package.template, traffic)
    values = values_of(template, package.images, deployed.parameters)
    _refuse_images(values, deployed)
    template["Metadata"] = {**template.get("Metadata", {}), METADATA: _notes(package, deployed)}
    numbers = numbers_of(estate.aws, deployed, promoted)
    told = tuple(_tried(one) for one in changes(promoted, base, numbers))
    who = Change("add", POLICY, f"staged, for {traffic.sentence}; everybody else meets what is deployed:")
    return Plan(
        package=package,
        template=template,
        values=values,
        changes=(who, *told),
        deployed=deployed,
        seen=seen(deployed),
        action="stage",
        drift=drift_of(estate.aws, deployed),
    )


def _notes(package: Package, deployed: Deployed) -> dict[str, Any]:
    """What the template says of itself: of the deployment that everybody meets what it said, and what is staged."""
    staged = {"Template": template_key(package.template), "Settings": package.settings_hash}
    return {**notes_of(deployed.template), _STAGED: staged}


def plan_end(estate: Estate, how: End) -> Plan:
    """What ending the staged change would change. Raises `StagingError` if none is staged."""
    deployed, found = _found(estate)
    what: Staged | history.Entry = found if how == "promote" else _entry(estate.assets, deployed)
    package = Package(estate.assets.get(what.template), (), what.settings_hash)
    return plan_of(estate, package, ends=how)


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


def _found(estate: Estate) -> tuple[Deployed, Staged]:
    deployed = estate.stack.ours()
    found = what_is_staged(deployed)
    if deployed is None or found is None:
        raise StagingError(
            "no change is staged",
            file=estate.name,
            hint="`edgewise stage --percent 5` stages the site as it is here.",
        )
    return deployed, found


def _refuse_apps(estate: Estate, package: Package, deployed: Deployed) -> None:
    """Raises `StagingError` when an app of another region would change: it has no second side."""
    for one in plan_apps(estate, package, deployed):
        if not one.unchanged:
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
            file=deployed.name,
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
