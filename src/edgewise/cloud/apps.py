"""The stacks of a site's apps: container images that run in other regions than the distribution's functions do.

A site has one such stack a region. Its outputs are parameters of the site's own stack, and it learns from that which
distribution may call its functions: it is deployed first, and once more at the end when that was not known.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from edgewise.cloud.asking import Aws
from edgewise.cloud.package import METADATA
from edgewise.cloud.parameters import Values, value_changes, values_of
from edgewise.cloud.plan import Change, Numbers, changes, same
from edgewise.cloud.stack import Deployed, Stack
from edgewise.site import DISTRIBUTION_PARAMETER

_DISTRIBUTION: Final = "Distribution"
_NOBODY: Final = Numbers({}, {})


@dataclass(frozen=True, slots=True)
class AppPlan:
    """What a deployment would do with one region's stack; without a `template` it takes the stack down."""

    region: str
    stack: str
    template: Mapping[str, Any] | None
    values: Mapping[str, str]
    changes: tuple[Change, ...]
    deployed: Deployed | None

    @property
    def creates(self) -> bool:
        """Whether there is no stack to update."""
        return self.deployed is None or self.deployed.is_remains

    @property
    def nothing(self) -> bool:
        """Whether everything is deployed already."""
        if self.template is None or self.deployed is None or self.creates:
            return False
        return same(self.template, self.deployed.template) and not any(
            value_changes(self.values, self.deployed.parameters)
        )


def app_stack(aws: Aws, site: str, region: str, sleep: Callable[[float], None] = time.sleep) -> Stack:
    """The stack of a site's apps in a region."""
    return Stack(aws("cloudformation", region), f"{site}-app", sleep, region)


def app_regions(deployed: Deployed | None) -> tuple[str, ...]:
    """The regions where the deployed site has apps, besides its own."""
    told = deployed.template.get("Metadata", {}).get(METADATA, {}) if deployed else {}
    return tuple(told.get("Apps", ()))


def plan_apps(
    aws: Aws,
    site: str,
    templates: Mapping[str, Mapping[str, Any]],
    images: Values,
    edge: Deployed | None,
    usable: Callable[[Deployed | None, str], Deployed | None],
    *,
    regions: Iterable[str] = (),
) -> Iterator[AppPlan]:
    """What the stacks of the apps become, those of `regions` too, where some may be left.

    Raises `ImageError`, and what `usable` raises.
    """
    account = edge.id.split(":")[4] if edge else ""
    distribution = edge.physical.get(_DISTRIBUTION, "") if edge else ""
    given = {**images}
    if distribution:
        given[DISTRIBUTION_PARAMETER] = distribution_arn(account, distribution)
    for region in dict.fromkeys((*templates, *app_regions(edge), *regions)):
        stack = app_stack(aws, site, region)
        deployed = stack.ours()
        if region in templates or (deployed and deployed.in_progress):
            # One that goes may be what an earlier try to delete it left.
            deployed = usable(deployed, stack.name)
        there = None if deployed is None or deployed.is_remains else deployed
        if region in templates:
            template = templates[region]
            values = values_of(template, given, there.parameters if there else {})
            told = (
                *value_changes(values, there.parameters if there else {}),
                *changes(template, there.template if there else None, _NOBODY),
            )
            known = {name: value or "" for name, value in values.items()}
            yield AppPlan(region, stack.name, template, known, told, deployed)
        elif deployed:
            gone = changes({"Resources": {}}, deployed.template, _NOBODY)
            yield AppPlan(region, stack.name, None, {}, tuple(gone), deployed)


def distribution_arn(account: str, distribution: str) -> str:
    """The ARN of a distribution by its id."""
    return f"arn:aws:cloudfront::{account}:distribution/{distribution}"
