"""The folder that runs as the function which transforms the real-time log: the packages `edgewise.transform` and
`edgewise.realtime`, what masks at the edge, and the settings.

The packages are found on the disk beside this one and copied; none is imported here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgewise.site.bundle import may_rewrite, read_all, write_folder
from edgewise.site.folder import Entry
from edgewise.site.lean import lean
from edgewise.site.model import Site
from edgewise.site.secret import region_of
from edgewise.site.settings import privacy_settings
from edgewise.site.settings_rollout import where
from edgewise.site.sources import scan

TRANSFORM_SETTINGS_FILE = "edgewise_realtime.json"
_EDGEWISE = Path(__file__).parent.parent
# Of the edge runtime: how a record is masked, and its errors.
_MASKING = ("privacy.py", "errors.py")


def write_transform(site: Site, target: Path, *, on_aws: bool = True) -> None:
    """Bring the folder `target` up to date. Raises `BundleError`. The site has a real-time log.

    Without AWS no key is read: hashes are an environment's own.
    """
    settings = json.dumps(transform_settings(site, on_aws=on_aws), sort_keys=True, indent=2) + "\n"
    plan = {
        TRANSFORM_SETTINGS_FILE: Entry(settings.encode()),
        # Empty: there these packages are only the places of others.
        "edgewise/__init__.py": Entry(b""),
        "edgewise/edge/__init__.py": Entry(b""),
        **{f"edgewise/edge/{one}": Entry(lean((_EDGEWISE / "edge" / one).read_bytes())) for one in _MASKING},
        **read_all(scan(_EDGEWISE / "realtime", "edgewise/realtime/")),
        **read_all(scan(_EDGEWISE / "transform", "edgewise/transform/")),
    }
    write_folder(target, plan, may_rewrite(target, plan, TRANSFORM_SETTINGS_FILE))


def transform_settings(site: Site, *, on_aws: bool) -> dict[str, Any]:
    """What the function reads when it starts."""
    log = site.real_time_log
    assert log
    settings: dict[str, Any] = {
        "site": site.name,
        "fields": list(log.fields),
        "privacy": privacy_settings(log.privacy),
    }
    if log.percent != 100:
        settings["sample_rate"] = log.percent / 100
    if on_aws and log.privacy.key:
        key = log.privacy.key
        settings["key"] = {"region": region_of(key.name, log.region), **where(key)}
    return settings
