"""Whether page views are the same number however they are counted: by the edge, from its records, from the log.

    .venv/bin/python -m benchmarks.page_views [--lines 1000000] [--generator FILE]

A generated log with true answers is imported; each of its requests is played to the edge's own code as the events of a
viewer-request, an origin-response and a viewer-response; the views that the edge finishes are files, which are imported
too. Then all are counted by page, day, device, country and referrer, and compared with each other and the truth.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from edgewise.agents import country_table, exported
from edgewise.edge import Edge
from edgewise.edge.environment import Clock
from edgewise.logfiles.importing import Import
from edgewise.logfiles.records import Making
from edgewise.logfiles.rejects import Rejects
from edgewise.logfiles.sources import find
from edgewise.logfiles.target import open_target
from edgewise.questions import PAGE_VIEWS, REQUESTS, Question, bound
from edgewise.questions.catalogue import parse
from edgewise.store.engine import Engine
from edgewise.store.home import existing
from edgewise.store.search import Bounds, Searcher

Row = dict[str, Any]
HOUR = 3_600_000_000
_SHARED = Path(os.environ.get("EDGEWISE_SHARED") or Path(__file__).parents[2] / "shared")
_PATIENCE = 3600.0
_COUNTED = ("page", "day", "device", "country", "referrer")
_ASKED = f"""-- name: counts
-- title: Counts
-- description: Page views, told apart by all that is compared.
-- page_views: all
-- columns:
{chr(10).join(f"--   {name} text: what is compared" for name in _COUNTED)}
--   views count: page views of people
SELECT {", ".join(_COUNTED)}, count(*) AS views FROM chosen WHERE page_view GROUP BY {", ".join(_COUNTED)}
"""
_COLUMNS = (
    "request_id, _timestamp, method, host, path, query, status, content_type, referrer, user_agent, client_ip"
)


class Moved(Clock):
    """A clock that stands at the time of the request that is played."""

    def __init__(self) -> None:
        self.microseconds = 0

    def now(self) -> int:
        return self.microseconds

    def ticks(self) -> float:
        return self.microseconds / 1e6


class Kept:
    """A delivery that keeps what it is given."""

    sent = dropped = retried = pending = waited_ms = batch_age_ms = 0
    drop_reason = ""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def deliver(self, record: Row, remaining_ms: float) -> None:
        self.kept.append(record)

    def deliver_line(self, line: str, remaining_ms: float) -> None:
        self.kept.append(line)

    def advance(self, remaining_ms: float) -> None:
        pass


class Context:
    """The part of Lambda's context that the edge asks for."""

    aws_request_id = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
    invoked_function_arn = "arn:aws:lambda:us-east-1:111122223333:function:us-east-1.shop-viewer:1"

    def get_remaining_time_in_millis(self) -> int:
        return 5000


class Played:
    """One environment at the edge. `folder` is for the data of its bundle, `database` an address database."""

    def __init__(self, folder: Path, database: Path | None = None) -> None:
        (folder / "edgewise_agents.json").write_text(json.dumps(exported(names=True)))
        if database is not None:
            (folder / "edgewise_countries.bin").write_bytes(country_table(database))
        self.records, self.views = Kept(), Kept()
        self._clock = Moved()
        statistics = {"path": "firehose", "stream_name": "views", "countries": database is not None}
        privacy = {"client_address": "keep"}
        self._edge = Edge(
            {"hash": "0" * 12, "log": {"delivery": "stdout", "privacy": privacy}, "statistics": statistics},
            clock=self._clock,
            environ={"LAMBDA_TASK_ROOT": str(folder), "AWS_REGION": "us-east-1"},
            deliver=lambda asked, *_: self.records if asked["delivery"] == "stdout" else self.views,
        )

    def play(
        self, row: Row, triggers: Iterable[str] = ("viewer-request", "origin-response", "viewer-response")
    ) -> None:
        """All triggers of one logged request, at its time."""
        self._clock.microseconds = row["_timestamp"]
        for trigger in triggers:
            self._edge(event(row, trigger), Context())


def event(row: Row, trigger: str) -> Row:
    """The event of a trigger, as CloudFront would have sent it for a request of a log."""
    sent = {"Host": row.get("host"), "User-Agent": row.get("user_agent"), "Referer": row.get("referrer")}
    cf: Row = {
        "config": {
            "distributionDomainName": "d111111abcdef8.cloudfront.net",
            "distributionId": "E2EXAMPLE0001",
            "eventType": trigger,
            "requestId": row["request_id"],
        },
        "request": {
            "clientIp": row["client_ip"],
            "method": row["method"],
            "uri": row["path"],
            "querystring": row.get("query") or "",
            "headers": _headers(sent),
        },
    }
    if trigger.endswith("response"):
        answered = {"Content-Type": row.get("content_type")}
        cf["response"] = {
            "status": str(row["status"]),
            "statusDescription": "",
            "headers": _headers(answered),
        }
    return {"Records": [{"cf": cf}]}


