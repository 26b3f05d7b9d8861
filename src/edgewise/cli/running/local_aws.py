"""The part of AWS that a rollout needs, on this machine: DynamoDB and the signing key's place, by moto's server.

It is a process of its own. The release, the sessions and the key outlive it in a file of the run's folder.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from edgewise.cli.errors import StartError
from edgewise.cli.running.awsserver import CREDENTIALS
from edgewise.cli.running.awssettings import without_settings
from edgewise.cli.running.child import Child
from edgewise.cli.running.ready import start_until_ready
from edgewise.site import Rollout

# Below the folder of a run: what it has in it at the end.
KEPT: Final = "aws.json"
_REGION = "us-east-1"  # where a site's state is written
_PATIENCE = 60.0  # seconds until it must be ready: moto takes its time


class LocalAws:
    """`url` is every service's, once it has started; it stays empty for a site without a rollout."""

    def __init__(self, rollout: Rollout | None, state: Path, on_line: Callable[[str, str], None]) -> None:
        self.url = ""
        self._rollout = rollout
        self._file = (state / KEPT).resolve()
        self._on_line = on_line
        self._child: Child | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises `StartError`."""
        if self._rollout is None:
            return
        if importlib.util.find_spec("moto") is None:
            raise StartError(
                "a site with a rollout needs moto, which plays DynamoDB on this machine",
                hint="pip install 'edgewise[rollout]'",
            )
        key = self._rollout.key
        plan = {
            "region": _REGION,
            "tables": self._rollout.tables,
            "key": {"source": key.source, "name": key.plain_name, "region": self._rollout.key_region},
            "parameter": self._rollout.parameter if self._rollout.state == "ssm" else "",
            "file": str(self._file),
        }
        command = [sys.executable, "-m", "edgewise.cli.running.awsserver", json.dumps(plan)]
        self._child, self.url = await start_until_ready(
            "aws", command, self._on_line, patience=_PATIENCE, environment=without_settings(os.environ)
        )
        self._watcher = asyncio.get_running_loop().create_task(self._watch(self._child))

    @property
    def credentials(self) -> Mapping[str, str]:
        """What functions and origins sign their requests with."""
        return CREDENTIALS if self.url else {}

    @property
    def variables(self) -> Mapping[str, str]:
        """What lets boto3 find it, in an origin's process."""
        places = {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": _REGION, "AWS_DEFAULT_REGION": _REGION}
        return {**places, **CREDENTIALS} if self.url else {}

    async def _watch(self, child: Child) -> None:
        status = await child.wait()
        self._on_line("aws", f"ended with status {status}; the next run begins with what is in {self._file}")

    async def stop(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        if self._child is not None:
            await self._child.stop()
