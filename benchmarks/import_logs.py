"""`edgewise import` of CloudFront's standard logs, with GoAccess beside it, and its answers against the true ones.

    .venv/bin/python -m benchmarks.import_logs [--lines 1000000] [--days 1] [--generator FILE]

The log and the true answers come from a generator that is no part of this project (`gen_cloudfront_v1.py`, which writes
`--truth`); without it nothing is run. Each import is a process of its own into an empty store, from its start to its
end: until the records are on the disk and can be queried. Processor time is user and system time of all its threads.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from edgewise.store import open_reader

_GENERATOR = Path(__file__).parents[2] / "shared/tools/gen_cloudfront_v1.py"
# A page view is an HTML answer with 200 or 304; the generator's scanners get 404.
_PAGE = "status IN (200, 304) AND content_type = 'text/html'"
_VISITOR = "(_timestamp // 86400000000, client_ip, user_agent)"
_ANSWERS = {
    "status": "SELECT status::VARCHAR AS k, count(*) AS n FROM requests GROUP BY 1",
    "bytes": "SELECT sum(bytes_sent)::BIGINT AS n FROM requests",
    "pageviews": f"SELECT count(*) AS n FROM requests WHERE {_PAGE}",
    "bot_pageviews": f"SELECT count(*) AS n FROM requests WHERE {_PAGE} AND agent <> 'person'",
    "uniq_day_ip_ua": f"SELECT count(DISTINCT {_VISITOR}) AS n FROM requests WHERE {_PAGE}",
    "uniq_day_ip_ua_human": (
        f"SELECT count(DISTINCT {_VISITOR}) AS n FROM requests WHERE {_PAGE} AND agent = 'person'"
    ),
    "pages": f"SELECT path AS k, count(*) AS n FROM requests WHERE {_PAGE} GROUP BY 1 ORDER BY n DESC LIMIT 10",
}


def _generate(generator: Path, folder: Path, lines: int, days: int) -> tuple[Path, dict[str, Any]]:
    """The log and its true answers.

    The generator counts the lines that it cuts off at the end. So it runs again, for as many as it counted: then none
    is cut.
    """
    log, truth = folder / "log.tsv", folder / "truth.json"
    options = ["--days", str(days), "--visitors", str(lines // 40), "--truth", str(truth)]
    for _ in range(2):
        command = [sys.executable, str(generator), str(lines), str(log), *options]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        answers: dict[str, Any] = json.loads(truth.read_text())
        lines = sum(answers["status"].values())
    return log, answers


def _timed(command: list[str]) -> tuple[float, float, float]:
    """Seconds, seconds of processor time, and megabytes at the most, of a command that must end well."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} ended with {process.returncode}")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _answers(store: Path) -> dict[str, Any]:
    reader = open_reader(store)
    try:
        found = {name: reader.query(sql).rows for name, sql in _ANSWERS.items()}
    finally:
        reader.close()
    return {
        name: {row["k"]: row["n"] for row in rows} if "k" in rows[0] else rows[0]["n"]
        for name, rows in found.items()
    }


def _wrong(answers: dict[str, Any], truth: dict[str, Any]) -> list[str]:
    """The questions whose answers are not the true ones. Of pages with equal counts either may be in the ten."""
    wrong = [name for name in _ANSWERS if name != "pages" and answers[name] != truth[name]]
    ten = sorted(answers["pages"].values()), sorted(truth["pages"].values())
    return wrong if ten[0] == ten[1] else [*wrong, "pages"]


def _judged(wrong: list[str]) -> str:
    return f"WRONG: {', '.join(wrong)}" if wrong else "all as they are"


def run(lines: int = 1_000_000, days: int = 1, generator: Path = _GENERATOR) -> list[dict[str, Any]]:
    """Print a table; returns its rows."""
    if not generator.is_file():
        print(f"  not run: there is no {generator}")
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log, truth = _generate(generator, folder, lines, days)
        packed = folder / "log.tsv.gz"
        with log.open("rb") as source, gzip.open(packed, "wb", 6) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        total = sum(truth["status"].values())
        stores = {
            f"edgewise import, {file.suffix.lstrip('.')}": (file, folder / file.suffix)
            for file in (log, packed)
        }
        measured = {
            case: _timed([sys.executable, "-m", "edgewise", "import", str(file), "--store", str(store)])
            for case, (file, store) in stores.items()
        }
        out = folder / "goaccess.json"
        if shutil.which("goaccess"):
            options = ["--log-format=CLOUDFRONT", "--no-global-config", "--no-progress", "-o", str(out)]
            measured["goaccess, tsv"] = _timed(["goaccess", str(log), *options])
        # Only now: a process's memory begins with that of the one that starts it, and the queries make this one large.
        judged = {case: _judged(_wrong(_answers(store), truth)) for case, (_, store) in stores.items()}
        if out.is_file():
            said = json.loads(out.read_text())["general"]
            right = (said["valid_requests"], said["bandwidth"]) == (total, truth["bytes"])
            judged["goaccess, tsv"] = "requests and bytes right" if right else "WRONG"
        rows = [_row(case, total, measured[case], judged[case]) for case in measured]
    print(f"  {total:,} lines of {days} day(s)")
    for row in rows:
        print(
            f"  {row['case']:<24} {row['seconds']:>6.1f} s  {row['rate']:>9,.0f} lines/s  {row['cpu']:>5.1f} µs of"
            f" processor a line  {row['memory']:>5.0f} MB   answers: {row['answers']}"
        )
    return rows


def _row(case: str, total: int, measured: tuple[float, float, float], answers: str) -> dict[str, Any]:
    seconds, cpu, memory = measured
    return {
        "case": case,
        "seconds": seconds,
        "rate": total / seconds,
        "cpu": cpu / total * 1_000_000,
        "memory": memory,
        "answers": answers,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--generator", type=Path, default=_GENERATOR)
    run(**vars(parser.parse_args()))
