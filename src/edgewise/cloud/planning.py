"""Makes a plan: reads what is deployed, and says what another template would change of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgewise.cloud.asking import Aws, pages
from edgewise.cloud.errors import BusyError, CloudError
from edgewise.cloud.package import METADATA, Package, digest_of
from edgewise.cloud.plan import Change, Numbers, changes, highest_numbers, same
from edgewise.cloud.stack import Deployed, Stack
from edgewise.cloud.versions import FUNCTION, with_old_versions

# What cannot be deployed to, by the stack's status: why, and what to do.
_UNFIT = {
    "DELETE_FAILED": (
        "the site is being taken down, and a part of it is still there",
        "Run `edgewise destroy` again, some hours after the first time; then deploy.",
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "CloudFormation could not go back after an update that failed",
        "aws cloudformation continue-update-rollback --region us-east-1 --stack-name {stack}",
    ),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deployment would do. `template` is what CloudFormation gets; `seen` stands for what was there.

    `again` is the number of the earlier deployment that it brings back, or 0.
    """

    package: Package
    template: dict[str, Any]
    changes: tuple[Change, ...]
    seen: str
    deployed: Deployed | None
    again: int = 0

    @property
    def creates(self) -> bool:
        """Whether there is no stack to update."""
        return self.deployed is None or self.deployed.is_remains

    @property
    def nothing(self) -> bool:
        """Whether everything is deployed already."""
        return not self.creates and self.deployed is not None and same(self.template, self.deployed.template)

    @property
    def losses(self) -> list[Change]:
        """What nothing would bring back."""
        return [one for one in self.changes if one.loses_data]


def plan_of(aws: Aws, stack: Stack, package: Package, again: int = 0) -> Plan:
    """What deploying this would change. Reads only. Raises `BusyError` and `StackError`."""
    deployed = usable(stack.ours(), stack.name)
    old = None if deployed is None or deployed.is_remains else deployed.template
    template = with_old_versions(package.template, old or {})
    template["Metadata"] = template.get("Metadata", {}) | {
        METADATA: {"Recipe": package.recipe, "Settings": package.settings_hash}
    }
    physical = deployed.physical if deployed else {}
    numbers = Numbers(physical, highest_numbers(template, _published(aws, template)))
    return Plan(package, template, changes(template, old, numbers), seen(deployed), deployed, again)


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
        raise BusyError(why, file=stack, hint=hint.format(stack=stack))
    return deployed


def seen(deployed: Deployed | None) -> str:
    """What stands for a stack as it is: another deployment is another text."""
    return "" if deployed is None else digest_of({"id": deployed.id, "template": deployed.template})


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
