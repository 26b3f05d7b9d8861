"""`edgewise cost --app`: the function of an app besides, and the functions at the edge, as the site file has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edgewise.simulate.apps import AppMonth
    from edgewise.simulate.cost import Edge
    from edgewise.site import ImageOrigin, Site

APP_MS: Final = 50.0
MISS: Final = 0.3


@dataclass(frozen=True, slots=True)
class SiteMonth:
    """What a site decides of a month: the shares of the requests that reach any origin, and the `app`.

    `delivery` is None where no record is made; `said` tells all of it in a sentence.
    """

    app: ImageOrigin
    miss: float
    share: float
    edge: Edge
    delivery: str | None
    said: str


def check_app(name: str | None, others: object, directory: Path | None, *, alone: bool) -> None:
    """Raises `PlanError` for what belongs to `--app` without it, and for comparisons, which it has no part in."""
    from edgewise.simulate import PlanError

    if name is None and (others, directory) != ((None, None), None):
        raise PlanError("DIR, --app-ms and --app-share are of an app", hint="Add --app NAME.")
    if name is not None and not alone:
        raise PlanError(
            "an app is not compared with ways of recording", hint="Leave --logs or --page-views away."
        )


def site_month(
    directory: Path | None, name: str, miss: float | None, share: float | None, delivery: str | None
) -> SiteMonth:
    """What the site in a folder says, and the options as far as it leaves them open.

    Raises `PlanError` where the two contradict each other, and `SiteError`.
    """
    from edgewise.simulate import PlanError
    from edgewise.site import load_site

    site = load_site(directory or Path())
    images = {one.name: one for one in site.images}
    if name not in images:
        raise PlanError(
            f"the site has no image origin {name!r}",
            hint=f"Those of {site.name}: {', '.join(sorted(images)) or 'none'}.",
        )
    miss, share = _shares(site, name, miss, share)
    edge = _edge(site)
    records = edge.viewer_records + edge.origin_records
    if delivery and not records:
        raise PlanError(
            f"{site.name} makes no records, so that none leave by {delivery}",
            hint="Leave --delivery away, or add [log] to the site file.",
        )
    leaves = (delivery or (site.log.delivery if site.log else None)) if records else None
    reached = f"{_percent(miss)} of the requests reach an origin, {_percent(share)} the image {name}"
    return SiteMonth(images[name], miss, share, edge, leaves, f"{_told(site, leaves)}; {reached}.")


def _shares(site: Site, name: str, miss: float | None, share: float | None) -> tuple[float, float]:
    """The shares of the requests that reach any origin, and the app."""
    from edgewise.simulate import PlanError

    # What a policy of the user's own keeps is not known.
    uncached = not any(one.cache.caches or one.cache.own for one in site.all_behaviors)
    if miss is None:
        least = MISS if share is None or any(one.origin != name for one in site.all_behaviors) else 0.0
        miss = 1.0 if uncached else max(least, share or 0.0)
    share = miss if share is None else share
    if share > miss:
        raise PlanError(
            f"--app-share {share:g} is more than what reaches any origin, --miss {miss:g}",
            hint="What reaches the app reaches an origin: leave --miss away, or give as much.",
        )
    # The user's own functions may answer, or choose another origin: then it is for the options to say.
    if site.functions is None and uncached and miss != 1:
        raise PlanError(
            f"no behavior of {site.name} caches anything, so that every request reaches an origin",
            hint="Leave --miss away.",
        )
    if site.functions is None and share != miss and all(one.origin == name for one in site.all_behaviors):
        raise PlanError(
            f"{name} is the origin of every behavior, so that what reaches an origin, {miss:g}, reaches it",
            hint="Leave --app-share away.",
        )
    return miss, share


def _edge(site: Site) -> Edge:
    """The functions at the edge, as if every behavior ran all of them."""
    from edgewise.simulate.cost import Edge

    at_viewer = [one for one in site.triggers if one.startswith("viewer-")]
    sample = site.log.sample if site.log else 0.0
    return Edge(
        viewer=len(at_viewer),
        origin=len(site.triggers) - len(at_viewer),
        viewer_records=sample * ("viewer-request" in at_viewer),
        origin_records=sample * ("origin-response" in site.triggers),
    )


def _told(site: Site, delivery: str | None) -> str:
    if not site.runs_functions:
        return f"{site.name} runs nothing at the edge"
    alike = len({site.triggers_of(one) for one in site.all_behaviors}) == 1
    each = "" if alike else ", counted as if each behavior ran all of them"
    records = f"records leave by {delivery}" if delivery else "no records"
    return f"{site.name} runs functions at {', '.join(site.triggers)}{each}; {records}"


def _percent(share: float) -> str:
    return f"{share * 100:.4g} %"


def app_month(found: SiteMonth, requests: float, ms: float | None) -> AppMonth:
    """What the app's function has to do for so many requests of visitors. Raises `PlanError`."""
    from edgewise.simulate import PlanError
    from edgewise.simulate.apps import AppMonth

    one = found.app
    most = one.timeout_s * 1000
    took = APP_MS if ms is None else ms
    if not took <= most:
        raise PlanError(
            f"--app-ms {took:g} is more than a request of {one.name} may take",
            hint=f"Its timeout_s is {one.timeout_s}: give {most:,} at most.",
        )
    return AppMonth(requests * found.share, took, one.region, one.memory_mb, one.architecture)
