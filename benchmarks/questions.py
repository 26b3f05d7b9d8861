"""How soon each question is answered over a store of standard logs, and how much memory that takes.

    .venv/bin/python -m benchmarks.questions [--records 1000000] [--rounds 3] [--store DIR] [--only NAME…]

The log is the generator's (`tools/gen_cloudfront_v1.py` in the folder EDGEWISE_SHARED, else in `shared` beside the
project), imported by `edgewise import` into a store of its own; `--store` takes another. Ten million take 6 GB of disk
and as much memory to generate, until the run ends. A question is asked for the whole of its time, in this
process. CPU is of both cores together, and counts on a busy machine, where the wall clock says little. The floor is a
count of all records by status over the same files, without what is behind `requests`. At the end the whole command
`edgewise stats` is run, whose page asks twelve of them.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from edgewise.questions import bound, load
from edgewise.store.engine import Engine
from edgewise.store.home import existing
from edgewise.store.search import Searcher

_SHARED = Path(os.environ.get("EDGEWISE_SHARED") or Path(__file__).parents[2] / "shared")
_BYTES = 600  # a line of the log, and what becomes of it
_PATIENCE = 3600.0
_FLOOR = "SELECT status, count(*) AS n FROM access GROUP BY status"


def _filled(folder: Path, records: int) -> Path:
    """A store with so many records, of a generated log."""
    tool, log = _SHARED / "tools/gen_cloudfront_v1.py", folder / "log.tsv"
    if not tool.exists():
        sys.exit(f"there is no {tool}; name its folder in EDGEWISE_SHARED")
    if shutil.disk_usage(folder).free < records * _BYTES:
        sys.exit(f"{folder} has no room for {records:,} lines; TMPDIR names another place")
    generate = [sys.executable, str(tool), str(records), str(log)]
    subprocess.run(generate, check=True, capture_output=True, timeout=_PATIENCE)
    store = folder / "store"
    store.mkdir()
    command = [sys.executable, "-m", "edgewise", "import", str(log), "--store", str(store), "--json"]
    subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE)
    log.unlink()
    return store


def _taken(searcher: Searcher, sql: str, span: dict[str, int], rounds: int) -> tuple[float, float]:
    """The medians of wall clock and CPU in milliseconds, after a first time that does not count."""
    wall, cpu = [], []
    for _ in range(rounds + 1):
        began, used = time.perf_counter(), time.process_time()
        searcher.query(sql, **span)
        wall.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - used) * 1000)
    return statistics.median(wall[1:]), statistics.median(cpu[1:])


def run(
    records: int = 1_000_000, rounds: int = 3, store: Path | None = None, only: list[str] | None = None
) -> list[dict[str, Any]]:
    """Print a table, the slowest first; returns its rows."""
    with tempfile.TemporaryDirectory() as name:
        store = store or _filled(Path(name), records)
        engine = Engine(existing(store), read_only=True)
        searcher = Searcher(engine)
        try:
            rows = _measured(searcher, rounds, only)
        finally:
            searcher.close()
            engine.close()
        if not only:
            rows.append(_command(store))
    for row in sorted(rows, key=lambda each: -each["cpu"]):
        print(f"  {row['question']:<24} {row['wall']:>8,.0f} ms   CPU {row['cpu']:>8,.0f} ms")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n  peak memory {peak:,.0f} MB")
    return rows


def _command(store: Path) -> dict[str, Any]:
    """`edgewise stats` over all of it, as a process: a page of twelve questions, with everything from its start on."""
    command = [sys.executable, "-m", "edgewise", "stats", "--store", str(store), "--since", "2000-01-01"]
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"question": "command: edgewise stats", "wall": wall * 1000, "cpu": cpu * 1000}


def _measured(searcher: Searcher, rounds: int, only: list[str] | None) -> list[dict[str, Any]]:
    (times,) = searcher.query("SELECT min(_timestamp) AS first, max(_timestamp) AS last FROM access").rows
    span = {"start": times["first"], "end": times["last"] + 1}
    (overview,) = searcher.query(bound(load()["overview"], span), **span).rows
    print(f"  {overview['requests']:,} requests, {overview['page_views']:,} page views of people\n")
    statements = {"floor: count by status": _FLOOR}
    statements |= {one.name: bound(one, span) for one in load().values() if not only or one.name in only}
    rows = []
    for name, sql in statements.items():
        wall, cpu = _taken(searcher, sql, span, rounds)
        rows.append({"question": name, "wall": wall, "cpu": cpu})
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--only", nargs="*")
    run(**vars(parser.parse_args()))
