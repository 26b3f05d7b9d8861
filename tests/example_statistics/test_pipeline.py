"""A view of a page on its whole way: edge, state machine, event bus, delivery stream, bucket, store."""

from __future__ import annotations

import gzip
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet
from examples.visitors import AGENTS, BOTS, NETWORKS

from edgewise.agents import Countries
from example_statistics.conftest import Guide
from support.addresses import country, database
from support.site import descendants, eventually

KEYS = [
    *("schema", "event_id", "_timestamp", "view_time", "view_date", "host", "page", "status", "country"),
    *("country_name", "device", "referrer_host", "campaign_source", "campaign_medium", "campaign_name"),
    *("language", "visitor", "entry"),
]


def test_a_view_has_everything_that_the_visitor_showed(guide: Guide) -> None:
    opened = guide.open(
        "/paths/ridge/?utm_source=news&utm_medium=email&utm_campaign=Autumn+walks",
        **{
            "User-Agent": AGENTS[3],
            "Accept-Language": "de-AT,de;q=0.9",
            "Referer": "https://www.hills.example/links?from=walks",
            "Edgewise-Viewer-Address": "44.9.0.7:50000",
        },
    )
    (view,) = guide.views(opened)
    assert view["page"] == "/paths/ridge"
    assert (view["country"], view["country_name"], view["device"]) == ("JP", "Japan", "mobile")
    assert (view["referrer_host"], view["entry"], view["language"]) == ("hills.example", True, "de")
    assert (view["campaign_source"], view["campaign_medium"]) == ("news", "email")
    assert view["campaign_name"] == "Autumn walks"
    assert re.fullmatch("[0-9a-f]{16}", view["visitor"])
    assert view["view_time"].startswith(view["view_date"])


def test_a_page_counts_out_of_the_cache_and_under_each_of_its_names(guide: Guide) -> None:
    names = ["/places/", "/places/", "/places", "/places/index.html"]
    views = guide.views(*map(guide.open, names))
    assert {view["page"] for view in views} == {"/places"}
    hits = [
        event["result"]
        for event in guide.up.events
        if event["event"] == "request" and event["path"].startswith("/places")
    ]
    assert "Hit" in hits


def test_what_is_no_page_view_is_none(guide: Guide) -> None:
    others = [
        guide.open("/style.css"),
        guide.open("/robots.txt"),
        guide.open("/", "HEAD"),
        guide.open("/nowhere.html"),
        guide.open("/", **{"Sec-Purpose": "prefetch;prerender"}),
    ]
    # After a view that was opened later is there, earlier ones would be.
    guide.views(guide.open("/about/"))
    listed = ", ".join(f"'{one}'" for one in others)
    assert guide.up.rows(f"SELECT event_id FROM page_views WHERE event_id IN ({listed})") == []


def test_a_bot_is_called_one(guide: Guide) -> None:
    views = guide.views(*(guide.open("/", **{"User-Agent": agent}) for agent in BOTS))
    assert {view["device"] for view in views} == {"bot"}


def test_the_bucket_has_the_views_as_lines_by_day(guide: Guide) -> None:
    opened = guide.open("/places/hut.html")
    (view,) = guide.views(opened)
    files = guide.files()
    folder = f"page_views/view_date={view['view_date']}/walks-page-views-1-"
    holding = {key: body for key, body in files.items() if opened.encode() in gzip.decompress(body)}
    ((key, body),) = holding.items()
    assert key.startswith(folder)
    assert key.endswith(".gz")
    text = gzip.decompress(body).decode()
    assert text.endswith("\n")
    line = next(line for line in map(json.loads, text.splitlines()) if line["event_id"] == opened)
    assert list(line) == KEYS
    moment = datetime.fromtimestamp(line["_timestamp"] / 1e6, UTC)
    assert line["view_time"] == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_what_the_state_machine_cannot_finish_lies_in_the_queue_and_is_not_counted(guide: Guide) -> None:
    states = guide.client("stepfunctions")
    (machine,) = states.list_state_machines()["stateMachines"]
    given = [{"schema": "pageview/1", "event_id": "no-page", "_timestamp": 1}, 'a "text"', None]
    states.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(given))
    (message,) = eventually(guide.messages)
    assert message["views"] == given
    assert "pageview/1" in message["reason"]
    assert guide.up.rows("SELECT event_id FROM page_views WHERE event_id = 'no-page'") == []


