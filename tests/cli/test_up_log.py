"""`[log]` and `[persistence]` with `edgewise up`: the records are in the store here, however they leave."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.site import Up, eventually, running

ROOT = Path(__file__).parents[2]
EDGEWISE = (sys.executable, "-m", "edgewise")
PRIVACY = (ROOT / "docs" / "privacy.md").read_text()
PRIVACY_QUERIES = re.findall(r"^```sql\n(.*?)^```", PRIVACY, re.DOTALL | re.MULTILINE)
LOG = '[log]\ndelivery = "stdout"\n'
DELIVERIES = {
    'delivery = "openobserve"': "OpenObserve",
    'delivery = "firehose"\nstream_name = "visits"\nregion = "eu-west-1"': "the Firehose stream visits in eu-west-1",
    'delivery = "step-functions"\nstate_machine_arn = "arn:aws:states:eu-west-2:111122223333:stateMachine:visits"': (
        "the state machine arn:aws:states:eu-west-2:111122223333:stateMachine:visits"
    ),
    'delivery = "eventbridge"': "the event bus default in us-east-1",
}


def shop_with(folder: Path, log: str) -> Path:
    """A copy of the shop with another `[log]`."""
    shop = folder / "shop"
    shutil.copytree(
        ROOT / "examples" / "shop", shop, ignore=shutil.ignore_patterns(".edgewise", "build", "__pycache__")
    )
    site = (shop / "edgewise.toml").read_text()
    assert LOG in site
    (shop / "edgewise.toml").write_text(site.replace(LOG, f"[log]\n{log}\n"))
    return shop


def recorded(up: Up, count: int, trigger: str = "viewer-request") -> list[dict[str, Any]]:
    """The records of a trigger, once there are so many."""

    def enough() -> list[dict[str, Any]] | None:
        rows = up.rows(f"SELECT * FROM edge WHERE trigger = '{trigger}' ORDER BY _timestamp")
        return rows if len(rows) >= count else None

    return eventually(enough)


@pytest.mark.parametrize("log", DELIVERIES, ids=lambda log: log.split('"')[1])
def test_records_go_to_the_store_here_and_that_is_told(tmp_path: Path, log: str) -> None:
    with running(folder=shop_with(tmp_path, log)) as up:
        assert up.request("/api/products")[0] == 200

        def record_of_one() -> list[dict[str, Any]]:
            up.request("/api/products")  # a record that missed its budget goes with the next request
            return up.rows("SELECT * FROM edge WHERE trigger = 'viewer-request'")

        record = eventually(record_of_one)[0]
        assert (record["path"], record["schema"]) == ("/api/products", "edge/1")
        up.wait_for(
            lambda event: (
                event.get("message")
                == f"records go to the store on this machine; on AWS they go to {DELIVERIES[log]}"
            )
        )


def test_what_is_masked_is_masked_here_too(tmp_path: Path) -> None:
    log = (
        'client_address = "truncate"\nquery = ["page"]\nheaders = ["DNT"]\nvisitor = true\n'
        'key = { from = "ssm", name = "/shop/key" }'
    )
    with running(folder=shop_with(tmp_path, log)) as up:
        headers = {
            "DNT": "1",
            "Edgewise-Viewer-Address": "203.0.113.77",
            "Referer": "https://a.example/?mail=me",
        }
        for _ in range(2):
            up.request("/api/products?page=2&mail=me", headers=headers)
        records = recorded(up, 2)
        assert {record["client_ip"] for record in records} == {"203.0.113.0"}
        assert {record["query"] for record in records} == {"page=2"}
        assert {record["referrer"] for record in records} == {"https://a.example/"}
        assert {record["header_dnt"] for record in records} == {"1"}
        for record in records:
            assert record["visitor"].endswith(f"@{record['environment_id']}")
        up.wait_for(lambda event: "no secret is read here" in event.get("message", ""))
        up.wait_for(lambda event: "the stream access" in event.get("message", ""))
        lines = (file.read_text() for file in (up.folder / ".edgewise" / "logs").rglob("*.log"))
        assert not any("203.0.113.77" in line or "mail=me" in line for line in lines)


def test_a_sample_is_taken_here_too_and_holds_every_error(tmp_path: Path) -> None:
    with running(folder=shop_with(tmp_path, "sample = 0.25")) as up:
        for number in range(40):
            up.request(f"/api/products?n={number}")
        assert up.request("/broken")[0] == 500
        (error,) = eventually(lambda: up.rows("SELECT sample_rate FROM edge WHERE status = 500"))
        assert error["sample_rate"] == 1
        assert len(eventually(lambda: len(rows := up.rows("SELECT * FROM access")) == 41 and rows)) == 41
        asked_for = "SELECT request_id FROM edge WHERE trigger = 'viewer-request' AND path = '/api/products'"
        answered = "SELECT request_id FROM edge WHERE trigger = 'origin-response' AND status = 200"

        def both() -> set[str] | None:
            """Both records of a request are kept, or none; they come one after the other."""
            asked, given = ({one["request_id"] for one in up.rows(sql)} for sql in (asked_for, answered))
            return given if asked == given else None

        kept = eventually(both)
        assert 1 <= len(kept) <= 30
        up.wait_for(lambda event: "sample = 0.25" in event.get("message", ""))
        assert len(up.rows(PRIVACY_QUERIES[0])) == 1

        def weighted() -> dict[str, int]:
            return {row["path"]: row["requests"] for row in up.rows(PRIVACY_QUERIES[1])}

        eventually(lambda: weighted() == {"/api/products": 4 * len(both() or ()), "/broken": 1})


def test_the_shop_shows_what_an_environment_remembers(tmp_path: Path) -> None:
    with running(folder=shop_with(tmp_path, "")) as up:
        pages = [up.request("/")[2].decode() for _ in range(4)]
        born = {page.split('<time datetime="')[1].split('"')[0] for page in pages}
        assert len(born) == 1, "one environment asked for all of them"
        assert up.request("/items/2")[1]["Location"] == "/products/lamp"
        records = recorded(up, 5)
        assert [(one["memory_hits"], one["memory_misses"]) for one in records] == [(n, 1) for n in range(5)]
        asked = subprocess.run(
            [*EDGEWISE, "stats", "--page", "environments", "--store", up.folder, "--json"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert asked.returncode == 0, asked.stderr
        rows = {row["side"]: row for row in json.loads(asked.stdout)["answers"]["environments"]}
        assert (rows["viewer"]["environments"], rows["viewer"]["invocations"]) == (1, 5)
        assert (rows["viewer"]["memory_hit_percent"], rows["viewer"]["cold_percent"]) == (80, 20)
        # A log that is the same here as on AWS is not worth a word.
        assert not [event for event in up.events if "records go" in event.get("message", "")]
