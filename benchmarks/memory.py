"""What the memory of an environment costs: a hit beside a bare dictionary's, a soak with keys that never come twice,
and what is allocated beside what is counted.

    .venv/bin/python -m benchmarks.memory [--gets 200000]

The peer of a hit is the cache that everybody writes: a dictionary of value and expiry, which is bounded by nothing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgewise.edge.environment import Clock, Environment
from edgewise.edge.memory import Memory
from edgewise.edge.weight import weigh

_LAPS = 4
_PAGE_KB = 4


class Context:
    """The part of Lambda's context that the memory uses."""

    def get_remaining_time_in_millis(self) -> int:
        return 5000


def _load(milliseconds: float) -> str:
    return "x" * 1000


def _fail(milliseconds: float) -> str:
    raise TimeoutError


def _ns(work: Callable[[], Any], count: int = 100_000, rounds: int = 9) -> float:
    """Median nanoseconds of `work`, the loop and the call included."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter_ns()
        for _ in range(count):
            work()
        taken.append((time.perf_counter_ns() - began) / count)
    return statistics.median(taken)


def hit_ns() -> dict[str, float]:
    """Nanoseconds of one get, by what it finds."""
    environment = Environment(Clock(), {})
    environment.enter(Context())
    memory = environment.memory
    memory.get("rules", _load, ttl=3600)
    memory.get("old", _load, ttl=0)
    environment.enter(Context())
    memory.get("old", _fail, ttl=0, stale=3600)
    bare = {"rules": "x"}
    expiring = {"rules": ("x", time.monotonic() + 3600)}

    def get_expiring() -> str | None:
        value, expires = expiring["rules"]
        return value if time.monotonic() < expires else None

    def nothing() -> None: ...

    floor = _ns(nothing)
    times = {
        "dict.get": _ns(lambda: bare.get("rules")),
        "dictionary of value and expiry": _ns(get_expiring),
        "memory.get, a hit": _ns(lambda: memory.get("rules", _load, ttl=3600, stale=60)),
        "memory.get, the old value of a dead source": _ns(
            lambda: memory.get("old", _fail, ttl=0, stale=3600), 20_000
        ),
    }
    return {name: taken - floor for name, taken in times.items()}


def soak(gets: int) -> tuple[list[float], list[int], Memory]:
    """Microseconds of a get and resident KB after each lap, where every key is new; and the memory itself."""
    environment = Environment(Clock(), {})
    memory, number = environment.memory, 0
    times, resident = [], []
    for _ in range(_LAPS):
        began = time.perf_counter()
        for _ in range(gets // _LAPS):
            number += 1
            environment.enter(Context())
            memory.get(f"visitor:{hash((number, 7)) & 0xFFFFFFFFFFFFFFFF:032x}", _load, ttl=60)
        times.append((time.perf_counter() - began) / (gets // _LAPS) * 1e6)
        resident.append(int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_KB)
    return times, resident, memory


def allocated(make: Callable[[int], object], most: int) -> tuple[int, int, int]:
    """How many entries fit, the bytes that they count as, and those that the interpreter allocated for them."""
    tracemalloc.start()
    try:
        environment = Environment(Clock(), {})
        memory = environment.memory
        memory.max_bytes, memory.max_entries = most, most
        before = tracemalloc.get_traced_memory()[0]
        number = 0
        while not memory.evicted:
            number += 1
            value = make(number)
            memory.get(f"visitor:{number:032x}", lambda _, value=value: value, ttl=60)  # type: ignore[misc]
        return len(memory), memory.bytes, tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def weighing_ms(value: object) -> tuple[float, float, int]:
    """Milliseconds to estimate a value's bytes, and to parse it; and how long its text is."""
    text = json.dumps(value)
    value = json.loads(text)
    weighed = _ns(lambda: weigh(value, 1 << 30), 3, 5) / 1e6
    return weighed, _ns(lambda: json.loads(text), 1, 5) / 1e6, len(text)


def run(gets: int = 200_000) -> None:
    """Measure and print everything."""
    times = hit_ns()
    floor = times["dict.get"]
    print(f"{'one get':<46}{'ns':>8}{'ratio':>8}")
    for name, taken in times.items():
        print(f"{name:<46}{taken:>8.0f}{taken / floor:>8.1f}")

    laps, resident, memory = soak(gets)
    print(f"\n{gets:,} gets of keys that never come twice, values of 1,000 bytes, in {_LAPS} laps")
    print("µs a get, the load and its keeping included: " + ", ".join(f"{lap:.1f}" for lap in laps))
    print("resident KB after each: " + ", ".join(f"{kilobytes:,}" for kilobytes in resident))
    print(
        f"entries {len(memory):,}, bytes {memory.bytes:,} of {memory.max_bytes:,}, evicted {memory.evicted:,}"
    )

    print(f"\n{'filled to 8 MiB with':<30}{'entries':>9}{'counted':>12}{'allocated':>12}{'ratio':>8}")
    kinds: dict[str, Callable[[int], object]] = {
        "None": lambda number: None,
        "numbers": float,
        "texts of 500 characters": lambda number: f"{number:0500d}",
        "small JSON objects": lambda number: json.loads(
            f'{{"id": {number + 1000}, "roles": ["a", "b{number}"]}}'
        ),
    }
    for name, make in kinds.items():
        entries, counted, traced = allocated(make, 8 << 20)
        print(f"{name:<30}{entries:>9,}{counted:>12,}{traced:>12,}{traced / counted:>8.2f}")

    print(f"\n{'one value from JSON':<30}{'characters':>12}{'json.loads ms':>15}{'weighing ms':>13}")
    values: dict[str, object] = {
        "60,000 redirects": {f"/path/{i}": f"/target/{i}" for i in range(60_000)},
        "20,000 records": [{"id": i, "path": f"/p/{i}", "rules": [i, str(i)]} for i in range(20_000)],
        "200 tables": {f"h{i}": {f"/p/{j}": [str(j), {"a": j}] for j in range(i)} for i in range(200)},
    }
    for name, value in values.items():
        weighed, parsed, size = weighing_ms(value)
        print(f"{name:<30}{size:>12,}{parsed:>15.1f}{weighed:>13.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gets", type=int, default=200_000)
    run(parser.parse_args().gets)