def _headers(sent: Mapping[str, str | None]) -> Row:
    return {
        name.lower(): [{"key": name, "value": value}] for name, value in sent.items() if value is not None
    }


def imported(
    store: Path, place: Path, country: Callable[[str], str | None] | None, host: str | None = None
) -> None:
    """The log or the views of a file, in a store."""
    with open_target(store) as target, closing(Rejects(target.rejects)) as rejects:
        making = Making(country=country, host=host)
        run = Import(target, target.manifest, rejects=rejects, making=making)
        summary = run.run(find([str(place)]))
    if summary.failed or summary.bad:
        sys.exit(f"{place} was not imported whole: {summary.failed or rejects.shown}")


def logged(searcher: Searcher) -> Iterator[Row]:
    """The requests of a store's log, in order of time."""
    (times,) = searcher.query("SELECT min(_timestamp) AS first, max(_timestamp) AS last FROM access").rows
    sql = f"SELECT {_COLUMNS} FROM access ORDER BY _timestamp, request_id"
    for hour in range(times["first"] // HOUR, times["last"] // HOUR + 1):
        yield from searcher.query(sql, start=hour * HOUR, end=(hour + 1) * HOUR).rows


def counts(searcher: Searcher, source: str) -> dict[tuple[Any, ...], int]:
    """Page views by all that is compared."""
    rows = searcher.query(bound(_question(), {}, source)).rows
    return {tuple(row.get(name) for name in _COUNTED): row["views"] for row in rows}


def _question() -> Question:
    return parse(_ASKED)


def told_apart(counted: Mapping[tuple[Any, ...], int], name: str) -> dict[Any, int]:
    """The same by one column alone."""
    totals: dict[Any, int] = {}
    for key, views in counted.items():
        value = key[_COUNTED.index(name)]
        totals[value] = totals.get(value, 0) + views
    return totals


def run(lines: int = 1_000_000, generator: Path | None = None) -> list[dict[str, Any]]:
    """Print a table; returns its rows."""
    tool = generator or _SHARED / "tools/gen_cloudfront_v1.py"
    if not tool.is_file():
        print(f"  not run: there is no {tool}")
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log, truth = generated(tool, folder, lines)
        by_log, by_views = folder / "by-log", folder / "by-views"
        began = time.process_time()
        imported(by_log, log, None)
        spent = {"import of the log": time.process_time() - began}
        with opened(by_log) as searcher:
            from_log = counts(searcher, REQUESTS)
            began, total = time.process_time(), 0
            played = Played(folder)
            for row in logged(searcher):
                played.play(row, ("viewer-response",))
                total += 1
            spent["the edge's own code"] = time.process_time() - began
        files = folder / "views.json"
        files.write_text("".join(f"{line}\n" for line in played.views.kept))
        began = time.process_time()
        imported(by_views, files, None)
        spent["import of the views"] = time.process_time() - began
        with opened(by_views) as searcher:
            from_views = counts(searcher, PAGE_VIEWS)
    people = truth["pageviews"] - truth["bot_pageviews"]
    rows = [
        {"case": "import of the log", "views": sum(from_log.values())},
        {"case": "finished at the edge", "views": sum(from_views.values())},
        {"case": "truth", "views": people},
    ]
    print(f"  {total:,} requests")
    for row in rows:
        print(f"  {row['case']:<24} {row['views']:>10,} page views of people")
    alike = "the same" if from_log == from_views else "NOT the same"
    print(f"  by {', '.join(_COUNTED)}: {alike}, in {len(from_log):,} groups")
    for case, seconds in spent.items():
        print(f"  {case:<24} {seconds / total * 1e6:>8.1f} µs of processor a request")
    if from_log != from_views or rows[0]["views"] != people:
        sys.exit("the counts differ")
    return rows


def generated(tool: Path, folder: Path, lines: int) -> tuple[Path, dict[str, Any]]:
    """A log and the truth about exactly its lines: it is made again with as many as the generator counted."""
    log, truth = folder / "log.tsv", folder / "truth.json"
    facts: dict[str, Any] = {}
    for _ in range(2):
        options = ["--visitors", str(max(10, lines // 40)), "--truth", str(truth)]
        command = [sys.executable, str(tool), str(lines), str(log), *options]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL, timeout=_PATIENCE)
        facts = json.loads(truth.read_text())
        lines = sum(facts["status"].values())
    return log, facts


@contextmanager
def opened(store: Path) -> Iterator[Searcher]:
    """What asks a store that nobody serves."""
    engine = Engine(existing(store), read_only=True)
    searcher = Searcher(engine, Bounds(seconds=_PATIENCE, rows=10_000_000, bytes=4 << 30))
    try:
        yield searcher
    finally:
        searcher.close()
        engine.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--generator", type=Path)
    run(**vars(parser.parse_args()))
