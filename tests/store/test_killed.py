"""SIGKILL at any moment of taking, sealing, putting together and removing: what was acknowledged is there once."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from edgewise.store.engine import Engine
from edgewise.store.home import prepare
from store.engines import NOW, engine_at, numbers, put, record

# Segments so small and times so short that every kind of tidying goes on all the time.
PROGRAM = """
import sys
from pathlib import Path
from edgewise.store.engine import Limits
from edgewise.store.process import Options, serve
limits = Limits(segment_bytes=30_000, seal_after=0.1, quiet=0.0)
serve(Options(Path(sys.argv[1]), port=0, as_json=True, limits=limits))
"""
BATCHES = 1_000
CLIENTS = 4
ENOUGH = 75.0  # seconds, after which fewer batches must do


class Senders:
    """A few clients that send batches until they are told to stop, and who remember what was acknowledged."""

    def __init__(self) -> None:
        self.offered: list[str] = []
        self.acknowledged: set[str] = set()
        self.batches = 0
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, server: Any, life: int) -> None:
        self._stop.clear()
        self._threads = [
            threading.Thread(target=self._send, args=(server, f"{life}-{client}"))
            for client in range(CLIENTS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, server: Any, name: str) -> None:
        connection = server.connect()
        headers = {"Authorization": server.authorization}
        number = 0
        while not self._stop.is_set():
            names = [f"{name}-{number}-{place}" for place in range(5)]
            number += 1
            self.offered += names
            # Some hours, so that there are partitions to put together.
            records = [
                {"_timestamp": NOW + hash(one) % 3 * 3_600_000_000, "record_id": one, "pad": "x" * 200}
                for one in names
            ]
            try:
                connection.request("POST", "/api/default/mine/_json", json.dumps(records).encode(), headers)
                response = connection.getresponse()
                answer = json.loads(response.read())
            except (OSError, ValueError, http.client.HTTPException):
                break
            if response.status == 200 and answer["status"][0]["successful"] == 5:
                self.acknowledged.update(names)
                self.batches += 1
        connection.close()


def test_killed_at_random_moments_over_a_thousand_batches(tmp_path: Path, start_store: Any) -> None:
    moment = random.Random(5)
    senders = Senders()
    began = time.monotonic()
    lives = 0
    while (senders.batches < BATCHES or lives < 3) and time.monotonic() - began < ENOUGH:
        server = start_store(tmp_path, program=[sys.executable, "-c", PROGRAM, str(tmp_path)])
        assert [
            one["message"] for one in server.ready["messages"] if "never finished" not in one["message"]
        ] == []
        senders.start(server, lives)
        time.sleep(moment.uniform(0.2, 1.0))
        os.kill(server.process.pid, signal.SIGKILL)
        senders.stop()
        server.finish()
        lives += 1
    with engine_at(tmp_path) as engine:
        found = _ids(engine)
        late = [one for one in senders.offered if one not in senders.acknowledged]
        put(engine, *({"_timestamp": NOW, "record_id": one} for one in late))
        again = _ids(engine)
    assert lives >= 3 and senders.batches > 100, (lives, senders.batches)
    assert len(found) == len(set(found))
    assert senders.acknowledged <= set(found) <= set(senders.offered)
    assert sorted(again) == sorted(set(found) | set(late))
    assert list((tmp_path / "data").rglob("*.corrupt")) == []


def _ids(engine: Engine) -> list[str]:
    # From the snapshot, because a search gives 100 000 rows at the most.
    with engine.snapshot(["mine"], None, None) as data:
        parts = [pq.read_table(one.path, columns=["record_id"]) for one in data["mine"].parts]
        return [one for table in (data["mine"].tail, *parts) for one in table["record_id"].to_pylist()]


def test_a_journal_cut_at_every_byte_keeps_what_was_before_and_takes_more(tmp_path: Path) -> None:
    source, cut = tmp_path / "source", tmp_path / "cut"
    sizes: list[int] = []
    with engine_at(source) as engine:
        for number in range(2):
            put(engine, record(number))
            (path,) = (source / "journal").glob("*.log")
            sizes.append(path.stat().st_size)
        content = path.read_bytes()
    home = prepare(cut)
    log = home.journal / path.name
    # What opens the segment states columns, and is long: of that not every byte.
    for size in (*range(0, sizes[0] - 60, 97), *range(sizes[0] - 60, len(content) + 1)):
        log.write_bytes(content[:size])
        engine = Engine(home, read_only=True)
        whole = sum(end <= size for end in sizes)
        assert (_ids(engine) if whole else []) == [f"r{number}" for number in range(whole)]
        assert whole or "mine" not in engine.streams() or _ids(engine) == []
        engine.close()
    for size in (0, 1, sizes[0] - 1, sizes[0], sizes[0] + 7):
        directory = tmp_path / f"more{size}"
        prepare(directory)
        (directory / "journal" / path.name).write_bytes(content[:size])
        with engine_at(directory) as engine:
            put(engine, record(0), record(9))
            assert numbers(engine) == sorted({*range(sum(end <= size for end in sizes)), 0, 9})
