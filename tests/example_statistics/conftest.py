"""The walking guide, run by `edgewise up` with its whole pipeline."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.conftest import chromium
from edgewise.localaws.places import REGION, client
from support.site import Up, eventually, running

__all__ = ["chromium"]

SITE = Path(__file__).parents[2] / "examples/statistics"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BUCKET = "local-pageviewsfiles"


class Guide:
    """The running site, asked as a visitor asks, and its pipeline, as a client of AWS sees it."""

    def __init__(self, up: Up) -> None:
        self.up = up

    def open(self, target: str, method: str = "GET", **headers: str) -> str:
        """Ask for something; gives CloudFront's id of the request."""
        status, answer, _ = self.up.request(target, method, headers={"User-Agent": FIREFOX, **headers})
        assert status in (200, 304, 403, 404), status
        return str(answer["X-Amz-Cf-Id"])

    def views(self, *ids: str) -> list[dict[str, Any]]:
        """The views of these requests in the store, once all of them are there."""

        def found() -> list[dict[str, Any]] | None:
            # What an environment could not send in time goes with its next request.
            self.open("/style.css")
            listed = ", ".join(f"'{one}'" for one in ids)
            rows = self.up.rows(f"SELECT * FROM page_views WHERE event_id IN ({listed})")
            return rows if len(rows) == len(ids) else None

        by_id = {row["event_id"]: row for row in eventually(found)}
        return [by_id[one] for one in ids]

    def client(self, service: str) -> Any:
        return client(service, self.up.addresses["aws"], REGION)

    def files(self) -> dict[str, bytes]:
        """The objects of the pipeline's bucket."""
        s3 = self.client("s3")
        listed = s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {one["Key"]: s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read() for one in listed}

    def messages(self) -> list[dict[str, Any]]:
        """What lies in the queue of what failed; looking takes it out."""
        sqs = self.client("sqs")
        queue = sqs.get_queue_url(QueueName="walks-page-views-failed")["QueueUrl"]
        return [json.loads(one["Body"]) for one in sqs.receive_message(QueueUrl=queue).get("Messages", [])]


@pytest.fixture(scope="package")
def run_guide(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Runs a copy of the site whose description has some texts replaced."""

    def run(replaced: dict[str, str], *options: str) -> Any:
        folder = tmp_path_factory.mktemp("walks") / "site"
        shutil.copytree(SITE, folder, ignore=shutil.ignore_patterns(".edgewise"))
        text = (folder / "edgewise.toml").read_text()
        for old, new in replaced.items():
            assert old in text
            text = text.replace(old, new)
        (folder / "edgewise.toml").write_text(text)
        return running(*options, folder=folder)

    return run


@pytest.fixture(scope="package")
def guide(run_guide: Callable[..., Any]) -> Iterator[Guide]:
    with run_guide({}, "--access-log") as up:
        running_guide = Guide(up)
        # The first view starts an environment and everything behind it.
        running_guide.views(running_guide.open("/"))
        yield running_guide
