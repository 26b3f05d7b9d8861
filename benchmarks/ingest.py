"""Durable ingestion: records per second that the store acknowledges over loopback, beside two floors.

`.venv/bin/python -m benchmarks.ingest` starts `edgewise store` as a process, lets a few client processes send
prebuilt batches of realistic records for some seconds, and checks by SQL that every acknowledged record is
there once. The floors, measured in the same run on the same disk, are the same bytes written and fsynced
batch by batch by one process that does nothing else, and the same batches parsed by orjson alone.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import itertools
import json
import multiprocessing
import os
import queue
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

BATCH = 500
CLIENTS = 4
SECONDS = 8.0
PATIENCE = 30.0  # beyond the time of sending (s)
_SERVE = "from edgewise.cli.main import main; main()"
_MARK = "########"
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def record(client: int, number: int, now: int) -> dict[str, Any]:
    """One record as the log step of a function makes it; its ids hold `_MARK` where the batch's number goes."""
    request_id = f"{client:02d}{number:06d}{_MARK}{'k7QxGz0oWm3uYt5v' * 3}"[:54] + "=="
    return {
        "_timestamp": now + number,
        "record_id": f"{request_id}:viewer-request",
        "request_id": request_id,
        "trigger": "viewer-request",
        "schema": "edge/1",
        "distribution_id": "EDFDVBD6EXAMPLE",
        "host": "d111111abcdef8.cloudfront.net",
        "method": "GET",
        "path": f"/products/{number % 997}",
        "duration_ms": 0.25 + number % 40 / 16,
        "client_ip": f"203.0.113.{number % 254}",
        "user_agent": _AGENT,
        "region": "eu-central-1",
        "function_version": "7",
        "environment_id": "5f0c9a1e",
        "environment_age_ms": 1000 + number,
        "invocation": number,
        "cold": number % 500 == 0,
        "sent": number,
        "dropped": 0,
        "failed_steps": 0,
    }


def batches(client: int, batch: int) -> Iterator[bytes]:
    """Bodies never sent before: every record has ids of its own, or the store would rightly count it once.

    Built ahead but for the batch's number, so that a client costs next to nothing while it sends.
    """
    now = time.time_ns() // 1000
    template = orjson.dumps([record(client, number, now) for number in range(batch)])
    for number in itertools.count():
        yield template.replace(_MARK.encode(), b"%0*d" % (len(_MARK), number))


