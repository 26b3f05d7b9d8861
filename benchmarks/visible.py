"""How soon the main job shows what happened: `edgewise up` until it is ready, a request until it can be queried.

    .venv/bin/python -m benchmarks.visible [--rounds 5] [--requests 20]

Each round starts the example shop in a folder of its own. A request counts as visible when its three records (the
function's at viewer request, the function's at origin response, the local CDN's) are in the answer of a search. The
search itself, timed alone in the same run, is the floor.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edgewise.store import open_reader

_SHOP = Path(__file__).parents[1] / "examples" / "shop"


def _get(url: str, path: str) -> str:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    connection.request("GET", path)
    response = connection.getresponse()
    response.read()
    connection.close()
    return str(response.headers["X-Amz-Cf-Id"])


def _round(folder: Path, requests: int) -> tuple[float, list[float], list[float]]:
    """Seconds until ready; seconds until each request was visible; seconds of a search alone."""
    shutil.copytree(_SHOP, folder, ignore=shutil.ignore_patterns(".edgewise", "__pycache__"))
    command = [sys.executable, "-m", "edgewise", "up", str(folder), "--port", "0", "--json"]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        ready = time.perf_counter() - began
        reader = open_reader(folder / ".edgewise" / "store")
        visible, searches = [], []
        for _ in range(requests):
            request_id = _get(url, "/api/products")
            answered = time.perf_counter()
            sql = f"SELECT record_id FROM edge WHERE request_id = '{request_id}' UNION ALL " + (
                f"SELECT record_id FROM access WHERE request_id = '{request_id}'"
            )
            while len(reader.query(sql).rows) < 3:
                if time.perf_counter() - answered > 10:
                    sys.exit("a request was not visible after 10 s")
            visible.append(time.perf_counter() - answered)
            began = time.perf_counter()
            reader.query(sql)
            searches.append(time.perf_counter() - began)
        reader.close()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    return ready, visible, searches


def run(rounds: int = 5, requests: int = 20) -> list[dict[str, Any]]:
    """Print a table; returns its rows, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        measured = [_round(Path(folder) / str(number), requests) for number in range(rounds)]
    columns = {
        "until ready": [ready for ready, _, _ in measured],
        "until visible": [each for _, visible, _ in measured for each in visible],
        "a search alone": [each for _, _, searches in measured for each in searches],
    }
    rows = []
    for name, seconds in columns.items():
        row = {"case": name, "median": statistics.median(seconds) * 1000, "max": max(seconds) * 1000}
        rows.append(row)
        print(
            f"  {name:<15} median {row['median']:>7,.0f} ms   max {row['max']:>7,.0f} ms   of {len(seconds)}"
        )
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=20)
    run(**vars(parser.parse_args()))
