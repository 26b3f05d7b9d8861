"""What the edge runtime costs: importing it in a fresh interpreter, and handling one viewer request.

    .venv/bin/python -m benchmarks.edge_import [--rounds 15]

Imports are compared with AWS's bare runtime client, which every Python function pays for, and with boto3 and one
client, which is how a function usually speaks to the world. Handling is compared with `json.dumps` of the record
that it makes. All variants take turns in the same run: read the ratios, for the milliseconds are this machine's.
Bytecode is made before it is measured; a bundle that ships none is compiled at every start, and one row shows what
that costs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from edgewise.edge import Edge

_CLIENT = "import awslambdaric.bootstrap"
_EDGE = f"{_CLIENT}\nfrom edgewise.edge import Edge"
_NO_BYTECODE = "import sys\nsys.dont_write_bytecode, sys.pycache_prefix = True, '/nonexistent'"
_OPENOBSERVE = "Edge({'log': {'delivery': 'openobserve', 'url': '%s://logs.example'}})"
VARIANTS = {
    "awslambdaric": _CLIENT,
    "+ edgewise.edge, stdout": f"{_EDGE}\nEdge()",
    "+ the same from source, no bytecode": f"{_CLIENT}\n{_NO_BYTECODE}\n{_EDGE}\nEdge()",
    "+ edgewise.edge, openobserve, http": f"{_EDGE}\n{_OPENOBSERVE % 'http'}",
    "+ edgewise.edge, openobserve, https": f"{_EDGE}\n{_OPENOBSERVE % 'https'}",
    "+ boto3 and a DynamoDB client": f"{_CLIENT}\nimport boto3\nboto3.client('dynamodb', region_name='eu-west-2')",
}
_TIMED = "import time\nbegan = time.perf_counter()\n{code}\nprint((time.perf_counter() - began) * 1000)"
_EVENT = Path(__file__).parents[1] / "tests" / "edge" / "events" / "viewer-request.json"
_ENVIRON = {"AWS_REGION": "eu-west-2", "AWS_LAMBDA_FUNCTION_VERSION": "7"}


class Context:
    """The part of Lambda's context that the runtime uses."""

    aws_request_id = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"

    def get_remaining_time_in_millis(self) -> int:
        return 5000


def import_ms(rounds: int) -> dict[str, float]:
    """Median milliseconds of each variant in fresh interpreters that take turns; the first round makes bytecode."""
    times: dict[str, list[float]] = {name: [] for name in VARIANTS}
    with tempfile.TemporaryDirectory() as folder:
        environ = {"PATH": os.environ["PATH"], "PYTHONPYCACHEPREFIX": folder}
        for _ in range(rounds + 1):
            for name, code in VARIANTS.items():
                command = [sys.executable, "-c", _TIMED.format(code=code)]
                done = subprocess.run(command, env=environ, capture_output=True, check=True)
                times[name].append(float(done.stdout))
    return {name: statistics.median(taken[1:]) for name, taken in times.items()}


def handling_us(rounds: int, count: int = 2000) -> tuple[float, float]:
    """Median microseconds of CPU for one viewer request, and for `json.dumps` of its record, taking turns."""
    event: dict[str, Any] = json.loads(_EVENT.read_text())
    lines: list[str] = []
    edge, context = Edge(write=lines.append, environ=_ENVIRON), Context()
    edge(event, context)
    record = json.loads(lines[0])
    handled, dumped = [], []
    for _ in range(rounds):
        lines.clear()
        began = time.process_time()
        for _ in range(count):
            edge(event, context)
        between = time.process_time()
        for _ in range(count):
            json.dumps(record)
        handled.append((between - began) / count * 1e6)
        dumped.append((time.process_time() - between) / count * 1e6)
    return statistics.median(handled), statistics.median(dumped)


def run(rounds: int = 15) -> None:
    """Measure and print both tables."""
    times = import_ms(rounds)
    floor = times["awslambdaric"]
    print(f"{'import, median of ' + str(rounds):<38}{'ms':>9}{'added':>9}{'ratio':>8}")
    for name, taken in times.items():
        print(f"{name:<38}{taken:>9.1f}{taken - floor:>9.1f}{taken / floor:>8.2f}")

    handled, dumped = handling_us(rounds)
    print(f"\n{'one viewer request, CPU':<38}{'µs':>9}{'':>9}{'ratio':>8}")
    print(f"{'json.dumps of its record':<38}{dumped:>9.1f}{'':>9}{1:>8.2f}")
    print(f"{'the handler, stdout':<38}{handled:>9.1f}{'':>9}{handled / dumped:>8.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    run(parser.parse_args().rounds)
