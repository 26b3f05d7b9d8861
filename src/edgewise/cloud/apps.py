"""The stacks of a site's apps: container images that run in other regions than the distribution's functions do.

A site has one such stack a region. Its outputs are parameters of the site's own stack, and it learns from that which
distribution may call its functions: it is deployed first, and once more at the end when that was not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from edgewise.cloud.deployed import Deployed, usable, whole
from edgewise.cloud.estate import Estate
from edgewise.cloud.package import Package, notes_of
from edgewise.cloud.parameters import value_changes, values_of
from edgewise.cloud.plan import Numbers, changes
from edgewise.cloud.planned import StackPlan
from edgewise.site import DISTRIBUTION_PARAMETER

_DISTRIBUTION: Final = "Distribution"
_NOBODY: Final = Numbers({}, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPlan(StackPlan):
    """What a deployment would do with the stack of that name in a region."""

    region: str
    stack: str


def app_regions(deployed: Deployed | None) -> tuple[str, ...]:
    """The regions where the deployed site has apps, besides its own."""
    return tuple(notes_of(deployed.template).get("Apps", ())) if deployed else ()


def plan_apps(
    estate: Estate, package: Package, edge: Deployed | None, *, regions: Iterable[str] = ()
) -> Iterator[AppPlan]:
    """What the stacks of the apps become, those of `regions` too, where some may be left.

    `edge` is the site's own stack. Raises `ImageError` and `BusyError`.
    """
    templates = package.apps or {}
    # What a failed first deployment left behind notes its apps, but says nothing of a distribution.
    own = whole(edge)
    distribution = own.physical.get(_DISTRIBUTION, "") if own else ""
    given = {**package.images}
    if distribution:
        given[DISTRIBUTION_PARAMETER] = distribution_arn(estate.account, distribution)
    for region in dict.fromkeys((*templates, *app_regions(edge), *regions)):
        stack = estate.app_stack(region)
        deployed = stack.ours()
        if region in templates or (deployed and deployed.in_progress):
            # One that goes may be what an earlier try to delete it left.
            deployed = usable(deployed)
        there = whole(deployed)
        if region in templates:
            template = templates[region]
            values = values_of(template, given, there.parameters if there else {})
            told = (
                *value_changes(values, there.parameters if there else {}),
                *changes(template, there.template if there else None, _NOBODY),
            )
            yield AppPlan(
                region=region,
                stack=stack.name,
                template=template,
                values={name: value or "" for name, value in values.items()},
                changes=told,
                deployed=deployed,
            )
        elif deployed:
            gone = changes({"Resources": {}}, deployed.template, _NOBODY)
            yield AppPlan(
                region=region, stack=stack.name, template=None, values={}, changes=gone, deployed=deployed
            )


def distribution_arn(account: str, distribution: str) -> str:
    """The ARN of a distribution by its id."""
    return f"arn:aws:cloudfront::{account}:distribution/{distribution}"
