"""A stack as it was read: what it is, whether something can be deployed to it, and what stands for it.

Statuses are those of the API's `StackStatus`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from edgewise.cloud.errors import BusyError
from edgewise.cloud.package import digest_of

IN_PROGRESS: Final = "_IN_PROGRESS"
# A stack that was asked for by a change set, and never made.
EMPTY: Final = "REVIEW_IN_PROGRESS"
_REMAINS: Final = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
# What cannot be deployed to, by the stack's status: why, and what to do.
_UNFIT: Final = {
    "DELETE_FAILED": (
        "the site is being taken down, and a part of it is still there",
        "Run `edgewise destroy` again, some hours after the first time; then deploy.",
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "CloudFormation could not go back after an update that failed",
        "aws cloudformation continue-update-rollback --region {region} --stack-name {name}",
    ),
}


@dataclass(frozen=True, slots=True)
class Deployed:
    """A stack as it is. `physical` has its resources' names on AWS, by the names that they have in the template."""

    id: str
    status: str
    template: Mapping[str, Any] = field(default_factory=dict)
    physical: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.id.split("/")[1]

    @property
    def region(self) -> str:
        return self.id.split(":")[3]

    @property
    def is_empty(self) -> bool:
        """Whether it was asked for by a change set, and never made."""
        return self.status == EMPTY

    @property
    def in_progress(self) -> bool:
        """Whether CloudFormation works on it."""
        return self.status.endswith(IN_PROGRESS) and not self.is_empty

    @property
    def is_remains(self) -> bool:
        """Whether it is what a failed first deployment, or a failed deletion, left behind."""
        return self.status in _REMAINS


def whole(deployed: Deployed | None) -> Deployed | None:
    """The stack, unless it is only what a failed run left behind."""
    return None if deployed is None or deployed.is_remains else deployed


def usable(deployed: Deployed | None) -> Deployed | None:
    """The stack, if something can be deployed to it. Raises `BusyError`."""
    if deployed is None:
        return None
    if deployed.in_progress:
        raise being_changed(deployed)
    if deployed.status in _UNFIT:
        why, hint = _UNFIT[deployed.status]
        raise BusyError(why, file=deployed.name, hint=hint.format(name=deployed.name, region=deployed.region))
    return deployed


def being_changed(deployed: Deployed) -> BusyError:
    """What is raised while CloudFormation works on a stack."""
    return BusyError(
        f"the stack is being changed: {deployed.status}", file=deployed.name, hint="Wait until that is done."
    )


def seen(deployed: Deployed | None) -> str:
    """What stands for a stack as it is: another deployment is another text."""
    if deployed is None:
        return ""
    return digest_of([deployed.id, deployed.template, dict(deployed.parameters)])
