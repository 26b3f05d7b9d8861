"""`edgewise rollout` as a user runs it, beside a store and an AWS of the test's own that pass for a running site."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from edgewise.cli.main import main
from edgewise.cli.rollingout.desk import user
from edgewise.cli.runs import Run, announce
from edgewise.localaws.places import CREDENTIALS
from edgewise.rollout.links import make_token
from edgewise.rollout.places import Table
from rollout.local_aws import KEY, TABLE, local_client, running_aws
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


FIRST = count(0, 10_000)


@dataclass
class Shop:
    """A site's folder whose run the commands find."""

    folder: Path
    store: Server
    aws: str

    def run(self, *words: str, fails: bool = False, told: io.StringIO | None = None) -> str:
        """What the command prints, or its error if it should fail; `told` gets the error in any case."""
        out, err, status = io.StringIO(), told or io.StringIO(), 0
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
        item = local_client("dynamodb", self.aws).get_item(TableName=TABLE, Key={"id": {"S": "release"}})[
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
        local_client("dynamodb", self.aws).put_item(TableName=TABLE, Item=item)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder, home = tmp_path_factory.mktemp("shop"), tmp_path_factory.mktemp("home")
    (folder / "edgewise.toml").write_text(SITE)
    state = folder / ".edgewise"
    (state / "store").mkdir(parents=True)
    own = {
        "XDG_RUNTIME_DIR": str(home),
        "AWS_SHARED_CREDENTIALS_FILE": str(home),
        "AWS_CONFIG_FILE": str(home),
    }
    theirs = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in own.items():
            patch.setenv(name, value)
        for name in theirs:
            patch.delenv(name, raising=False)
        with serving(state / "store") as store, running_aws() as aws:
            announce(Run(str(state.resolve()), store.url, store.process.pid, store.url, aws))
            yield Shop(folder, store, aws)


@pytest.fixture(autouse=True)
def nothing_there(shop: Shop) -> None:
    local_client("dynamodb", shop.aws).delete_item(TableName=TABLE, Key={"id": {"S": "release"}})


def traffic(shop: Shop, bad: bool) -> None:
    """Two minutes of it, up to now: one request of ten goes to v2, where every eighth fails if it is bad."""
    kept = shop.document()
    began = time.time_ns() // 1000 - 120_000_000
    shop.put(started=began, since=began)
    first = next(FIRST)  # the store counts a record once
    records = [
        record
        for number in range(1000)
        for record in request(
            first + number,
            (began - STARTED) / 1e6 + number * 0.11,
            "v2" if number % 10 == 0 else "v1",
            status=500 if bad and number % 80 == 0 else 200,
        )
    ]
    names = {"release": kept["release"]}
    shop.store.post("edge", [{**one, **(names if "decision" in one else {})} for one in records])


def test_a_release_from_its_start_to_its_end(shop: Shop) -> None:
    started = shop.run("start", "--steps", "5:30m,25:1h", "--reason", "the new basket")
    assert started.startswith(f"on this machine: `edgewise up` at {shop.store.url}\n")
    assert ": v1 → v2\n" in started and "▶      5 %    30 min" in started
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
    assert "They have until 20" in shop.run("status")
    assert "60 more minutes" in shop.run("finish", fails=True)
    assert "done" in shop.run("finish", "--drain", "0s")
    assert "everybody meets v2 already" in shop.run("start", fails=True)
    assert shop.document()["release"] == kept["release"]


def test_status_is_a_picture_of_plan_versions_and_judge(shop: Shop) -> None:
    shop.run("start")
    traffic(shop, bad=False)
    shown = shop.run("status")
    lines = [line.rstrip() for line in shown.splitlines()]
    assert lines[0] == f"on this machine: `edgewise up` at {shop.store.url}"
    assert lines[2].endswith("v1 → v2   ramping at 5 %")
    assert all(len(line) < 80 for line in lines if not line.startswith(("The judge", "note:"))), shown
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
    _, line = shown.splitlines()
    assert "rolled back" in line and " v2 failed 1" in line and line.endswith("so it goes back.")
    kept = shop.document()
    assert (kept["state"], kept["by"], kept["evict"]["version"]) == ("rolled-back", "the judge", "v2")
    rows = shop.store.rows(f"SELECT * FROM rollout WHERE release = '{kept['release']}' AND rule <> 'hand'")
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
    shown = shop.run("status")
    assert "  ▶      0 %             until another is set" in shown
    assert "Nobody new meets v2; sessions there stay." in shown and "more at every step" not in shown
    shop.run("freeze")
    assert "frozen at 100 %" in shop.run("set", "100")
    assert "frozen at 50 %" in shop.run("set", "50")


def test_a_link_for_a_tester(shop: Shop) -> None:
    secret = local_client("ssm", shop.aws).get_parameter(Name=KEY, WithDecryption=True)["Parameter"]["Value"]
    printed = shop.run("link", "v2", "--for", "1h", "--url", "https://shop.example/a").strip()
    page, _, token = printed.partition("?edgewise-version=")
    assert page == "https://shop.example/a"
    expires = int(token.split(".")[2], 36)
    assert 3500 < expires - time.time() < 3700
    assert token == make_token(secret, "v2", expires)
    assert shop.run("link", "v1").startswith(shop.store.url)
    assert "there is no version 'v3'" in shop.run("link", "v3", fails=True)
    for wrong in ("not a url", "/order", "http://", "ftp://shop.example/", "http://[::1/"):
        assert "is not the address of a page" in shop.run("link", "v2", "--url", wrong, fails=True)


def test_what_is_wrong_is_one_message(shop: Shop, tmp_path: Path) -> None:
    assert "error[cli.rollout]: shop has no release on this machine" in shop.run("status", fails=True)
    assert "is no step" in shop.run("start", "--steps", "5", fails=True)
    assert "is no share" in shop.run("start", "--steps", "a:1m", fails=True)
    assert "is over at once" in shop.run("start", "--steps", "10:0s", fails=True)
    assert "is over at once" in shop.run("link", "v2", "--for", "0s", fails=True)
    assert "rise from step to step" in shop.run("start", "--steps", "50:1m,5:1m", fails=True)
    for plan, place in (("5:30m,25", 2), ("5:30m,x:1m", 2), ("5:30m,10:1m,25:soon", 3), ("25:1m,5:1m", 2)):
        assert f"step {place}" in shop.run("start", "--steps", plan, fails=True)
    assert "has no release" in shop.run("status", fails=True), "nothing was touched"
    shop.run("start")
    assert "error[rollout.step]" in shop.run("start", fails=True)
    assert "is no share" in shop.run("set", "101", fails=True)
    assert "'-5' is no share" in shop.run("set", "-5", fails=True)
    assert "is 5 % already" in shop.run("set", "5", fails=True)
    assert "once a second" in shop.run("watch", "--every", "0s", fails=True)
    assert "choose one" in shop.run("freeze", "--local", "--aws", fails=True)
    assert "choose one" in shop.run("set", "20", "--aws", "--local", fails=True)
    assert shop.document()["state"] == "ramping" and shop.document()["weight"] == 5
    shop.put(state="paused")
    assert "error[rollout.document]" in shop.run("status", fails=True)
    (tmp_path / "edgewise.toml").write_text(SITE.partition("[rollout]")[0])
    assert "this site has no [rollout]" in shop.run("status", "--dir", str(tmp_path), fails=True)


@pytest.mark.parametrize("name", ["/shop/oo", "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/oo"])
def test_the_password_of_the_judge_is_where_the_log_is(
    shop: Shop, tmp_path: Path, monkeypatch: Any, name: str
) -> None:
    """As for the function on AWS; an ARN names its region itself."""
    for variable, value in {"AWS_ENDPOINT_URL": shop.aws, **CREDENTIALS}.items():
        monkeypatch.setenv(variable, value)
    region = "ap-southeast-1" if name.startswith("arn:") else "eu-west-1"
    log = f'delivery = "openobserve"\nurl = "https://localhost:1"\nregion = "{region}"\n'
    site = SITE.replace('delivery = "stdout"', log + 'token = {from = "ssm", name = "/shop/token"}')
    judge = f'user = "judge@shop.example"\npassword = {{from = "ssm", name = "{name}"}}\n'
    (tmp_path / "edgewise.toml").write_text(site + judge)
    where = local_client("ssm", shop.aws, "eu-west-1")
    where.put_parameter(Name="/shop/oo", Value="sesame", Type="SecureString", Overwrite=True)
    Table(local_client("dynamodb", shop.aws), TABLE).write(RELEASE)
    assert "OpenObserve cannot be asked" in shop.run("status", "--dir", str(tmp_path))


def test_without_a_run_it_is_the_site_on_aws(shop: Shop, tmp_path: Path, monkeypatch: Any) -> None:
    """Here AWS is the same moto, by boto3's own variable; nothing of a run is looked at."""
    (tmp_path / "edgewise.toml").write_text(SITE)
    for name, value in {"AWS_ENDPOINT_URL": shop.aws, **CREDENTIALS}.items():
        monkeypatch.setenv(name, value)
    Table(local_client("dynamodb", shop.aws), TABLE).write(RELEASE)
    shown = shop.run("status", "--dir", str(tmp_path), "--store", str(shop.folder))
    assert shown.splitlines()[0] == f"on AWS: table shop-release in us-east-1, asked at {shop.aws}"
    assert RELEASE.release in shown
    shown = shop.run("status", "--dir", str(tmp_path), "--store", str(tmp_path))
    assert "The records cannot be asked for, so nothing changes: " in shown
    # A store of the folder has what runs here have recorded, and nothing of AWS.
    assert "The records cannot be asked for" in shop.run("status", "--aws")
    assert "in no OpenObserve" in shop.run("history", "--aws", fails=True)
    err = io.StringIO()
    assert "frozen" in shop.run("freeze", "--aws", told=err)
    assert "note: the history will not have this change" in err.getvalue()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert "error[rollout.place]" in shop.run("watch", "--once", "--dir", str(tmp_path), fails=True)


def test_every_change_is_in_the_history_with_who_when_what_and_why(shop: Shop) -> None:
    shop.run("start", "--steps", "5:30m,25:1h", "--reason", "the new basket")
    shop.run("set", "30", "--reason", "quick")
    shop.run("off")
    shop.run("on")
    shop.run("set", "5")
    traffic(shop, bad=True)
    shop.run("watch", "--once")
    release = shop.document()["release"]

    def own() -> list[dict[str, Any]]:
        rows = map(json.loads, shop.run("history", "--json").splitlines())
        return [row for row in rows if row["release"] == release]

    rows = own()
    assert [row["action"] for row in rows] == ["start", "set", "off", "on", "set", "rollback"]
    assert [row.get("weight_before") for row in rows] == [None, 5, 30, 30, 30, 5]
    assert [row["weight"] for row in rows] == [5, 30, 30, 30, 5, 0]
    assert [row["who"] for row in rows] == [user()] * 5 + ["the judge"]
    assert [row["sentence"] for row in rows][:2] == ["the new basket", "quick"]
    assert rows[-1]["sentence"] == shop.document()["reason"]
    shown = shop.run("history")
    assert shown.startswith("on this machine: ")
    story = shown.split(release)[1]
    assert f"set, by {user()}\n    ramping at 5 % → ramping at 30 %\n    quick\n" in story
    assert "    ramping at 30 % → switched off (ramping at 30 % underneath)\n" in story
    assert "rollback, by the judge\n    ramping at 5 % → rolled back\n    Since " in story
    assert "no record of a change" in shop.run("history", "--since", "0s")


def test_a_release_that_went_back_tells_how_far_it_got_and_what_became_of_sessions(shop: Shop) -> None:
    shop.run("start")
    shop.run("set", "30")
    shop.run("rollback", "--keep-sessions")
    shown = shop.run("status")
    assert "  ✗     30 %    30 min   it went back from here" in shown and "  ✓     25 %" in shown
    assert "Sessions on v2 stay there; `edgewise rollout rollback` moves them too." in shown
    shop.run("rollback")
    shown = shop.run("status")
    assert "  ✗     30 %" in shown and "Sessions on v2 were moved to v1." in shown


def test_a_release_that_nothing_can_judge_begins_only_if_that_is_meant(shop: Shop) -> None:
    file = shop.folder / "edgewise.toml"
    file.write_text(SITE.replace('[log]\ndelivery = "stdout"\n', ""))
    try:
        assert "has no [log]" in shop.run("start", fails=True)
        assert "has no release" in shop.run("status", fails=True)
        assert "note: without [log] nothing is recorded" in shop.run("start", "--unjudged")
        assert "note: without [log] nothing is recorded" in shop.run("status")
    finally:
        file.write_text(SITE)


def test_what_could_be_meant_for_aws_or_for_the_run_is_done_in_neither(
    shop: Shop, tmp_path: Path, monkeypatch: Any
) -> None:
    with_credentials = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", **CREDENTIALS}
    for name, value in with_credentials.items():
        monkeypatch.setenv(name, value)
    told = shop.run("start", fails=True)
    assert "there are credentials for AWS" in told and "--local or --aws" in told
    assert "has no release on this machine" in shop.run("status", fails=True), "looking harms nobody"
    assert "there are credentials" in shop.run("watch", "--once", fails=True)
    shop.run("start", "--local")
    assert "error[rollout.place]" in shop.run("freeze", "--aws", fails=True)
    assert shop.document()["state"] == "ramping"
    # And after the run has ended.
    (tmp_path / "edgewise.toml").write_text(SITE)
    (tmp_path / ".edgewise").mkdir()
    (tmp_path / ".edgewise/aws.json").write_text("{}")
    assert "has run here and has ended" in shop.run("freeze", "--dir", str(tmp_path), fails=True)
    assert "error[rollout.place]" in shop.run("freeze", "--dir", str(tmp_path), "--aws", fails=True)
    assert "no `edgewise up` runs" in shop.run("freeze", "--dir", str(tmp_path), "--local", fails=True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", shop.aws)
    shown = shop.run("status", "--dir", str(tmp_path)).splitlines()[0]
    assert shown.startswith("on AWS: ") and "not what `edgewise up` had here, which has ended" in shown
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    for look in ("status", "history"):
        assert "has run here and has ended" in shop.run(look, "--dir", str(tmp_path), fails=True)


def test_without_a_run_and_without_credentials_neither_can_be_told(
    shop: Shop, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / "edgewise.toml").write_text(SITE)
    told = shop.run("freeze", "--dir", str(tmp_path), fails=True)
    assert "Is `edgewise up` running, or are there credentials" in told


WRONG_SETTINGS = [
    ({"AWS_PROFILE": "nobody"}, "AWS_PROFILE"),
    ({"AWS_ACCESS_KEY_ID": "AKIA"}, "AWS_SECRET_ACCESS_KEY"),
    ({"AWS_ENDPOINT_URL": "nowhere", **CREDENTIALS}, "AWS_ENDPOINT_URL"),
]


@pytest.mark.parametrize(("settings", "told"), WRONG_SETTINGS)
def test_settings_for_aws_that_cannot_be_used_are_told_and_do_not_matter_here(
    shop: Shop, tmp_path: Path, monkeypatch: Any, settings: dict[str, str], told: str
) -> None:
    # As in a program of its own: boto3 keeps what it has read once.
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    shop.run("start", "--local")
    assert "ramping at 5 %" in shop.run("status") and "edgewise-version=" in shop.run("link", "v2")
    link = ("link", "v2", "--url", "https://a.example/")
    for words in (("status",), ("history",), ("freeze",), ("watch", "--once"), link):
        error = shop.run(*words, "--aws", fails=True)
        assert error.startswith("error[rollout.place]: dynamodb in us-east-1: AWS cannot be asked"), error
        assert told in error


def test_a_history_without_a_record_is_empty(shop: Shop, tmp_path: Path) -> None:
    state = tmp_path / ".edgewise"
    (state / "store").mkdir(parents=True)
    with serving(state / "store") as fresh:
        assert "There is no record of a change" in shop.run("history", "--store", str(tmp_path))
        known = json.loads((fresh.directory / "credentials.json").read_bytes())
        url = fresh.url.replace("http://", f"http://{known['user']}:{known['password']}@")
        assert "There is no record of a change" in shop.run("history", "--store", url)


def test_the_kill_switch_is_told_with_its_own_time_also_after_the_release(shop: Shop) -> None:
    shop.run("start")
    shop.run("rollback", "--keep-sessions")
    an_hour_ago = time.time_ns() // 1000 - 3_600_000_000
    shop.put(since=an_hour_ago)
    shop.run("off", "--reason", "panic")
    shown = shop.run("status")
    assert f"(0 min ago), by {user()}: panic" in shown
    shop.run("on")
    assert "Sessions on v2 stay there" in shop.run("status") and shop.document()["since"] == an_hour_ago


def test_of_a_long_reason_the_beginning_is_kept_and_that_is_said(shop: Shop) -> None:
    err = io.StringIO()
    shop.run("start", "--reason", "why " * 750, told=err)
    reason = shop.document()["reason"]
    assert len(reason) == 200 and reason.startswith("why why") and reason.endswith("…")
    assert "the first 200 characters are kept" in err.getvalue()


def test_drains_of_seconds_are_told_in_seconds(shop: Shop) -> None:
    shop.run("start", "--steps", "100:1m")
    shop.run("set", "100")
    shop.run("finish", "--drain", "20s")
    assert "more seconds" in shop.run("finish", fails=True)


def test_a_judge_who_holds_for_the_same_reason_leaves_few_records(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run("start")
    looks = count(1)

    def pause(_: float) -> None:
        if next(looks) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr("edgewise.cli.rollingout.watching.time.sleep", pause)
    shown = shop.run("watch", "--every", "1s", "--json").splitlines()
    release = shop.document()["release"]
    rows = shop.store.rows(f"SELECT * FROM rollout WHERE release = '{release}' AND rule <> 'hand'")
    assert len(shown) == 4 and len(rows) == 1


def test_help_has_its_brackets(shop: Shop) -> None:
    assert "Also without [log]:" in shop.run("start", "--help")
