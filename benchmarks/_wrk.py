"""wrk as the load client, where it is installed (Debian: wrk): it takes less of the cores than a client in Python."""

from __future__ import annotations

import re
import shutil
import subprocess

from benchmarks._http import Load

_ANSWERS = re.compile(r"(\d+) requests in")
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_PERCENTILE = re.compile(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s) *$", re.MULTILINE)
_FAILED = re.compile(r"Non-2xx or 3xx responses: (\d+)|(?:connect|read|write|timeout) ([1-9]\d*)")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def installed() -> str | None:
    return shutil.which("wrk")


def load(program: str, port: int, path: str, connections: int, seconds: float) -> Load:
    """Keep `connections` requests under way for some whole seconds, one at least."""
    last = str(max(1, round(seconds)))
    command = [program, "-t1", f"-c{connections}", f"-d{last}", "--latency", f"http://127.0.0.1:{port}{path}"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True).stdout
    answers, rate = _ANSWERS.search(told), _RATE.search(told)
    latency = {name: float(value) * _MILLISECONDS[unit] for name, value, unit in _PERCENTILE.findall(told)}
    if answers is None or rate is None or len(latency) != 2:
        raise SystemExit(f"wrk said what is not understood:\n{told}")
    failed = sum(int(one or other) for one, other in _FAILED.findall(told))
    return Load(int(answers[1]), float(rate[1]), latency["50"], latency["99"], failed)
