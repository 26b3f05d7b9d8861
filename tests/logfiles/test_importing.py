"""Files into a store: each once, each whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from edgewise.agents import Countries
from edgewise.cli.main import app
from edgewise.logfiles.errors import LogfilesError, SourceError
from edgewise.logfiles.reading import LogBytes
from edgewise.logfiles.records import Making
from edgewise.logfiles.target import open_target
from edgewise.store.bodies import json_values
from edgewise.store.disk import Disk
from edgewise.store.engine import Engine
from edgewise.store.home import hold_for_writing, prepare
from logfiles.samples import HEADER, NOON, bring, line, log, rows
from support.addresses import country, database
from support.command import edgewise
from support.shared import shared

EDGEWISE = [sys.executable, "-c", "from edgewise.cli.main import main; main()"]
WAIT = 60.0


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


def many(count: int, start: int = 0) -> list[str]:
    """Lines of requests that are spread over hours."""
    return [
        line(time=f"{number % 24:02}:00:{number % 60:02}", x_edge_request_id=f"req-{number}")
        for number in range(start, start + count)
    ]


def count(store: Path) -> int:
    (row,) = rows(store, "SELECT count(*) AS n FROM access")
    return int(row["n"])


def test_each_file_once_under_any_name(store: Path, logs: Path) -> None:
    (logs / "one.log").write_text(log(*many(30)))
    (logs / "inner").mkdir()
    (logs / "inner/two.log.gz").write_bytes(gzip.compress(log(*many(20, 30)).encode()))
    (logs / ".hidden").write_text("nothing of ours")
    summary, _ = bring(store, logs)
    assert (summary.records, len(summary.files), summary.skipped) == (50, 2, 0)
    (logs / "one.log").rename(logs / "moved.log")
    (logs / "copy.gz").write_bytes((logs / "inner/two.log.gz").read_bytes())
    summary, _ = bring(store, logs, logs / "moved.log")
    assert (summary.records, len(summary.files), summary.skipped) == (0, 0, 3)
    assert count(store) == 50


def test_of_a_log_that_grew_only_the_new_lines_are_imported(store: Path, logs: Path) -> None:
    path = logs / "access.log"
    known = shared("data/access-2015.log").read_text().splitlines(keepends=True)
    path.write_text("".join(known[:700]))
    assert bring(store, path)[0].records == 700
    path.write_text("".join(known[:1000]))
    assert bring(store, path)[0].records == 300
    # Another log under the same name.
    path.write_text("".join(known[2000:4000]))
    assert bring(store, path)[0].records == 2000
    assert rows(store, "SELECT count(*) AS n, count(DISTINCT request_id) AS ids FROM requests") == [
        {"n": 3000, "ids": 3000}
    ]


SERVED = (
    '203.0.113.{0} - - [21/Nov/2024:00:00:{0:02} +0000] "GET /{0} HTTP/1.1" 200 12345 "-" "Mozilla/5.0"\n'
)


def test_logs_that_begin_with_the_same_line_stay_apart(store: Path, logs: Path) -> None:
    for server in range(5):
        (logs / f"{server}.log").write_text(
            SERVED.format(1) + "".join(SERVED.format(10 * server + number) for number in range(2, 9))
        )
    assert bring(store, logs)[0].records == 40
    (row,) = rows(store, "SELECT count(*) AS n, count(DISTINCT path) AS paths FROM requests")
    # The line that all of them have is one request for each, which nothing tells apart.
    assert row == {"n": 36, "paths": 36}


@pytest.mark.parametrize("cut", [-1, -2, -17, -20, -24, -26, -28, -60])
def test_a_line_that_breaks_off_is_read_when_it_is_whole(store: Path, logs: Path, cut: int) -> None:
    whole = SERVED.format(1) + SERVED.format(2)
    (logs / "a.log").write_text(whole[:cut])
    bring(store, logs)
    (logs / "a.log").write_text(whole + SERVED.format(3))
    bring(store, logs)
    found = rows(store, "SELECT path, bytes_sent, user_agent FROM requests ORDER BY path")
    assert found == [{"path": f"/{n}", "bytes_sent": 12345, "user_agent": "Mozilla/5.0"} for n in (1, 2, 3)]


def test_quotes_that_the_visitor_sent_are_not_those_of_the_line(store: Path, logs: Path) -> None:
    sent = SERVED.format(2).replace("GET /2", r"GET /2?q=\"a\"+\"b\"")
    (logs / "a.log").write_text(SERVED.format(1) + sent[: sent.index("345")])
    bring(store, logs)
    (logs / "a.log").write_text(SERVED.format(1) + sent)
    bring(store, logs)
    assert [row["bytes_sent"] for row in rows(store, "SELECT bytes_sent FROM requests")] == [12345, 12345]


def test_what_was_answered_tells_requests_apart(store: Path, logs: Path) -> None:
    for status in (200, 500):
        (logs / f"{status}.log").write_text(
            SERVED.format(1) + SERVED.format(2).replace(" 200 ", f" {status} ")
        )
    bring(store, logs)
    found = rows(store, "SELECT status FROM requests ORDER BY status, path")
    assert [row["status"] for row in found] == [200, 200, 500]


def test_the_host_of_a_log_that_does_not_name_it(store: Path, logs: Path) -> None:
    (logs / "a.log").write_text(SERVED.format(1) + "www.example.com:443 " + SERVED.format(2))
    bring(store, logs, making=Making(host="example.com"))
    assert [row["host"] for row in rows(store)] == ["example.com", "www.example.com"]


def test_a_broken_line_of_no_text_is_counted_and_nothing_else_is_said(store: Path, logs: Path) -> None:
    (logs / "a.log").write_bytes(
        log(line()).encode() + b"2024-03-11\t12:00:00\tGET\t/caf\xe9\n" + line().encode()
    )
    done = run(logs, "--store", store)
    assert done.stdout.startswith("2 records imported")
    assert done.stderr.count("\n") == 2, done.stderr


def test_nothing_to_import_is_said(store: Path, logs: Path) -> None:
    assert "there is no file in what was named" in run(logs, "--store", store).stderr
    (logs / "a.log").write_text('{"a": 1}\n')
    assert run(logs, "--store", store).returncode == 1


def test_a_real_log_is_whole(store: Path) -> None:
    path = shared("data/access-2015.log")
    summary, _ = bring(store, path)
    texts = path.read_text().splitlines()
    (row,) = rows(
        store, "SELECT count(*) AS n, sum(bytes_sent) AS bytes, count(DISTINCT client_ip) AS ips FROM access"
    )
    sizes = [text.split('" ')[1].split()[1] for text in texts]
    assert summary.bad == 0
    assert row == {
        "n": len(texts),
        "bytes": sum(int(size) for size in sizes if size.isdigit()),
        "ips": len({text.split()[0] for text in texts}),
    }


def test_bad_lines_are_kept_in_a_file_of_their_own(store: Path, logs: Path) -> None:
    (logs / "a.log").write_text(log(line(), "broken \x1b[31m line\n", line(date="-")))
    summary, rejects = bring(store, logs)
    assert (summary.records, summary.bad) == (1, 2)
    assert rejects.path is not None
    kept = rejects.path.read_text().splitlines()
    assert kept[0] == f"{logs}/a.log:4\t1 fields instead of 33\tbroken \x1b[31m line"
    assert kept[1].startswith(f"{logs}/a.log:5\tthe time is not a date\t-\t12:00:00\t")


def test_a_file_of_which_no_line_was_read_is_not_imported(store: Path, logs: Path) -> None:
    (logs / "real-time.log").write_text("1710158400.000\t203.0.113.9\t200\treq-1\n" * 2)
    wrong = run(logs, "--store", store, "--fields", "c-ip timestamp sc-status x-edge-request-id")
    assert wrong.returncode == 1
    assert wrong.stdout.startswith("0 records imported from 0 files")
    assert "2 lines without a request" in wrong.stderr
    assert f"{logs}/real-time.log: not imported: no line of it is a request" in wrong.stderr
    assert not [*store.glob("incoming/*/")]
    right = run(logs, "--store", store, "--fields", "timestamp c-ip sc-status x-edge-request-id")
    assert right.stdout.startswith("2 records imported from 1 file ")
    assert "before" not in right.stdout
    assert "1 file imported before" in run(logs, "--store", store).stdout


def test_a_broken_off_gzip_gives_what_can_be_read(store: Path, logs: Path) -> None:
    whole = gzip.compress(log(*many(5000)).encode())
    (logs / "a.gz").write_bytes(whole[: len(whole) // 2])
    summary, _ = bring(store, logs)
    assert 1000 < summary.records < 5000
    assert summary.bad == 0
    assert summary.damaged == {f"{logs}/a.gz": "the compressed data break off"}
    (logs / "a.gz").write_bytes(whole)
    bring(store, logs)
    assert rows(store, "SELECT count(*) AS n FROM requests") == [{"n": 5000}]


def test_what_is_no_log_stops_nothing(store: Path, logs: Path) -> None:
    (logs / "a.log").write_text(log(line()))
    (logs / "b.bin").write_bytes(bytes(range(256)) * 10)
    (logs / "c.parquet").write_bytes(b"PAR1 and no more")
    (logs / "empty").touch()
    summary, _ = bring(store, logs)
    assert summary.records == 1
    assert set(summary.failed) == {f"{logs}/b.bin", f"{logs}/c.parquet"}
    with pytest.raises(SourceError, match="no such file"):
        bring(store, logs / "nowhere")


def test_a_request_that_both_recorded_is_one(store: Path, logs: Path) -> None:
    (logs / "E2EXAMPLE0001.2024-03-11-12.0a1b2c3d.log").write_text(log(line(sc_status="503")))
    edge = {
        "_timestamp": NOON - 40_000,
        "record_id": "req-1:viewer-request",
        "request_id": "req-1",
        "trigger": "viewer-request",
        "country": "JP",
    }
    engine = Engine(prepare(store))
    engine.ingest("edge", json_values(json.dumps([edge]).encode())).durable.result(WAIT)
    engine.close()
    bring(store, logs)
    (row,) = rows(store, "SELECT * FROM requests")
    assert row["recorded_by"] == "edge+access"
    assert (row["status"], row["bytes_sent"], row["result"], row["country"]) == (503, 4321, "Hit", "JP")
    assert row["distribution_id"] == "E2EXAMPLE0001"


@pytest.mark.parametrize(("mask", "address"), [("truncate", "203.0.113.0"), ("drop", None)])
def test_masked_addresses_still_tell_visitors_apart(
    store: Path, logs: Path, mask: Any, address: str | None
) -> None:
    (logs / "a.log").write_text(
        log(
            line(x_edge_request_id="1"),
            line(x_edge_request_id="2", time="13:00:00"),
            line(x_edge_request_id="3", c_ip="203.0.113.10"),
            line(x_edge_request_id="4", date="2024-03-12"),
            line(x_edge_request_id="5", c_ip="2001:db8:1:2:3:4:5:6"),
            line(x_edge_request_id="6", c_ip="2001:db8:1:2:ffff::1"),
        )
    )
    bring(store, logs, making=Making(mask))
    found = {row["request_id"]: row for row in rows(store)}
    visitors = {number: row["visitor"] for number, row in found.items()}
    assert found["1"].get("client_ip") == address
    assert visitors["1"] == visitors["2"]
    assert visitors["5"] == visitors["6"]
    assert len(set(visitors.values())) == 4
    assert not any("203.0.113.9" in str(row) or ":3:4:5:6" in str(row) for row in found.values())


def test_the_same_visitor_has_another_hash_in_another_import(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(log(line()))
    for name in ("one", "two"):
        bring(tmp_path / name, path, making=Making("drop"))
    (one,), (two,) = (rows(tmp_path / name, "SELECT visitor FROM access") for name in ("one", "two"))
    assert one != two


def test_countries_come_from_the_log_and_else_from_the_database(store: Path, tmp_path: Path) -> None:
    (tmp_path / "db.mmdb").write_bytes(database({"81.2.69.0/24": country("GB")}))
    (tmp_path / "a.log").write_text(log(line(c_ip="81.2.69.160"), line(x_edge_request_id="2")))
    with closing(Countries(tmp_path / "db.mmdb")) as known:
        bring(store, tmp_path / "a.log", making=Making("drop", known.country))
    assert [row.get("country") for row in rows(store)] == [None, "GB"]


def test_two_imports_at_once_are_refused(store: Path) -> None:
    with open_target(store), pytest.raises(LogfilesError, match="another import"), open_target(store):
        pass


def test_a_disk_that_takes_nothing_is_said_and_nothing_is_imported(
    store: Path, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (logs / "a.log").write_text(log(*many(50)))

    def full(disk: Disk, path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Disk, "sync_file", full)
        with pytest.raises(LogfilesError, match=r"\.parquet: the records cannot be written: No space left"):
            bring(store, logs)
    assert not [*store.glob("incoming/*/")]
    assert bring(store, logs)[0].records == 50


# The command.


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return edgewise("import", *map(str, arguments))


def test_the_command_says_what_it_did(store: Path, logs: Path) -> None:
    (logs / "a.log").write_text(log(line(), "broken\n"))
    (logs / "b.txt").write_text("hello\n")
    dry = run(logs, "--store", store, "--dry-run")
    assert "1 record would be imported from 1 file " in dry.stdout
    assert not store.exists()
    done = run(logs, "--store", store)
    assert done.returncode == 1
    assert done.stdout.startswith("1 record imported from 1 file ")
    assert "from 2024-03-11 12:00:00 UTC to 2024-03-11 12:00:00 UTC" in done.stdout
    assert f"{logs}/a.log:4: 1 fields instead of 33" in done.stderr
    assert f"{logs}/b.txt: not imported: this is no log of a known format" in done.stderr
    facts = json.loads(run(logs / "a.log", "--store", store, "--json").stdout)
    assert (facts["records"], facts["skipped"], facts["failed"]) == (0, 1, {})


def test_a_url_is_no_place_to_import_to(logs: Path) -> None:
    done = CliRunner().invoke(app, ["import", str(logs), "--store", "http://127.0.0.1:1"])
    assert done.exit_code == 2
    assert "name its directory" in done.output


@pytest.fixture
def running(store: Path) -> Iterator[Path]:
    """A store's directory that a process serves."""
    process = subprocess.Popen(
        [*EDGEWISE, "store", "--dir", str(store), "--port", "0", "--json"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["event"] == "ready"
        yield store
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=WAIT)


def test_a_running_store_takes_it_in_at_once(running: Path, logs: Path) -> None:
    (logs / "a.log").write_text(log(*many(3000)))
    assert run(logs, "--store", running).stdout.startswith("3,000 records imported")
    assert count(running) == 3000


def test_what_was_handed_over_and_not_taken_in_is_so_by_the_next_import(store: Path, logs: Path) -> None:
    (logs / "a.log").write_text(log(*many(300)))
    hold = hold_for_writing(prepare(store))
    refused = run(logs, "--store", store)
    hold.release()
    assert refused.returncode != 0
    assert "1 file imported before" in run(logs, "--store", store).stdout
    assert count(store) == 300
    assert not [*store.glob("incoming/*/")]


def test_an_import_that_is_killed_at_any_moment_is_whole_after_the_next(store: Path, logs: Path) -> None:
    for number in range(4):
        text = log(*many(4000, number * 4000))
        (logs / f"{number}.gz").write_bytes(gzip.compress(text.encode(), 1))
    for pause in (0.6, 0.9, 1.1, 1.3, 1.6, 2.0):
        # Whatever it was doing at that moment, also nothing yet or nothing any more.
        process = subprocess.Popen(
            [*EDGEWISE, "import", str(logs), "--store", str(store)], stdout=subprocess.DEVNULL
        )
        time.sleep(pause)
        os.kill(process.pid, signal.SIGINT if pause == 0.9 else signal.SIGKILL)
        process.wait(WAIT)
        if (store / "lock").exists():
            assert count(store) in (0, 16_000)
    run(logs, "--store", store)
    assert count(store) == 16_000
    assert not [*store.glob("incoming/*/")]


# The bytes.


@settings(deadline=None)
@given(
    st.lists(st.binary(max_size=60), min_size=1, max_size=4),
    st.integers(1, 50),
    st.booleans(),
    st.integers(0, 200),
)
def test_blocks_are_the_bytes_whatever_they_come_in(
    members: list[bytes], step: int, packed: bool, cut: int
) -> None:
    text = b"".join(members)
    data = b"".join(map(gzip.compress, members)) if packed else b"!" + text
    log_bytes = LogBytes(io.BytesIO(data), step)
    blocks = list(log_bytes.blocks())
    assert b"".join(blocks) == (text if packed else b"!" + text)
    assert all(block.endswith(b"\n") for block in blocks[:-1])
    assert not log_bytes.damage
    if packed:
        cut = 2 + cut % (len(data) - 2)
        broken = LogBytes(io.BytesIO(data[:cut]), step)
        assert text.startswith(b"".join(broken.blocks()))
        ends = accumulate(len(gzip.compress(member)) for member in members)
        assert bool(broken.damage) == (cut not in ends)


def test_the_header_of_a_file_is_no_record(store: Path, logs: Path) -> None:
    (logs / "empty.log").write_text(HEADER)
    summary, _ = bring(store, logs)
    assert (summary.records, summary.bad, summary.failed) == (0, 0, {})
    assert bring(store, logs)[0].skipped == 1
