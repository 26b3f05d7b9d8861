"""The part of the baked settings that the statistics read: where views go, what is left out; and whose paths change."""

from __future__ import annotations

from typing import Any

from edgewise.site.model import Site
from edgewise.site.model_statistics import Rewrite, Statistics
from edgewise.site.settings_rollout import where

# In its place the edge puts the day's date (UTC): a salt is a parameter of its own.
_DATE = "{date}"


def statistics_settings(site: Site, statistics: Statistics, aws: str | None) -> dict[str, Any]:
    """`aws` is the address of an AWS on this machine, where the template's salts are and a user's key is not."""
    salts = {"from": "ssm", "name": f"{statistics.salts}/{_DATE}"}
    goal = "state_machine" if statistics.path == "step-functions" else "stream_name"
    return {
        "path": statistics.path,
        # A name: the account is known when the function runs.
        goal: statistics.pipeline,
        "region": statistics.region,
        "endpoint": aws,
        "bots": statistics.bots,
        "batch_seconds": statistics.batch_seconds,
        "budget_ms": statistics.budget_ms,
        "wait": statistics.wait,
        "key": where(statistics.own_key) if statistics.own_key and not aws else salts,
        "counts_at": site.counts_at,
        "countries": statistics.countries is not None,
        **_own_hosts(site),
    }


def _own_hosts(site: Site) -> dict[str, list[str]]:
    """The site's names where CloudFront does not tell which one the visitor asked for.

    A host is one of them that ends so, with a stroke in front. It has no `www.` any more, which a star stands for too.
    """
    if site.domain is None or site.counts_at != "origin-response":
        return {}
    whole = [f"/{name.removeprefix('*.').removeprefix('www.')}" for name in site.domain.names]
    return {"own_hosts": whole + [name[1:] for name in site.domain.names if name.startswith("*.")]}


def rewrite_settings(site: Site, rewrite: Rewrite) -> dict[str, Any]:
    """An event does not name its behavior: the paths of all of them, in their order, tell which one it is."""
    behaviors = [*site.behaviors, site.default]
    return {"index": rewrite.index, "behaviors": [[one.path, site.rewrites(one)] for one in behaviors]}
