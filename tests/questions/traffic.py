"""Traffic with known answers: what the generator of logs wrote with its truth, and a few visits made by hand."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import datafusion
import duckdb
import sqlglot

from edgewise.agents import classify
from edgewise.questions import Question, athena, bound
from edgewise.questions import datafusion as for_datafusion
from edgewise.store.engine import Engine
from edgewise.store.search import Searcher, show
from edgewise.store.views import Span
from store.engines import engine_at, put
from support.shared import shared

Row = dict[str, Any]
MINUTE = 60_000_000
DAY = 86_400_000_000
# 2026-11-21 00:00 UTC
MIDNIGHT = 1_795_219_200_000_000


@dataclass
class Site:
    """A store with records, and the same records for other engines."""

    searcher: Searcher
    database: Any
    datafusion: Any

    def ask(self, question: Question, **values: Any) -> list[Row]:
        """From our store; nulls are absent."""
        return self.searcher.query(bound(question, values)).rows

    def ask_datafusion(self, question: Question, **values: Any) -> list[Row]:
        rows = self.datafusion.sql(for_datafusion(question, values)).to_pylist()
        return [without_nulls(row) for row in rows]

    def ask_athena(self, question: Question, **values: Any) -> list[Row]:
        """Athena's text, read as Athena's, back on DuckDB. Athena's percentiles are approximations; not here."""
        (back,) = sqlglot.transpile(athena(question, values), read="athena", write="duckdb")
        back = back.replace("APPROX_QUANTILE(", "QUANTILE_CONT(")
        return [without_nulls(row) for row in self.database.sql(back).to_arrow_table().to_pylist()]


def without_nulls(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


@contextmanager
def site(directory: Path, *, access: Sequence[Row] = (), edge: Sequence[Row] = ()) -> Iterator[Site]:
    with engine_at(directory) as engine:
        for stream, records in (("access", access), ("edge", edge)):
            for first in range(0, len(records), 2000):
                put(engine, *map(classified, records[first : first + 2000]), stream=stream)
        searcher = Searcher(engine)
        try:
            yield _both(engine, searcher)
        finally:
            searcher.close()


def _both(engine: Engine, searcher: Searcher) -> Site:
    database = duckdb.connect(":memory:")
    session = datafusion.SessionContext()
    with engine.snapshot(["edge", "access"], None, None) as data:
        show(database, ("edge", "requests"), data, Span(None, None, 0))
        tables = {
            name: database.sql(f"SELECT * FROM {name}").to_arrow_table() for name in ("requests", "edge")
        }
    for name, table in tables.items():
        session.from_arrow(table, name=name)
        database.register(f"kept {name}", table)
        # The snapshot's files may be gone by now.
        database.execute(f'CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM "kept {name}"')
    return Site(searcher, database, session)


def classified(record: Row) -> Row:
    """As it is when the store has classified its user agent."""
    if "agent" in record or not record.get("user_agent"):
        return record
    agent = classify(record["user_agent"])
    facts = {"agent": agent.kind, "browser": agent.browser, "os": agent.os, "device": agent.device}
    return {**facts, "bot_reason": agent.reason, **record}


def generated(folder: Path, visitors: int = 75, lines: int = 2500) -> tuple[list[Row], Row]:
    """Records of a generated log and the truth about exactly these: the log ends with a visit's last line."""
    tool = shared("tools/gen_cloudfront_v1.py")
    log, truth = folder / "log.tsv", folder / "truth.json"
    facts: Row = {}
    for _ in range(2):
        command = [sys.executable, str(tool), str(lines), str(log), "--visitors", str(visitors)]
        subprocess.run([*command, "--truth", str(truth)], check=True, capture_output=True, timeout=60)
        facts = json.loads(truth.read_text())
        lines = sum(facts["status"].values())
    return list(_records(log)), facts


def _records(log: Path) -> Iterator[Row]:
    text = log.read_text().splitlines()
    names = text[1].removeprefix("#Fields: ").split()
    for number, row in enumerate(csv.DictReader(text[2:], names, delimiter="\t", quoting=csv.QUOTE_NONE)):
        moment = datetime.fromisoformat(f"{row['date']}T{row['time']}").replace(tzinfo=UTC)
        record = {
            "_timestamp": int(moment.timestamp()) * 1_000_000,
            "record_id": f"{number}:access",
            "request_id": row["x-edge-request-id"],
            "host": row["x-host-header"],
            "method": row["cs-method"],
            "path": row["cs-uri-stem"],
            "query": row["cs-uri-query"],
            "status": int(row["sc-status"]),
            "bytes_sent": int(row["sc-bytes"]),
            "duration_ms": float(row["time-taken"]) * 1000,
            "client_ip": row["c-ip"],
            "user_agent": unquote(row["cs(User-Agent)"]),
            "referrer": row["cs(Referer)"],
            "content_type": row["sc-content-type"],
            "result": row["x-edge-result-type"],
            "edge_location": row["x-edge-location"],
        }
        yield {name: value for name, value in record.items() if value != "-"}


_PERSON = {
    "agent": "person",
    "browser": "Firefox",
    "os": "Linux",
    "device": "desktop",
    "user_agent": "Mozilla/5.0 Firefox/140.0",
    "client_ip": "192.0.2.1",
    "country": "DE",
}


def view(number: int, minute: float, path: str, **fields: Any) -> Row:
    """A person's request for a page, some minutes after midnight."""
    record = {
        "_timestamp": MIDNIGHT + int(minute * MINUTE),
        "record_id": f"{number}:access",
        "request_id": f"q{number:03}",
        "method": "GET",
        "host": "shop.example",
        "path": path,
        "status": 200,
        "content_type": "text/html",
        "result": "Miss",
        "duration_ms": 10.0,
        "bytes_sent": 100,
    }
    return record | _PERSON | fields


def run(number: int, minute: float, **fields: Any) -> Row:
    """A record of a function, some minutes after midnight."""
    record = {
        "_timestamp": MIDNIGHT + int(minute * MINUTE),
        "record_id": f"{number}:edge",
        "request_id": f"e{number:03}",
        "trigger": "viewer-request",
        "function_version": "7",
        "region": "eu-central-1",
        "environment_id": "env-a",
        "environment_age_ms": int(minute * 60_000),
        "invocation": number,
        "duration_ms": 1.0,
        "cold": number == 1,
        "sent": number - 1,
        "dropped": 0,
        "failed_steps": 0,
    }
    return record | fields
