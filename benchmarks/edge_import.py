"""What importing the edge runtime costs in a fresh interpreter: time, and memory.

    .venv/bin/python -m benchmarks.edge_import [--rounds 11]

The floor is AWS's bare runtime client, which every Python function pays for; the floor of whatever speaks TLS is the
interpreter's own `ssl`, without and with the authorities' certificates; the peer is boto3 with one client. All take
turns in the same run: read what is added, and the ratios, for the milliseconds are this machine's. Of the memory that
is added, `own` is the interpreter's; the rest are pages of libraries' files, which the system can share and drop.
Bytecode is made before it is measured; a bundle that ships none is compiled at every start, and one row shows what
that costs. The second table is of interpreters with the share of a processor that Lambda gives a function of 128 MB; it
needs a control group that may be written to, and is left out elsewhere.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_CLIENT = "import awslambdaric.bootstrap"
_EDGE = f"{_CLIENT}\nfrom edgewise.edge import Edge"
_NO_BYTECODE = "import sys\nsys.dont_write_bytecode, sys.pycache_prefix = True, '/nonexistent'"
_FLOOR, _TLS, _PEER = (
    "awslambdaric",
    "+ ssl and the authorities' certificates",
    "+ boto3 and a DynamoDB client",
)
VARIANTS = {
    _FLOOR: _CLIENT,
    "+ edge, stdout": f"{_EDGE}\nEdge({{'log': {{'delivery': 'stdout'}}}})",
    "+ the same from source, no bytecode": f"{_CLIENT}\n{_NO_BYTECODE}\n{_EDGE}\nEdge()",
    "+ edge, openobserve over http": f"{_EDGE}\nEdge({{'log': {{'delivery': 'openobserve', 'url': 'http://a.example'}}}})",
    "+ ssl": f"{_CLIENT}\nimport socket, ssl\nssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)",
    "+ ssl and the authorities' certificates": f"{_CLIENT}\nimport socket, ssl\nssl.create_default_context()",
    "+ edge, openobserve over TLS": f"{_EDGE}\nEdge({{'log': {{'delivery': 'openobserve', 'url': 'https://a.example'}}}})",
    "+ edge, firehose: TLS and signing": f"{_EDGE}\nEdge({{'log': {{'delivery': 'firehose', 'stream_name': 'a'}}}})",
    _PEER: f"{_CLIENT}\nimport boto3\nboto3.client('dynamodb', region_name='eu-west-2')",
}
_TIMED = """import time
began = time.{clock}()
{code}
took = time.{clock}() - began
told = dict(line.split()[:2] for line in open("/proc/self/smaps_rollup").readlines()[1:])
print(took * 1000, told["Rss:"], told["Anonymous:"])
"""
_LAMBDA = {
    "AWS_REGION": "eu-west-2",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_SESSION_TOKEN": "none",
}
_PERIOD_US = 20_000
_SHARE = 128 / 1769  # of a processor: Lambda gives a whole one at 1,769 MB (Lambda Developer Guide)
_GROUPS = {  # by the folder of a control group: the file of its share, and what is written there
    "/sys/fs/cgroup/cpu": ("cpu.cfs_quota_us", f"{int(_SHARE * _PERIOD_US)}"),
    "/sys/fs/cgroup": ("cpu.max", f"{int(_SHARE * _PERIOD_US)} {_PERIOD_US}"),
}


def measure(rounds: int, clock: str, prefix: list[str] | None = None) -> dict[str, list[float]]:
    """Medians of each variant, taking turns: milliseconds, resident KB, and KB of its own among them.

    One round more makes the bytecode.

    `clock` is the one of the module `time`; `prefix` is what the interpreters are started by.
    """
    taken: dict[str, list[list[float]]] = {name: [] for name in VARIANTS}
    with tempfile.TemporaryDirectory() as folder:
        environ = {"PATH": os.environ["PATH"], "PYTHONPYCACHEPREFIX": folder, **_LAMBDA}
        for number in range(rounds + 1):
            for name, code in VARIANTS.items():
                starter = prefix if prefix and number else []
                command = [*starter, sys.executable, "-c", _TIMED.format(code=code, clock=clock)]
                done = subprocess.run(command, env=environ, capture_output=True, check=True)
                taken[name].append([float(one) for one in done.stdout.split()])
    return {
        name: [statistics.median(column) for column in zip(*rows[1:], strict=True)]
        for name, rows in taken.items()
    }


@contextmanager
def small_share() -> Iterator[list[str] | None]:
    """What a command is started by to have the processor's share of 128 MB; None where no control group can be had."""
    for folder, (file, share) in _GROUPS.items():
        group = Path(folder) / f"edgewise-benchmark-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            with suppress(FileNotFoundError):
                (group / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
            (group / file).write_text(share)
            yield ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "-"]
            return
        except FileNotFoundError:
            continue
        finally:
            group.rmdir()
    yield None


def show(title: str, found: dict[str, list[float]]) -> None:
    """One table: what each variant took, and how much more than the floor."""
    floor_ms, floor_kb, floor_own_kb = found[_FLOOR]
    peer_ms = found[_PEER][0] - floor_ms
    print(f"{title:<40}{'ms':>8}{'added':>8}{'of boto3':>10}{'MB':>7}{'added':>7}{'own':>7}")
    for name, (milliseconds, kilobytes, own_kb) in found.items():
        added = milliseconds - floor_ms
        print(
            f"{name:<40}{milliseconds:>8.1f}{added:>8.1f}{added / peer_ms:>10.1%}"
            f"{kilobytes / 1024:>7.1f}{(kilobytes - floor_kb) / 1024:>7.1f}{(own_kb - floor_own_kb) / 1024:>7.1f}"
        )


def run(rounds: int = 11) -> None:
    """Measure and print both tables."""
    show(f"CPU, median of {rounds}", measure(rounds, "process_time"))
    print()
    with small_share() as prefix:
        if prefix is None:
            print("no control group may be made here: nothing is measured with the share of 128 MB")
        else:
            show(f"waiting, with {_SHARE:.1%} of a processor, once", measure(1, "perf_counter", prefix))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=11)
    run(parser.parse_args().rounds)
