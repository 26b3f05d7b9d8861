"""The statistics of a site, whole: how soon a view is visible, and whether three ways to count ten thousand agree.

    .venv/bin/python -m benchmarks.statistics [--views 30] [--requests 10000]

`edgewise up` runs a copy of the walking guide with its pipeline: functions, state machine, event bus, delivery stream
and bucket. A view is visible when a search of the store finds it in `page_views`; the search alone is the floor. Then
made-up visitors send real requests, and page views are counted from the edge's records, from CloudFront's access log,
imported into a store of its own, and from the pipeline's files. The process fails when they do not agree.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from examples.visitors import AGENTS, HOST, Request, visits

from edgewise.store import Reader, open_reader

_SITE = Path(__file__).parents[1] / "examples" / "statistics"
_SOMEBODY = {
    "Host": HOST,
    "User-Agent": AGENTS[0],
    "Edgewise-Viewer-Address": "44.1.0.1:50000",
    "Edgewise-Viewer-Country": "DE",
}
_CLIENTS = 4
_PATIENCE_S = 600
_QUIET_S = 5.0


@contextmanager
def _running(folder: Path) -> Iterator[str]:
    """The address of the site that runs in a folder."""
    shutil.copytree(_SITE, folder, ignore=shutil.ignore_patterns(".edgewise"))
    command = [sys.executable, "-m", "edgewise", "up", str(folder), "--port", "0", "--json", "--access-log"]
    with (folder.parent / "up.log").open("w+") as output:
        process = subprocess.Popen(command, stdout=output, text=True)
        try:
            yield _ready(process, Path(output.name))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def _ready(process: subprocess.Popen[str], output: Path) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        first = output.read_text(encoding="utf-8").partition("\n")
        if first[1]:
            return str(json.loads(first[0])["url"])
        time.sleep(0.1)
    sys.exit("the site did not start")


def _visible(url: str, reader: Reader, views: int) -> dict[str, list[float]]:
    """Seconds from the answer until the view is found, and of a search alone."""
    visible, searches = [], []
    address = urlsplit(url)
    for number in range(views):
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        connection.request("GET", f"/paths/?{number}", headers=_SOMEBODY)
        answer = connection.getresponse()
        answer.read()
        answered = time.perf_counter()
        sql = f"SELECT event_id FROM page_views WHERE event_id = '{answer.headers['X-Amz-Cf-Id']}'"
        while not reader.query(sql).rows:
            if time.perf_counter() - answered > 30:
                sys.exit("a view was not visible after 30 s")
            time.sleep(0.01)
        visible.append(time.perf_counter() - answered)
        connection.close()
        began = time.perf_counter()
        reader.query(sql)
        searches.append(time.perf_counter() - began)
    return {"until visible": visible, "a search alone": searches}


def _send(url: str, requests: Sequence[Request]) -> None:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    for request in requests:
        connection.request(request.method, request.target, headers=request.headers)
        connection.getresponse().read()
    connection.close()


def _rest(url: str, reader: Reader) -> None:
    """Wait until no more views come. Visitors go on coming, for files: an environment that could not send its last
    view in time does so when it runs again."""
    more = [Request("GET", "/style.css", _SOMEBODY)] * 5
    deadline = time.monotonic() + _PATIENCE_S
    counted, since = -1, time.monotonic()
    while time.monotonic() - since < _QUIET_S:
        if time.monotonic() > deadline:
            sys.exit("the pipeline did not come to rest")
        now = reader.query("SELECT count(*) AS views FROM page_views").rows[0]["views"]
        if now != counted:
            counted, since = now, time.monotonic()
        with ThreadPoolExecutor(_CLIENTS) as clients:
            list(clients.map(lambda _: _send(url, more), range(_CLIENTS)))
        time.sleep(0.25)


def _counted(store: Path, *words: str) -> dict[str, Any]:
    """Page views by page, country and device, as `edgewise stats` counts them."""
    command = [
        sys.executable,
        "-m",
        "edgewise",
        "stats",
        *words,
        "--store",
        str(store),
        "--top",
        "100",
        "--json",
    ]
    found = subprocess.run(command, check=True, timeout=300, stdout=subprocess.PIPE)
    answers = json.loads(found.stdout)["answers"]
    return {
        "page views": answers["overview"][0]["page_views"],
        "pages": {row["page"]: row["page_views"] for row in answers["top_pages"]},
        "countries": {row["country"]: row["page_views"] for row in answers["countries"] if row["page_views"]},
        "devices": {row["device"]: row["page_views"] for row in answers["devices"] if row["page_views"]},
    }


def _compare(folder: Path) -> list[dict[str, Any]]:
    log, store = folder / ".edgewise/logs/s3/access-log", folder.parent / "imported"
    words = ("import", str(log), "--store", str(store), "--countries", str(folder / "networks.mmdb"))
    subprocess.run(
        [sys.executable, "-m", "edgewise", *words], check=True, timeout=300, stdout=subprocess.DEVNULL
    )
    ways = {
        "the edge's records": _counted(folder),
        "the access log": _counted(store),
        "the pipeline's files": _counted(folder, "--source", "page-views"),
    }
    for name, counts in ways.items():
        parts = ", ".join(f"{len(counts[part])} {part}" for part in ("pages", "countries", "devices"))
        print(f"  {name:<22} {counts['page views']:>7,} page views of people; {parts}")
    if len({json.dumps(counts, sort_keys=True) for counts in ways.values()}) > 1:
        sys.exit("they do not agree: " + json.dumps(ways, indent=1))
    return [{"case": name, "page views": counts["page views"]} for name, counts in ways.items()]


def run(views: int = 30, requests: int = 10_000) -> list[dict[str, Any]]:
    """Print what was measured; returns it as rows, times in milliseconds."""
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "site"
        with _running(folder) as url:
            reader = open_reader(folder / ".edgewise" / "store")
            for name, seconds in _visible(url, reader, views).items():
                row = {"case": name, "median": median(seconds) * 1000, "max": max(seconds) * 1000}
                rows.append(row)
                print(
                    f"  {name:<22} median {row['median']:>7,.0f} ms   max {row['max']:>7,.0f} ms   of {len(seconds)}"
                )
            everything = list(islice(visits(requests), requests))
            began = time.perf_counter()
            with ThreadPoolExecutor(_CLIENTS) as clients:
                for sent in [
                    clients.submit(_send, url, everything[number::_CLIENTS]) for number in range(_CLIENTS)
                ]:
                    sent.result()
            seconds = time.perf_counter() - began
            print(f"  {requests:,} requests in {seconds:.0f} s, {requests / seconds:,.0f} a second")
            _rest(url, reader)
            print(f"  the pipeline was done {time.perf_counter() - began - seconds - _QUIET_S:.0f} s later")
            reader.close()
            return rows + _compare(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--views", type=int, default=30)
    parser.add_argument("--requests", type=int, default=10_000)
    run(**vars(parser.parse_args()))
