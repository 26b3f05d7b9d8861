"""`edgewise cost --app`: the function of an app besides, as the site file has it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edgewise.simulate.apps import AppMonth
    from edgewise.simulate.cost import Month

APP_MS: Final = 50.0


def check_app(name: str | None, others: object, directory: Path | None, *, alone: bool) -> None:
    """Raises `PlanError` for what belongs to `--app` without it, and for comparisons, which it has no part in."""
    from edgewise.simulate import PlanError

    if name is None and (others, directory) != ((None, None), None):
        raise PlanError("DIR, --app-ms and --app-share are of an app", hint="Add --app NAME.")
    if name is not None and not alone:
        raise PlanError(
            "an app is not compared with ways of recording", hint="Leave --logs or --page-views away."
        )


def app_month(
    directory: Path | None,
    name: str | None,
    month: Month,
    ms: float | None,
    share: float | None,
) -> AppMonth | None:
    """What the function of an image origin has to do; None without a name. Raises `PlanError` and `SiteError`."""
    from edgewise.simulate import PlanError
    from edgewise.simulate.apps import AppMonth
    from edgewise.site import load_site

    if name is None:
        return None
    site = load_site(directory or Path())
    images = {one.name: one for one in site.images}
    if name not in images:
        raise PlanError(
            f"the site has no image origin {name!r}",
            hint=f"Those of {site.name}: {', '.join(sorted(images)) or 'none'}.",
        )
    one = images[name]
    most = one.timeout_s * 1000
    took = APP_MS if ms is None else ms
    if not took <= most:
        raise PlanError(
            f"--app-ms {took:g} is more than a request of {name} may take",
            hint=f"Its timeout_s is {one.timeout_s}: give {most:,} at most.",
        )
    asked = month.requests * (month.miss if share is None else share)
    return AppMonth(asked, took, one.region, one.memory_mb, one.architecture)
