"""The folder that runs as the judge's function on AWS: the package `edgewise.rollout`, and what the site says to it.

The package is found on the disk beside this one and copied; it is never imported here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgewise.site import limits
from edgewise.site.bundle import may_rewrite, read_all, write_folder
from edgewise.site.folder import Entry
from edgewise.site.model import Behavior, Judge, Log, Site
from edgewise.site.settings_rollout import state_settings, where
from edgewise.site.sources import scan

JUDGE_SETTINGS_FILE = "edgewise_judge.json"
_EDGEWISE = Path(__file__).parent.parent


def write_judge(site: Site, target: Path) -> None:
    """Bring the folder `target` up to date. Raises `BundleError`. The site judges on AWS."""
    package = read_all(scan(_EDGEWISE / "rollout", "edgewise/rollout/"))
    settings = json.dumps(judge_settings(site), sort_keys=True, indent=2) + "\n"
    plan = {
        JUDGE_SETTINGS_FILE: Entry(settings.encode()),
        # Empty: there this package is only the place of `edgewise.rollout`.
        "edgewise/__init__.py": Entry(b""),
        "edgewise/errors.py": Entry((_EDGEWISE / "errors.py").read_bytes()),
        **package,
    }
    write_folder(target, plan, may_rewrite(target, plan, JUDGE_SETTINGS_FILE))


def judge_settings(site: Site) -> dict[str, Any]:
    """What the judge's function reads when it starts."""
    rollout, log = site.rollout, site.log
    assert rollout and rollout.judge and log
    return {
        "site": site.name,
        "stable": rollout.stable,
        "new": rollout.new,
        "state": state_settings(rollout),
        "region": limits.HOME_REGION,
        "endpoint": None,
        "openobserve": _openobserve(rollout.judge, log),
        "rules": dict(rollout.judge.rules),
        "behaviors": who_answers(site),
    }


def who_answers(site: Site) -> list[list[str]]:
    """The behaviors in the order in which CloudFront matches them, each a path pattern and who may answer there: the
    `origin` alone, the `cache` too, or somebody `elsewhere`, where no version is chosen."""
    return [[one.path, _answers(site, one)] for one in (*site.behaviors, site.default)]


def _answers(site: Site, behavior: Behavior) -> str:
    if not site.steers(behavior):
        return "elsewhere"
    return "cache" if behavior.cache.caches or behavior.cache.own else "origin"


def _openobserve(judge: Judge, log: Log) -> dict[str, Any]:
    assert judge.password
    return {
        "url": log.target["url"],
        "organization": log.target.get("organization", "default"),
        "stream": log.target.get("stream", "edge"),
        "user": judge.user,
        "password": where(judge.password),
        "region": log.region,
    }