def send(client: int, address: str, token: str, seconds: float, batch: int, results: Queue[Any]) -> None:
    """One client: one request at a time on one connection."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port)
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    source = batches(client, batch)
    waits: list[float] = []
    acknowledged = 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        body = next(source)
        began = time.perf_counter()
        connection.request("POST", "/api/default/edge/_json", body, headers)
        response = connection.getresponse()
        answer = orjson.loads(response.read())
        waits.append(time.perf_counter() - began)
        if response.status != 200 or answer["status"][0]["successful"] != batch:
            raise SystemExit(f"not acknowledged: {response.status} {answer}")
        acknowledged += batch
    connection.close()
    results.put((acknowledged, waits))


@contextmanager
def running_store(directory: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    command = [
        sys.executable,
        "-c",
        _SERVE,
        "store",
        "--dir",
        str(directory),
        "--port",
        "0",
        "--json",
        "--lifeline",
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"], process
    finally:
        process.terminate()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def measure_store(directory: Path, seconds: float, clients: int, batch: int) -> dict[str, Any]:
    """Records acknowledged per second, and how long an acknowledgement took (ms)."""
    with running_store(directory) as (address, process):
        known = json.loads((directory / "credentials.json").read_bytes())
        token = base64.b64encode(f"{known['user']}:{known['password']}".encode()).decode()
        results: Queue[Any] = multiprocessing.Queue()
        senders = [
            multiprocessing.Process(target=send, args=(client, address, token, seconds, batch, results))
            for client in range(clients)
        ]
        began = time.perf_counter()
        for sender in senders:
            sender.start()
        outcomes = collected(results, senders, seconds + PATIENCE)
        elapsed = time.perf_counter() - began
        for sender in senders:
            sender.join()
        waits = sorted(wait for _, each in outcomes for wait in each)
        acknowledged = sum(count for count, _ in outcomes)
        memory = peak_memory(process.pid)
        stored = count_stored(address, token)
        if stored != acknowledged:
            raise SystemExit(f"{acknowledged} records acknowledged, {stored} found")
    return {
        "what": f"store, {clients} clients, batches of {batch}",
        "records_per_s": round(acknowledged / elapsed),
        "p50_ms": round(waits[len(waits) // 2] * 1000, 2),
        "p99_ms": round(waits[int(len(waits) * 0.99)] * 1000, 2),
        "peak_mb": memory,
        "records": acknowledged,
    }


def collected(
    results: Queue[Any], senders: list[multiprocessing.Process], patience: float
) -> list[tuple[int, list[float]]]:
    """One outcome of each sender; ends the benchmark when one has died or takes too long."""
    try:
        return [results.get(timeout=patience) for _ in senders]
    except queue.Empty:
        for sender in senders:
            sender.terminate()
        raise SystemExit("a client ended without a result") from None


def count_stored(address: str, token: str) -> int:
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port)
    sql = "SELECT count(*) AS n, count(DISTINCT record_id) AS d FROM edge"
    query = {"query": {"sql": sql, "start_time": 0, "end_time": time.time_ns()}}
    connection.request("POST", "/api/default/_search", json.dumps(query), {"Authorization": f"Basic {token}"})
    row = json.loads(connection.getresponse().read())["hits"][0]
    connection.close()
    return int(row["n"]) if row["n"] == row["d"] else -1


def peak_memory(pid: int) -> int:
    """Peak resident memory of a process in MB, where the system tells (Linux)."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def measure_floor_disk(directory: Path, batch: int, rounds: int = 200) -> dict[str, Any]:
    """The same bytes, written and synced batch by batch, with nothing else done."""
    body = next(batches(0, batch))
    descriptor = os.open(directory / "floor", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    waits = []
    for _ in range(rounds):
        began = time.perf_counter()
        os.write(descriptor, body)
        os.fsync(descriptor)
        waits.append(time.perf_counter() - began)
    os.close(descriptor)
    return _floor(f"floor: write + fsync, batches of {batch}", waits, batch)


def measure_floor_parse(batch: int, rounds: int = 200) -> dict[str, Any]:
    """The same batches through orjson.loads, with nothing else done."""
    body = next(batches(0, batch))
    waits = []
    for _ in range(rounds):
        began = time.perf_counter()
        orjson.loads(body)
        waits.append(time.perf_counter() - began)
    return _floor(f"floor: orjson.loads, batches of {batch}", waits, batch)


def _floor(what: str, waits: list[float], batch: int) -> dict[str, Any]:
    total = sum(waits)
    waits.sort()
    return {
        "what": what,
        "records_per_s": round(batch * len(waits) / total),
        "p50_ms": round(waits[len(waits) // 2] * 1000, 2),
        "p99_ms": round(waits[int(len(waits) * 0.99)] * 1000, 2),
    }


def run(seconds: float = SECONDS, clients: int = CLIENTS, batch: int = BATCH) -> list[dict[str, Any]]:
    """Print a table, and return its rows: what, records_per_s, p50_ms and p99_ms (of an acknowledgement).

    `of_disk` is the ratio to what the disk alone does with batches of the same size.
    """
    rows = measure(seconds, clients, batch)
    print(f"{os.cpu_count()} cores; {len(next(batches(0, 1)))} bytes a record")
    print(f"{'':44} {'records/s':>10} {'p50 ms':>8} {'p99 ms':>8} {'of disk':>8} {'peak MB':>8}")
    for row in rows:
        print(
            f"{row['what']:44} {row['records_per_s']:>10} {row['p50_ms']:>8} {row['p99_ms']:>8} "
            f"{row['of_disk']:>8} {row.get('peak_mb', ''):>8}"
        )
    return rows


def measure(seconds: float, clients: int, batch: int) -> list[dict[str, Any]]:
    """The floors and the store, with batches and with single records."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="edgewise-bench-") as folder:
        for size, share in ((batch, 1.0), (1, 0.5)):
            floor = measure_floor_disk(Path(folder), size)
            taken = measure_store(Path(folder) / f"store-{size}", seconds * share, clients, size)
            for row in (floor, measure_floor_parse(size), taken):
                row["of_disk"] = round(row["records_per_s"] / floor["records_per_s"], 2)
                rows.append(row)
    return rows


def main() -> None:
    """Print the table, or with --json the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.json:
        run(options.seconds, options.clients, options.batch)
        return
    for row in measure(options.seconds, options.clients, options.batch):
        print(json.dumps(row))


if __name__ == "__main__":
    main()
