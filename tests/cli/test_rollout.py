"""`edgewise rollout` as a user runs it, beside a store and an AWS of the test's own that pass for a running site."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edgewise.cli.main import main
from edgewise.cli.runs import Run, announce
from edgewise.rollout import aws_client
from edgewise.rollout.links import make_token
from edgewise.rollout.places import Table
from rollout.local_aws import KEY, TABLE, running_aws
from rollout.traffic import RELEASE, STARTED, request
from store.conftest import Server, serving

SITE = """
name = "shop"
[origins.v1]
domain = "v1.shop.example"
[origins.v1.local]
url = "http://127.0.0.1:1"
[origins.v2]
domain = "v2.shop.example"
[origins.v2.local]
url = "http://127.0.0.1:1"
[default]
origin = "v1"
cache = "disabled"
[log]
delivery = "stdout"
[rollout]
stable = "v1"
new = "v2"
[rollout.key]
from = "ssm"
name = "/shop/rollout-key"
[rollout.judge]
settle_seconds = 1
least_visitors = 2
"""


@dataclass
class Shop:
    """A site's folder whose run the commands find."""

    folder: Path
    store: Server
    aws: str

    def run(self, *words: str, fails: bool = False) -> str:
        """What the command prints, or its error if it should fail."""
        out, err, status = io.StringIO(), io.StringIO(), 0
        arguments, sys.argv = sys.argv, ["edgewise", "rollout", *words]
        try:
            with contextlib.chdir(self.folder), redirect_stdout(out), redirect_stderr(err):
                main()
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            sys.argv = arguments
        assert bool(status) == fails, err.getvalue() + out.getvalue()
        return (err if fails else out).getvalue()

    def document(self) -> dict[str, Any]:
        item = aws_client("dynamodb", self.aws).get_item(TableName=TABLE, Key={"id": {"S": "release"}})[
            "Item"
        ]
        return dict(json.loads(item["document"]["S"]))

    def put(self, **changes: Any) -> None:
        """Have another document there."""
        kept = {**self.document(), **changes}
        kept["revision"] += 1
        item = {
            "id": {"S": "release"},
            "document": {"S": json.dumps(kept)},
            "revision": {"N": str(kept["revision"])},
        }
        aws_client("dynamodb", self.aws).put_item(TableName=TABLE, Item=item)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder, home = tmp_path_factory.mktemp("shop"), tmp_path_factory.mktemp("home")
    (folder / "edgewise.toml").write_text(SITE)
    state = folder / ".edgewise"
    (state / "store").mkdir(parents=True)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(home)
    try:
        with serving(state / "store") as store, running_aws() as aws:
            announce(Run(str(state.resolve()), store.url, store.process.pid, store.url, aws))
            yield Shop(folder, store, aws)
    finally:
        os.environ.pop("XDG_RUNTIME_DIR")
        if before is not None:
            os.environ["XDG_RUNTIME_DIR"] = before


@pytest.fixture(autouse=True)
def nothing_there(shop: Shop) -> None:
    aws_client("dynamodb", shop.aws).delete_item(TableName=TABLE, Key={"id": {"S": "release"}})


def traffic(shop: Shop, bad: bool) -> None:
    """Two minutes of it, up to now: one request of ten goes to v2, where every eighth fails if it is bad."""
    kept = shop.document()
    began = time.time_ns() // 1000 - 120_000_000
    shop.put(started=began, since=began)
    records = [
        record
        for number in range(1000)
        for record in request(
            number + (10_000 if bad else 0),  # the store counts a record once
            (began - STARTED) / 1e6 + number * 0.11,
            "v2" if number % 10 == 0 else "v1",
            status=500 if bad and number % 80 == 0 else 200,
        )
    ]
    names = {"release": kept["release"]}
    shop.store.post("edge", [{**one, **(names if "decision" in one else {})} for one in records])


