"""The part of AWS that a site needs, on this machine: for a rollout and for statistics, by moto's server.

It is a process of its own. The release, the sessions and the keys of a rollout, and the salts of visitors, outlive it
in a file of the run's folder; buckets begin empty.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from edgewise.cdn import Template
from edgewise.cli.errors import StartError
from edgewise.cli.running.awssettings import without_settings
from edgewise.cli.running.child import Child, Watched
from edgewise.cli.running.ready import start_until_ready
from edgewise.localaws.places import CREDENTIALS, REGION
from edgewise.localaws.template import resources
from edgewise.site import Secret, Site, compile_template

# Below the folder of a run: what it has in it at the end.
KEPT: Final = "aws.json"
_PATIENCE = 60.0  # seconds until it must be ready: moto takes its time


class LocalAws(Watched):
    """`url` is every service's, once it has started; it stays empty for a site that needs none.

    `on_object` is told the bucket and the key of each object that a delivery stream has written.
    """

    def __init__(
        self,
        site: Site | None,
        state: Path,
        on_line: Callable[[str, str], None],
        on_object: Callable[[str, str], None] | None = None,
    ) -> None:
        super().__init__()
        self.url = ""
        self._site = site
        self._plan = state / "build" / "aws.json"
        self._file = (state / KEPT).resolve()
        self._on_line = on_line
        self._on_object = on_object

    async def start(self) -> None:
        """Raises `StartError`."""
        site = self._site
        if site is None or not (site.rollout or site.statistics):
            return
        feature, modules = ("statistics", ("moto", "jsonata")) if site.statistics else ("rollout", ("moto",))
        if any(importlib.util.find_spec(module) is None for module in modules):
            raise StartError(
                f"a site with `{feature}` needs {' and '.join(modules)}, which play AWS on this machine",
                hint=f"pip install 'edgewise[{feature}]'",
            )
        self._plan.parent.mkdir(parents=True, exist_ok=True)
        self._plan.write_text(json.dumps(self._planned(site)), encoding="utf-8")
        command = [sys.executable, "-m", "edgewise.localaws.server", str(self._plan)]
        self._child, self.url = await start_until_ready(
            "aws", command, self._hear, patience=_PATIENCE, environment=without_settings(os.environ)
        )
        self._begin_watching(self._watch(self._child))

    def _planned(self, site: Site) -> dict[str, Any]:
        """What it is to have, as `localaws/server.py` reads it."""
        plan: dict[str, Any] = {"file": str(self._file)}
        if site.rollout:
            plan["tables"] = site.rollout.tables
            plan["keys"] = [_key(site.rollout.key, site.rollout.key_region)]
            plan["parameter"] = site.rollout.parameter if site.rollout.state == "ssm" else ""
        if site.statistics:
            # What the functions are made of changes no resource that is made here.
            plan["resources"] = resources(Template(compile_template(site, code_hash=""), site.file))
            if site.statistics.own_key:
                plan.setdefault("keys", []).append(_key(site.statistics.own_key, REGION))
            else:
                plan["salts"] = site.statistics.salts
        return plan

    def _hear(self, name: str, line: str) -> None:
        """What its process prints: objects and failures are lines of JSON, anything else is shown as it is."""
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            self._on_line(name, line)
        elif event.get("event") == "object" and self._on_object is not None:
            self._on_object(event["bucket"], event["key"])
        elif event.get("event") == "failed":
            self._on_line(name, event["what"])

    @property
    def credentials(self) -> Mapping[str, str]:
        """What functions and origins sign their requests with."""
        return CREDENTIALS if self.url else {}

    @property
    def variables(self) -> Mapping[str, str]:
        """What lets boto3 find it, in an origin's process."""
        places = {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        return {**places, **CREDENTIALS} if self.url else {}

    async def _watch(self, child: Child) -> None:
        status = await child.wait()
        again = (
            f"; the next run begins with what is in {self._file}" if self._site and self._site.rollout else ""
        )
        self._on_line("aws", f"ended with status {status}{again}")


def _key(secret: Secret, region: str) -> dict[str, str]:
    return {"source": secret.source, "name": secret.plain_name, "region": region}
