"""What bringing a record to a far collector adds to a request: the deliveries, and the naive ways beside them.

    .venv/bin/python -m benchmarks.added_latency [--round-trip 80] [--count 300]

The collector speaks TLS and is a process of its own behind a proxy that holds bytes back. All ways take the same
record. p50 and p99 are over all invocations, the first one included, which opens the connection; of the ways that wait
there are so few that their p99 is the most. `CPU` is this process's own time. The aim for `openobserve`, which writes
in one invocation and reads the answer in a later one: p50 of 0.3 ms, p99 of 2 ms.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

from edgewise.edge.delivery.courier import Courier, Limits
from edgewise.edge.delivery.openobserve import OpenObserve
from edgewise.edge.delivery.stdout import Stdout
from edgewise.edge.environment import Clock

from ._far import serve_far_collector

_GAP = 0.01  # seconds between two invocations
_RECORD = {
    "_timestamp": 1_800_000_000_000_000,
    "record_id": "mFoYcEhOBkDMHFQWvYQVUxR1mRYqQ5QEXAMPLE==:viewer-request",
    "path": "/shirts/17",
    "query": "size=xl&colour=blue&page=3",
    "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Safari/537.36",
    "referrer": "https://www.example.com/shirts?page=2",
    "environment_id": "0123456789abcdef",
    "more": "x" * 300,
}
Deliver = Callable[[], object]


@contextmanager
def far_collector(round_trip: float) -> Iterator[str]:
    """Its `https` URL; this process trusts it for as long."""
    authority = trustme.CA()
    with tempfile.TemporaryDirectory() as folder:
        certificate, trusted = Path(folder, "server.pem"), Path(folder, "ca.pem")
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
        authority.cert_pem.write_to_path(trusted)
        os.environ["SSL_CERT_FILE"] = str(trusted)
        ready, theirs = multiprocessing.Pipe()
        arguments = (theirs, round_trip, str(certificate))
        process = multiprocessing.get_context("spawn").Process(target=serve_far_collector, args=arguments)
        process.start()
        try:
            yield f"https://localhost:{ready.recv()}"
        finally:
            process.terminate()
            process.join()
            del os.environ["SSL_CERT_FILE"]


def courier(url: str, budget_ms: float, *, wait: bool = False, organization: str = "default") -> Courier:
    """The delivery `openobserve` as the runtime makes it."""
    log = {"url": url, "organization": organization, "stream": "edge", "user": "me", "password": "secret"}
    return Courier(OpenObserve(log), Limits(budget_ms, wait=wait), Clock(), print)


def naive(url: str, *, kept: bool) -> Deliver:
    """One POST per record with `http.client`, its answer waited for; over one connection, or a new one each time."""
    context = ssl.create_default_context()
    place = url.removeprefix("https://")
    body = json.dumps([_RECORD])
    connection = http.client.HTTPSConnection(place, context=context)

    def post() -> None:
        connection.request("POST", "/api/default/edge/_json", body, {"Content-Type": "application/json"})
        connection.getresponse().read()
        if not kept:
            connection.close()

    return post


def measure(deliver: Deliver, count: int) -> tuple[float, float, float, float]:
    """Milliseconds that one invocation takes longer: p50, p99, most; and the median of its CPU."""
    times, used = [], []
    for _ in range(count):
        time.sleep(_GAP)
        began, cpu = time.perf_counter(), time.process_time()
        deliver()
        used.append(time.process_time() - cpu)
        times.append(time.perf_counter() - began)
    times.sort()
    used.sort()
    return times[count // 2] * 1e3, times[int(count * 0.99)] * 1e3, times[-1] * 1e3, used[count // 2] * 1e3


def run(round_trip_ms: float = 80, count: int = 300) -> None:
    """Measure and print the table."""
    lines: list[str] = []
    with far_collector(round_trip_ms / 1000) as url:
        writing, waiting = courier(url, 50), courier(url, 1000, wait=True)
        reopening = courier(url, 50, organization="closing")
        stdout = Stdout(lines.append)
        few = max(10, count // 25)
        rows: list[tuple[str, Deliver, int]] = [
            ("floor: one line to a list (stdout)", lambda: stdout.deliver(_RECORD, 5000), count),
            ("openobserve, write now", lambda: writing.deliver(_RECORD, 5000), count),
            (
                "the same, where each answer ends the connection",
                lambda: reopening.deliver(_RECORD, 5000),
                count,
            ),
            ("openobserve, wait", lambda: waiting.deliver(_RECORD, 5000), few),
            ("naive: one connection kept, waited for", naive(url, kept=True), few),
            ("naive: a new connection each", naive(url, kept=False), few),
        ]
        print(
            f"{f'collector {round_trip_ms:g} ms away, TLS':<50}{'p50 ms':>9}{'p99 ms':>9}{'most':>9}{'CPU ms':>9}"
        )
        for name, deliver, times in rows:
            p50, p99, most, cpu = measure(deliver, times)
            print(f"{name:<50}{p50:>9.2f}{p99:>9.2f}{most:>9.2f}{cpu:>9.3f}")
        print(
            f"\nwrite now: {writing.sent} sent, {writing.dropped} dropped, {writing.pending} pending of {count}"
        )
        for delivery in (writing, reopening, waiting):
            delivery.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--round-trip", type=float, default=80, help="milliseconds")
    parser.add_argument("--count", type=int, default=300, help="invocations of the fast ways")
    arguments = parser.parse_args()
    run(arguments.round_trip, arguments.count)