def test_a_release_from_its_start_to_its_end(shop: Shop) -> None:
    started = shop.run("start", "--steps", "5:30m,25:1h", "--reason", "the new basket")
    assert "v1 → v2, on this machine" in started and "▶      5 %    30 min" in started
    kept = shop.document()
    assert (kept["state"], kept["weight"], kept["reason"]) == ("ramping", 5.0, "the new basket")
    assert kept["steps"] == [{"weight": 5.0, "minutes": 30.0}, {"weight": 25.0, "minutes": 60.0}]
    assert "everywhere within 15 s" in shop.run("freeze")
    assert "frozen at 5 %" in shop.run("status")
    assert "ramping at 5 %" in shop.run("resume")
    assert "ramping at 30 %" in shop.run("set", "30%", "--evict")
    assert shop.document()["evict"]["version"] == "v2"
    assert "switched off" in shop.run("off") and shop.document()["off"]
    shop.run("on")
    assert "full" in shop.run("set", "100")
    assert "draining" in shop.run("finish", "--drain", "1h")
    assert "60 more minutes" in shop.run("finish", fails=True)
    assert "done" in shop.run("finish", "--drain", "0s")
    assert "everybody meets v2 already" in shop.run("start", fails=True)
    assert shop.document()["release"] == kept["release"]


def test_status_is_a_picture_of_plan_versions_and_judge(shop: Shop) -> None:
    shop.run("start")
    traffic(shop, bad=False)
    shown = shop.run("status")
    lines = [line.rstrip() for line in shown.splitlines()]
    assert lines[0].endswith("v1 → v2   ramping at 5 %   on this machine")
    assert any(line.startswith("  ▶      5 %    30 min   █") for line in lines), shown
    assert any(line.split()[:5] == ["v1", "225", "900", "900", "0"] for line in lines), shown
    assert any(line.split()[:5] == ["v2", "25", "100", "100", "0"] for line in lines), shown
    assert "The judge would leave it as it is: Nothing is wrong so far" in shown
    told = json.loads(shop.run("status", "--json"))
    assert told["document"] == shop.document() and told["where"] == "on this machine"
    assert (told["action"], told["rule"], told["requests_new"], told["acted"]) == (
        "hold",
        "schedule",
        100,
        False,
    )


def test_watch_rolls_a_bad_version_back_keeps_why_and_ends(shop: Shop) -> None:
    shop.run("start")
    traffic(shop, bad=True)
    assert "The judge would roll it back: Since " in shop.run("status")
    assert shop.document()["state"] == "ramping", "status changes nothing"
    shown = shop.run("watch", "--every", "1s")
    (line,) = shown.splitlines()
    assert "rolled back" in line and " v2 failed 1" in line and line.endswith("so it goes back.")
    kept = shop.document()
    assert (kept["state"], kept["by"], kept["evict"]["version"]) == ("rolled-back", "the judge", "v2")
    rows = shop.store.rows(f"SELECT * FROM rollout WHERE release = '{kept['release']}'")
    assert [(row["action"], row["rule"], row["sentence"]) for row in rows] == [
        ("rollback", "errors", kept["reason"])
    ]
    assert json.loads(shop.run("watch", "--once", "--json"))["rule"] == "nothing"


def test_rollback_by_hand_moves_sessions_or_keeps_them(shop: Shop) -> None:
    shop.run("start")
    shop.run("rollback", "--keep-sessions")
    assert shop.document()["evict"] is None and shop.document()["weight"] == 0
    shop.run("start")
    shop.run("rollback", "--reason", "the basket is empty")
    assert shop.document()["evict"]["version"] == "v2" and shop.document()["reason"] == "the basket is empty"
    assert "nothing to freeze" in shop.run("freeze", fails=True)


def test_sessions_that_were_kept_are_moved_by_a_second_rollback(shop: Shop) -> None:
    shop.run("start")
    shop.run("rollback", "--keep-sessions")
    shop.run("rollback", "--reason", "they too")
    assert shop.document()["evict"]["version"] == "v2" and shop.document()["reason"] == "they too"
    assert "is rolled-back already" in shop.run("rollback", fails=True)


def test_a_share_by_hand_is_a_step_of_the_picture(shop: Shop) -> None:
    shop.run("start")
    assert "ramping at 2 %" in shop.run("set", "2")
    lines = shop.run("status").splitlines()
    place = next(place for place, line in enumerate(lines) if line.startswith("  ▶"))
    assert lines[place].startswith("  ▶      2 %    30 min") and lines[place + 1].startswith("  ·      5 %")
    shop.run("set", "0")
    assert "  ▶      0 %    30 min   until another is set" in shop.run("status")
    shop.run("freeze")
    assert "frozen at 100 %" in shop.run("set", "100")
    assert "frozen at 50 %" in shop.run("set", "50")