def test_what_the_stream_cannot_place_is_said(guide: Guide) -> None:
    guide.client("firehose").put_record(
        DeliveryStreamName="walks-page-views", Record={"Data": b'{"no": "day"}'}
    )
    guide.up.wait_for(
        lambda event: event["event"] == "message" and "errors/processing-failed/" in event["message"]
    )


def test_the_access_log_is_written_and_can_be_imported(guide: Guide, tmp_path: Path) -> None:
    folder = guide.up.folder / ".edgewise/logs/s3/access-log"
    eventually(lambda: list(folder.glob("EDFDVBD6EXAMPLE.*.gz")))
    command = [sys.executable, "-m", "edgewise", "import", str(folder), "--store", str(tmp_path), "--json"]
    imported = json.loads(subprocess.run(command, check=True, timeout=60, capture_output=True).stdout)
    assert imported["records"] > 0
    assert imported["bad_lines"] == 0


def test_the_invented_networks_are_those_of_the_visitors(tmp_path: Path) -> None:
    file = guide_file()
    known = {f"44.{number}.0.0/16": country(code) for code, number in NETWORKS.items()}
    more = {"2a00:1::/32": "AT", "2a00:2::/32": "CH", "2a00:3::/32": "SE"}
    assert file.read_bytes() == database(known | {net: country(code) for net, code in more.items()})
    countries = Countries(file)
    assert countries.country("44.5.200.1") == "US"
    countries.close()


def guide_file() -> Path:
    return Path(__file__).parents[2] / "examples/statistics/networks.mmdb"


def test_without_an_engine_for_expressions_it_is_said_what_to_install(tmp_path: Path) -> None:
    shutil.copytree(guide_file().parent, tmp_path / "site", ignore=shutil.ignore_patterns(".edgewise"))
    # An interpreter's own switch to have no such module.
    hide = "import sys; sys.modules['jsonata'] = None; sys.argv[1:] = ['up', '--port', '0']; "
    done = subprocess.run(
        [sys.executable, "-c", hide + "from edgewise.__main__ import main; main()"],
        cwd=tmp_path / "site",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "pip install 'edgewise[statistics]'" in done.stderr and "Traceback" not in done.stderr


def test_the_direct_path_and_parquet_say_the_same(run_guide: Callable[..., Any]) -> None:
    """And at the end nothing runs any more."""
    with run_guide({"[statistics]": '[statistics]\npath = "firehose"\nformat = "parquet"'}) as up:
        guide = Guide(up)
        opened = guide.open("/paths/river.html", **{"Edgewise-Viewer-Address": "44.1.0.7:50000"})
        (view,) = guide.views(opened)
        assert (view["page"], view["country_name"], view["device"]) == (
            "/paths/river.html",
            "Germany",
            "desktop",
        )
        ((key, body),) = ((key, body) for key, body in guide.files().items() if key.endswith(".parquet"))
        rows = pyarrow.parquet.read_table(io.BytesIO(body)).to_pylist()
        assert f"view_date={view['view_date']}/" in key
        assert list(rows[0]) == [name for name in KEYS if name != "view_date"]
        assert opened in [row["event_id"] for row in rows]
        assert guide.client("stepfunctions").list_state_machines()["stateMachines"] == []
        below = descendants(up.process.pid)
        assert up.end() == 0
    eventually(lambda: not [pid for pid in below if Path(f"/proc/{pid}").exists()])
