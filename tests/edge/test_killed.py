"""Environments that end at any moment, as AWS ends them: nothing is lost but what was pending, and all is counted.

How many records an environment had made, sent and dropped is what it said after its last visitor; the one that it was
serving when it was killed may have moved each number by one batch, so nothing is claimed of that one.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.collector import Collector, collecting
from edgewise.edge.delivery.courier import Limits

LIVES = 6
MOST_PENDING = Limits(1).records
_PROGRAM = Path(__file__).with_name("mortal.py")


class Life:
    """What an environment said of itself (`made`, `sent`, `dropped`, `pending`), and the numbers of the records that it
    printed."""

    def __init__(self, name: str, said: bytes, printed: bytes) -> None:
        self.name = name
        lines = said.decode().split("\n")[:-1]  # one that is not whole does not count
        self.made, self.sent, self.dropped, self.pending = map(int, lines[-1].split())
        records = [json.loads(line) for line in printed.decode().splitlines() if line.startswith("{")]
        self.printed = {self.number(record["record_id"]) for record in records}

    def number(self, record_id: str) -> int:
        """The number of a record of this environment; 0 of any other."""
        name, _, number = record_id.partition(":")[0].rpartition("-")
        return int(number) if name == self.name else 0

    def among(self, record_ids: list[str]) -> list[int]:
        return [number for number in map(self.number, record_ids) if number]


def live_and_die(name: str, settings: dict[str, Any], seconds: float, folder: Path) -> Life:
    """One environment, killed so many seconds after its first visitor."""
    printed, said = folder / f"{name}.out", folder / f"{name}.err"
    environ = {"PYTHONPATH": str(_PROGRAM.parents[1]), "PYTHONDONTWRITEBYTECODE": "1"}
    with printed.open("wb") as out, said.open("wb") as err:
        command = [sys.executable, str(_PROGRAM), name, json.dumps(settings)]
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environ)
        try:
            until = time.monotonic() + 30
            while b"\n" not in said.read_bytes() and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(seconds)
            assert process.poll() is None, said.read_text()
        finally:
            process.kill()
            process.wait(10)
    return Life(name, said.read_bytes(), printed.read_bytes())


@pytest.fixture
def moments() -> list[float]:
    """When each environment is killed; other ones in every run, and told if the test fails."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    source = random.Random(seed)
    return [source.uniform(0, 0.5) for _ in range(LIVES)]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def test_standard_output_loses_nothing(moments: list[float], tmp_path: Path) -> None:
    settings = {"log": {"delivery": "stdout"}}
    for number, seconds in enumerate(moments):
        life = live_and_die(f"e{number}", settings, seconds, tmp_path)
        assert (life.sent, life.dropped, life.pending) == (life.made, 0, 0)
        assert life.printed >= set(range(1, life.made + 1))


@pytest.mark.parametrize("behaviour", ["store", "503 Full", "say nothing", "hang up", "refuse one"])
@pytest.mark.parametrize("wait", [False, True], ids=["write now", "wait"])
def test_the_others_lose_at_most_what_was_pending(
    collector: Collector, moments: list[float], tmp_path: Path, behaviour: str, wait: bool
) -> None:
    log = {"delivery": "openobserve", "url": collector.url, "budget_ms": 20, "wait": wait}
    lives = []
    for number, seconds in enumerate(moments[:3]):
        collector.behaviour = "store" if number == 0 else behaviour
        lives.append(live_and_die(f"e{number}", {"log": log}, seconds, tmp_path))
    stored = list(collector.records)
    for life in lives:
        assert life.sent + life.dropped + life.pending == life.made
        assert life.pending <= MOST_PENDING
        arrived = set(life.among(stored))
        kept = {number for number in arrived | life.printed if number <= life.made}
        lost = life.made - len(kept)
        assert lost <= life.pending
        assert len({number for number in arrived if number <= life.made}) >= life.sent
        assert life.dropped <= len(life.printed)
    if behaviour == "store":
        assert all(life.sent for life in lives if life.made > 150)  # which took it a third of a second