def test_a_link_for_a_tester(shop: Shop) -> None:
    secret = aws_client("ssm", shop.aws).get_parameter(Name=KEY, WithDecryption=True)["Parameter"]["Value"]
    printed = shop.run("link", "v2", "--for", "1h", "--url", "https://shop.example/a").strip()
    page, _, token = printed.partition("?edgewise-version=")
    assert page == "https://shop.example/a"
    expires = int(token.split(".")[2], 36)
    assert 3500 < expires - time.time() < 3700
    assert token == make_token(secret, "v2", expires)
    assert shop.run("link", "v1").startswith(shop.store.url)
    assert "there is no version 'v3'" in shop.run("link", "v3", fails=True)


def test_what_is_wrong_is_one_message(shop: Shop, tmp_path: Path) -> None:
    assert "error[cli.rollout]: shop has no release on this machine" in shop.run("status", fails=True)
    assert "is no step" in shop.run("start", "--steps", "5", fails=True)
    assert "is no share" in shop.run("start", "--steps", "a:1m", fails=True)
    assert "is over at once" in shop.run("start", "--steps", "10:0s", fails=True)
    assert "is over at once" in shop.run("link", "v2", "--for", "0s", fails=True)
    assert "rise from step to step" in shop.run("start", "--steps", "50:1m,5:1m", fails=True)
    shop.run("start")
    assert "error[rollout.step]" in shop.run("start", fails=True)
    assert "is no share" in shop.run("set", "101", fails=True)
    shop.put(state="paused")
    assert "error[rollout.document]" in shop.run("status", fails=True)
    (tmp_path / "edgewise.toml").write_text(SITE.partition("[rollout]")[0])
    assert "this site has no [rollout]" in shop.run("status", "--dir", str(tmp_path), fails=True)


@pytest.mark.parametrize("name", ["/shop/oo", "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/oo"])
def test_the_password_of_the_judge_is_where_the_log_is(
    shop: Shop, tmp_path: Path, monkeypatch: Any, name: str
) -> None:
    """As for the function on AWS; an ARN names its region itself."""
    for variable, value in (("ENDPOINT_URL", shop.aws), ("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b")):
        monkeypatch.setenv(f"AWS_{variable}", value)
    region = "ap-southeast-1" if name.startswith("arn:") else "eu-west-1"
    log = f'delivery = "openobserve"\nurl = "https://localhost:1"\nregion = "{region}"\n'
    site = SITE.replace('delivery = "stdout"', log + 'token = {from = "ssm", name = "/shop/token"}')
    judge = f'user = "judge@shop.example"\npassword = {{from = "ssm", name = "{name}"}}\n'
    (tmp_path / "edgewise.toml").write_text(site + judge)
    where = aws_client("ssm", shop.aws, "eu-west-1")
    where.put_parameter(Name="/shop/oo", Value="sesame", Type="SecureString", Overwrite=True)
    Table(aws_client("dynamodb", shop.aws), TABLE).write(RELEASE)
    assert "OpenObserve cannot be asked" in shop.run("status", "--dir", str(tmp_path))


def test_without_a_run_it_is_the_site_on_aws(shop: Shop, tmp_path: Path, monkeypatch: Any) -> None:
    """Here AWS is the same moto, by boto3's own variable; nothing of a run is looked at."""
    (tmp_path / "edgewise.toml").write_text(SITE)
    for name, value in (("ENDPOINT_URL", shop.aws), ("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b")):
        monkeypatch.setenv(f"AWS_{name}", value)
    Table(aws_client("dynamodb", shop.aws), TABLE).write(RELEASE)
    shown = shop.run("status", "--dir", str(tmp_path), "--store", str(shop.folder))
    assert "on AWS" in shown.splitlines()[0] and RELEASE.release in shown
    shown = shop.run("status", "--dir", str(tmp_path), "--store", str(tmp_path))
    assert "The records cannot be asked for, so nothing changes: " in shown
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert "error[rollout.place]" in shop.run("watch", "--once", "--dir", str(tmp_path), fails=True)
