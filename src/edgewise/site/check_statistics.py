"""Checks the statistics and the rewriting of paths, and what they and CloudFront Functions ask of the behaviors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.check_secret import check_secret
from edgewise.site.model import VIEWER_TRIGGERS, Behavior, Site
from edgewise.site.model_origins import BucketOrigin
from edgewise.site.model_statistics import Rewrite, Statistics
from edgewise.site.problems import shown
from edgewise.site.raw_statistics import RawRewrite, RawStatistics


def check_statistics(context: Context, raw: RawStatistics, name: str) -> Statistics:
    """The statistics of the site called `name`, their defaults filled in."""
    return Statistics(
        name=name,
        path=raw.path or "step-functions",
        countries=_check_countries(context, raw.countries),
        bots=raw.bots is not False,
        days=context.whole("statistics.days", raw.days, 730, limits.FILE_DAYS),
        format=raw.format or "json",
        catalog=raw.catalog or "projection",
        buffer_seconds=context.whole(
            "statistics.buffer_seconds", raw.buffer_seconds, 300, limits.BUFFER_SECONDS
        ),
        batch_seconds=context.number("statistics.batch_seconds", raw.batch_seconds, 0, *limits.BATCH_SECONDS),
        budget_ms=context.number("statistics.budget_ms", raw.budget_ms, 50, *limits.BUDGET_MS),
        wait=bool(raw.wait),
        own_key=check_secret(context, "statistics.key", raw.key, limits.HOME_REGION),
    )


def check_rewrite(context: Context, raw: RawRewrite, site: Site) -> Rewrite:
    """The rewriting of paths; `site` has all the rest."""
    index = "index.html" if raw.index is None else raw.index
    if not limits.INDEX_PAGE.fullmatch(index):
        context.problems.add(
            "rewrite.index", f"{shown(index)} is not the name of a page", "For example: index.html."
        )
    known = {one.path.removeprefix("/"): one.path for one in site.all_behaviors}
    if raw.behaviors is None:
        paths = [one.path for one in site.all_behaviors if one.functions and _has_bucket(site, one)]
        if not paths:
            context.problems.add(
                "rewrite",
                "no behavior that runs functions has a bucket",
                "Name the `behaviors` whose paths are rewritten, or remove the table.",
            )
        return Rewrite(index, tuple(paths))
    for i, path in enumerate(raw.behaviors):
        if path is not None and path.removeprefix("/") not in known:
            context.problems.add_unknown(f"rewrite.behaviors[{i}]", "behavior", path, known.values())
    given = (path.removeprefix("/") for path in raw.behaviors if path is not None)
    return Rewrite(index, tuple(known[path] for path in given if path in known))


def check_counted(context: Context, site: Site) -> None:
    """What these features ask of the behaviors; problems go to the keys of these."""
    if site.statistics and not any(one.functions for one in site.all_behaviors):
        context.problems.add(
            "statistics",
            "no behavior runs functions",
            "Page views are counted by them: turn them on somewhere.",
        )
    for key, behavior in _keyed(site):
        if behavior.viewer_function is not None:
            _check_viewer_function(context, key, site, behavior)
        elif site.statistics and behavior.functions and site.counts_at == "origin-response":
            context.problems.add(
                f"{key}.viewer_function",
                "other behaviors have one, so views are counted when an origin answers, and here they need not be",
                "Name one in every behavior that runs functions, or in none, or say `functions = false` here.",
            )
        if site.rewrites(behavior) and not behavior.functions:
            context.problems.add(
                f"{key}.functions", "paths are rewritten here, and functions are off", "Turn them on."
            )


def _check_viewer_function(context: Context, key: str, site: Site, behavior: Behavior) -> None:
    """AWS lets a behavior run either kind of function at the viewer's triggers, and never both."""
    key = f"{key}.viewer_function"
    if not limits.CLOUDFRONT_FUNCTION.fullmatch(behavior.viewer_function or ""):
        context.problems.add(
            key,
            f"{shown(behavior.viewer_function)} is not the ARN of a CloudFront Function",
            "Expected arn:aws:cloudfront::ACCOUNT:function/NAME.",
        )
    if not behavior.functions:
        return
    own = [one for one in VIEWER_TRIGGERS if site.functions and one in site.functions.triggers]
    wanted = (
        (bool(own), f"your own steps need {' and '.join(own)}"),
        (site.steers(behavior), "the rollout decides when a viewer's request arrives"),
        (site.rewrites(behavior), "`rewrite` changes paths when a viewer's request arrives"),
    )
    for is_wanted, what in wanted:
        if is_wanted:
            context.problems.add(
                key,
                f"{what}, and CloudFront runs no Lambda@Edge there beside a CloudFront Function",
                "Remove it, or say `functions = false` here.",
            )


def _keyed(site: Site) -> Iterator[tuple[str, Behavior]]:
    keys = ("default", *(f"behaviors[{i}]" for i in range(len(site.behaviors))))
    return zip(keys, site.all_behaviors, strict=True)


def _has_bucket(site: Site, behavior: Behavior) -> bool:
    return any(isinstance(one, BucketOrigin) and one.name == behavior.origin for one in site.origins)


def _check_countries(context: Context, given: str | None) -> Path | None:
    if given is None:
        return None
    path = context.directory / given
    if not given or context.on_disk(path) != "file":
        context.problems.add(
            "statistics.countries",
            f"there is no file {shown(given)}",
            f"Looked for {shown(str(path))}. Expected an address database with countries, such as "
            "dbip-country-lite.mmdb.",
        )
    return path
