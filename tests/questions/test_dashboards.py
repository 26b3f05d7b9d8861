"""`edgewise dashboards`, against a fake of OpenObserve's API (no OpenObserve runs here)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from edgewise.cli.errors import DashboardsError
from edgewise.cli.openobserve import OpenObserve
from edgewise.questions import load, saved_queries
from edgewise.questions.boards.alerts import alerts
from edgewise.questions.boards.edge import COLUMNS
from questions.fake_openobserve import Fake, fake_openobserve
from support.command import edgewise

HOOK = "https://hooks.example/x"


@pytest.fixture
def fake() -> Iterator[Fake]:
    with fake_openobserve() as one:
        yield one


def bring(*options: str) -> subprocess.CompletedProcess[str]:
    return edgewise("dashboards", *options)


def test_everything_is_made_once_and_then_updated(fake: Fake) -> None:
    first = bring("--to", "openobserve", fake.url, "--notify", HOOK)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.splitlines() == [
        "dashboard 'Edgewise' created",
        *(f"alert {each.title!r} created" for each in alerts()),
    ]
    assert set(fake.streams["edge"]) == set(COLUMNS), "the stream is made before anything names it"
    assert fake.named["destinations", "edgewise"]["url"] == HOOK
    again = bring("--to", "openobserve", fake.url, "--notify", HOOK)
    assert again.stdout == first.stdout.replace("created", "updated"), again.stderr
    assert len(fake.dashboards) == 1 and len(fake.alerts) == len(alerts())
    assert fake.dashboards["id0"]["hash"] == "2"


def test_a_server_that_lists_neither_titles_nor_hashes(fake: Fake) -> None:
    fake.lean = True
    bring("--to", "openobserve", fake.url)
    assert "updated" in bring("--to", "openobserve", fake.url).stdout
    assert fake.dashboards.keys() == {"id0"}


def test_without_a_place_to_send_them_there_are_no_alerts(fake: Fake) -> None:
    shown = bring("--to", "openobserve", fake.url)
    assert "no alerts" in shown.stdout and "--notify" in shown.stdout
    assert not fake.alerts
    fake.named["destinations", "edgewise"] = {"name": "edgewise"}
    assert "alert 'Error rate' created" in bring("--to", "openobserve", fake.url).stdout


def test_a_stream_that_is_there_keeps_its_columns(fake: Fake) -> None:
    fake.streams["mine"] = ["_timestamp", "request_id", "status", "trigger"]
    assert bring("--to", "openobserve", fake.url, "--stream", "mine", "--notify", HOOK).returncode == 0
    assert fake.streams == {"mine": ["_timestamp", "request_id", "status", "trigger"]}
    query = fake.dashboards["id0"]["v8"]["tabs"][0]["panels"][0]["queries"][0]["query"]
    assert 'FROM "mine"' in query and "CAST(NULL AS VARCHAR) AS country" in query
    assert {one["stream_name"] for one in fake.alerts.values()} == {"mine"}


def test_no_text_of_visitors_is_sent_along_with_an_alert(fake: Fake) -> None:
    bring("--to", "openobserve", fake.url, "--notify", HOOK)
    assert "{rows}" not in fake.named["templates", "edgewise"]["body"]


def test_what_goes_wrong_is_one_message_without_the_password(fake: Fake) -> None:
    wrong = bring("--to", "openobserve", fake.url.replace("s3cret", "other"))
    assert wrong.returncode == 1
    assert "error[cli.dashboards]" in wrong.stderr and "was answered 401" in wrong.stderr
    assert "other" not in wrong.stderr and "Traceback" not in wrong.stderr
    gone = bring("--to", "openobserve", "http://u:p@127.0.0.1:1/o")
    assert "no OpenObserve answers" in gone.stderr


@pytest.mark.parametrize("url", ["nonsense", "http://host:5080/o", "ftp://u:p@host/o", "http://u:p@host:x/o"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(DashboardsError):
        OpenObserve(url)


def test_options_that_miss_something() -> None:
    for options in ((), ("--to", "openobserve"), ("--to", "elsewhere", "http://u:p@h/o")):
        shown = bring(*options)
        assert shown.returncode == 2 and "Traceback" not in shown.stderr


def test_files(tmp_path: Path) -> None:
    shown = bring("--files", str(tmp_path / "new"), "--stream", "logs_2")
    written = [Path(line) for line in shown.stdout.splitlines()]
    saved = [path for path in written if path.parent.name == "page-views"]
    assert shown.returncode == 0 and len(written) == 3 + len(alerts()) + 1 + len(load()) + len(saved)
    assert {path.stem for path in saved} == {each.name for each in saved_queries()}
    for path in written:
        text = path.read_text()
        if "page-views" in str(path.relative_to(tmp_path)):
            assert "page_views" in text and '"logs_2"' not in text and 'FROM \\"edge' not in text
        elif path.suffix == ".json":
            assert '\\"logs_2\\"' in text and json.loads(text)
        else:
            tables = {table.name for table in sqlglot.parse_one(text, read="athena").find_all(exp.Table)}
            assert tables & {"logs_2", "requests"} and "edge" not in tables
    (tmp_path / "file").touch()
    assert "error[cli.dashboards]" in bring("--files", str(tmp_path / "file")).stderr


def test_a_stream_that_cannot_be_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    for name in ("a b;drop", "Edge", "", "a-b", "é"):
        refused = bring("--files", str(tmp_path / "out"), "--stream", name)
        assert refused.returncode == 2 and "can be no stream" in refused.stderr
    assert not (tmp_path / "out").exists()
