"""What stands of a site on AWS now: outputs, versions, images, and what stands for all of it. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgewise.cloud import history
from edgewise.cloud.apps import app_regions
from edgewise.cloud.deployed import Deployed
from edgewise.cloud.estate import Estate
from edgewise.cloud.package import notes_of
from edgewise.cloud.parameters import images_of
from edgewise.cloud.versions import Trigger, associations, number_of


@dataclass(frozen=True, slots=True)
class Result:
    """What is deployed: the stack's outputs, the version number at each trigger, the deployment's number (0: none new).

    `settings_hash` is what records of the site carry; `recorded` says whether every request of the default behavior
    leaves one in the functions' logs.
    """

    outputs: Mapping[str, str]
    versions: Mapping[Trigger, int | None]
    number: int
    settings_hash: str
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """The site's own stack and those of its apps, by their regions."""

    own: Deployed
    apps: Mapping[str, Deployed]

    @property
    def images(self) -> dict[str, str]:
        """The images that the functions run, by their parameters."""
        stacks = (self.own, *self.apps.values())
        return images_of({name: value for one in stacks for name, value in one.parameters.items()})

    @property
    def state(self) -> str:
        """What stands for all that is deployed, as the history has it; empty if it was not deployed by us."""
        templates = {region: one.template for region, one in self.apps.items()}
        return history.state_of(history.recipe_of(self.own.template), templates, self.images)


def standing(estate: Estate) -> Standing | None:
    """What stands; None if nothing is deployed."""
    own = estate.stack.read()
    if own is None:
        return None
    found = {region: estate.app_stack(region).read() for region in app_regions(own)}
    return Standing(own, {region: one for region, one in found.items() if one})


def result_of(deployed: Deployed, settings_hash: str, number: int = 0) -> Result:
    """What everybody meets; `number` is that of the deployment that brought it."""
    served = associations(deployed.template)
    versions = {trigger: number_of(deployed.physical.get(one, one)) for trigger, one in served.items()}
    recorded = bool(notes_of(deployed.template).get("Recorded"))
    return Result(deployed.outputs, versions, number, settings_hash, recorded)
