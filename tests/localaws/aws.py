"""The local AWS as a process of a test's own, with the resources of a template."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewise.cdn import Template
from edgewise.localaws.places import REGION, client
from edgewise.localaws.template import resources

_WAIT = 60


@dataclass
class Aws:
    """`said` is what its process prints, line by line."""

    url: str
    said: list[dict[str, Any]] = field(default_factory=list)

    def client(self, service: str) -> Any:
        return client(service, self.url, REGION)

    def written(self) -> list[str]:
        """The keys of the objects that streams have written so far."""
        return [one["key"] for one in self.said if one["event"] == "object"]

    def body(self, bucket: str, key: str) -> bytes:
        data: bytes = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return data

    def until(self, what: Callable[[], Any]) -> Any:
        """Wait until it is true; a test that waits a minute fails."""
        deadline = time.monotonic() + _WAIT
        while not (found := what()):
            assert time.monotonic() < deadline, f"it did not come; the process said {self.said}"
            time.sleep(0.02)
        return found


@contextmanager
def local_aws(template: Mapping[str, Any] | None = None, **plan: Any) -> Iterator[Aws]:
    """One that has a template's resources, and what else a plan names."""
    if template is not None:
        plan["resources"] = resources(Template(template, Path("template.yaml")))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "plan.json")
        file.write_text(json.dumps(plan))
        process = subprocess.Popen(
            [sys.executable, "-m", "edgewise.localaws.server", str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with process:
            assert process.stdin and process.stdout
            try:
                # It says so when it is ready, and ends when its input does.
                line = process.stdout.readline()
                assert line.startswith(b"{"), line.decode() + process.stdout.read().decode()
                aws = Aws(json.loads(line)["url"])
                reader = threading.Thread(target=_read, args=(process.stdout, aws.said))
                reader.start()
                yield aws
            finally:
                process.stdin.close()
                try:
                    process.wait(_WAIT)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(_WAIT)
            reader.join(_WAIT)


def _read(stream: Any, said: list[dict[str, Any]]) -> None:
    for line in stream:
        said.append(json.loads(line))
