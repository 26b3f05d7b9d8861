"""What is planned for one stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgewise.cloud.deployed import Deployed, whole
from edgewise.cloud.parameters import Values, value_changes
from edgewise.cloud.plan import Change, same


@dataclass(frozen=True, slots=True, kw_only=True)
class StackPlan:
    """What CloudFormation gets for a stack, and what that changes; without a `template` the stack goes.

    `values` are those of the template's parameters, as far as they are known.
    """

    template: Mapping[str, Any] | None
    values: Values
    changes: tuple[Change, ...]
    deployed: Deployed | None

    @property
    def creates(self) -> bool:
        """Whether there is no stack to update."""
        return whole(self.deployed) is None

    @property
    def unchanged(self) -> bool:
        """Whether CloudFormation would find nothing to do."""
        there = whole(self.deployed)
        if there is None or self.template is None:
            return False
        changed = any(value_changes(self.values, there.parameters))
        return not changed and same(self.template, there.template)
