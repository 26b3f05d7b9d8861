"""What the local CDN costs: rates and latency with no function, one and four, and from the cache; memory and starts.

    .venv/bin/python -m benchmarks.cdn [--seconds 3] [--rounds 3] [--loop uvloop]

The same load (wrk's where it is installed, else that of a client in Python) goes to the origin directly, through nginx
where it is installed, and through the CDN, in turns, in the same run; read the ratios. Client, CDN, functions and
origin share the machine's cores: the processor time of a request (CDN and its functions, or nginx; without client and
origin) depends less on who else is busy. Functions are real execution environments of AWS's client that let
everything pass.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import _nginx, _wrk
from benchmarks._http import Load, load, serve_origin
from benchmarks._usage import cpu_seconds, memory_mb, processes
from edgewise.cdn import CdnOptions, LocalCdn, parse_template

_SPAWN = multiprocessing.get_context("spawn")
_TRIGGERS = ("viewer-request", "origin-request", "origin-response", "viewer-response")
_HANDLER = """
def handler(event, context):
    cf = event["Records"][0]["cf"]
    return cf["response"] if "response" in cf else cf["request"]
"""
# The same, as an edit leaves it: its answers say which edit made them.
_MARKED = """
def handler(event, context):
    return {{"status": "200", "headers": {{"x-mark": [{{"value": "{mark}"}}]}}}}
"""
_ORIGIN, _NGINX = "origin, directly", "nginx as a proxy"
# What is measured: its name and the path that selects it.
_CASES = {
    _ORIGIN: "/",
    _NGINX: "/",
    "no function": "/none",
    "cache hit": "/cached",
    "one function": "/one",
    "four functions": "/four",
    "one, four times": "/again",
}


def _behavior(
    path: str, triggers: tuple[str, ...], *, cached: bool = False, apart: bool = False
) -> dict[str, Any]:
    """With `apart` each trigger has a function of its own; else all of them have the first one."""
    policy = "658327ea-f89d-4fab-a63d-7e88639e58f6" if cached else "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    return {
        "PathPattern": path,
        "TargetOriginId": "app",
        "ViewerProtocolPolicy": "allow-all",
        "CachePolicyId": policy,
        "LambdaFunctionAssociations": [
            {"EventType": trigger, "LambdaFunctionARN": {"Ref": f"Version{number * apart}"}}
            for number, trigger in enumerate(triggers)
        ],
    }


def _template() -> str:
    default = _behavior("*", ())
    del default["PathPattern"]
    config = {
        "Enabled": True,
        "Origins": [
            {
                "Id": "app",
                "DomainName": "app.example.com",
                "CustomOriginConfig": {"OriginProtocolPolicy": "http-only"},
            }
        ],
        "DefaultCacheBehavior": default,
        "CacheBehaviors": [
            _behavior("/one", _TRIGGERS[:1]),
            _behavior("/four", _TRIGGERS, apart=True),
            _behavior("/again", _TRIGGERS),
            _behavior("/cached", (), cached=True),
        ],
    }
    distribution = {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": config}}
    resources: dict[str, Any] = {"Distribution": distribution}
    for number in range(len(_TRIGGERS)):
        resources |= _function(number)
    return json.dumps({"Resources": resources})


def _function(number: int) -> dict[str, Any]:
    """A function and its version; all have the same code."""
    properties = {
        "FunctionName": f"f{number}",
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "Code": "code",
        "Role": "r",
    }
    version = {"FunctionName": {"Ref": f"Function{number}"}}
    return {
        f"Function{number}": {"Type": "AWS::Lambda::Function", "Properties": properties},
        f"Version{number}": {"Type": "AWS::Lambda::Version", "Properties": version},
    }


def serve_cdn(folder: str, origin_port: int, loop: str, ready: Connection) -> None:
    """Run the local CDN alone, without store and screen; sends its port and ends when `ready` is told to."""
    options = CdnOptions(origins={"app": f"http://127.0.0.1:{origin_port}"})
    cdn = LocalCdn(parse_template(_template(), Path(folder) / "template.json"), options)

    async def serve() -> None:
        ready.send(await cdn.start("127.0.0.1", 0))
        stop = asyncio.Event()
        asyncio.get_running_loop().add_reader(ready.fileno(), stop.set)
        await stop.wait()
        await cdn.close()

    factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve())


@dataclass(frozen=True)
class _Server:
    """Something that answers; `pid` is None where its processor time is of no interest."""

    port: int
    pid: int | None = None

    def cpu(self) -> float:
        return 0.0 if self.pid is None else cpu_seconds(self.pid)


@contextmanager
def _process(target: Callable[..., None], *arguments: Any) -> Iterator[tuple[Connection, int]]:
    """Run `target` in a process of its own; gives the connection to it and its id."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=target, args=(*arguments, theirs))
    process.start()
    assert process.pid is not None
    try:
        yield ours, process.pid
    finally:
        ours.send("stop")
        process.join(2)
        process.terminate()
        process.join(10)


def _measure(server: _Server, path: str, connections: int, seconds: float) -> tuple[Load, float]:
    """One round: what the client saw, and the server's processor time for one request in microseconds."""
    program = _wrk.installed()
    if program is not None:
        before = server.cpu()
        measured = _wrk.load(program, server.port, path, connections, seconds)
        used = server.cpu() - before
    else:
        with _process(load, server.port, path, connections, seconds) as (answer, _):
            before = server.cpu()
            if not answer.poll(seconds + 60):
                sys.exit("the load did not end")
            measured = answer.recv()
            used = server.cpu() - before
    if measured.failed:
        sys.exit(f"{measured.failed} answers of {path} were not 200")
    return measured, used / measured.answers * 1e6


def _row(connections: int, case: str, measured: list[tuple[Load, float]]) -> dict[str, Any]:
    row: dict[str, Any] = {"connections": connections, "case": case}
    for field in ("rate", "p50", "p99"):
        row[field] = statistics.median(getattr(each, field) for each, _ in measured)
    row["cpu_us"] = statistics.median(cpu for _, cpu in measured)
    return row


def _rates(
    servers: Mapping[str, _Server], connections: int, seconds: float, rounds: int
) -> list[dict[str, Any]]:
    """A table of all cases, measured in turns."""
    print(f"{connections} connection{'s' * (connections > 1)}, medians of {rounds} rounds of {seconds:g} s")
    measured: dict[str, list[tuple[Load, float]]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name, server in servers.items():
            measured[name].append(_measure(server, _CASES[name], connections, seconds))
    rows = [_row(connections, name, rounds_of) for name, rounds_of in measured.items()]
    floors = {row["case"]: row["rate"] for row in rows}
    for row in rows:
        ratios = [f"{row['rate'] / floors[_ORIGIN]:.2f} of the origin"]
        if _NGINX in floors:
            ratios.append(f"{row['rate'] / floors[_NGINX]:.2f} of nginx")
        cpu = f"{row['cpu_us']:>6.0f} us CPU" if row["cpu_us"] else " " * 13
        print(
            f"  {row['case']:<17} {row['rate']:>8,.0f}/s   p50 {row['p50']:>6.2f} ms   p99 {row['p99']:>6.2f} ms"
            f"   {cpu}   {', '.join(ratios)}"
        )
    return rows


def _get(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.headers.get("X-Mark", "")
    finally:
        connection.close()


def _memory(server: _Server) -> dict[str, Any]:
    """The CDN when it has served nothing yet, and what an environment of a function adds."""
    assert server.pid is not None
    idle = memory_mb(server.pid)
    with _process(load, server.port, _CASES["one function"], 16, 1.0) as (answer, _):
        answer.recv()
    environments = processes(server.pid)[1:]
    each = statistics.mean(memory_mb(pid) for pid in environments)
    print(
        f"  idle {idle:.0f} MB; each of {len(environments)} environments {each:.1f} MB (shared pages in parts)"
    )
    return {"case": "memory", "idle_mb": idle, "environment_mb": each}


def _reloads(server: _Server, code: Path, times: int = 5) -> dict[str, Any]:
    """From an edit of a function to the first answer that the new code has made."""
    taken = []
    for number in range(times):
        mark = f"edit-{number}"
        began = time.perf_counter()
        code.write_text(_MARKED.format(mark=mark))
        while _get(server.port, _CASES["one function"]) != mark:
            time.sleep(0.001)
        taken.append((time.perf_counter() - began) * 1000)
    print(
        f"  a reload takes {statistics.median(taken):.0f} ms (median of {times}, at most {max(taken):.0f} ms)"
    )
    return {"case": "reload", "ms": statistics.median(taken)}


def _nginx_server(stack: ExitStack, origin: int, folder: Path) -> dict[str, _Server]:
    program = _nginx.installed()
    if program is None:
        print("nginx is not installed (Debian: nginx-light): no comparison with it")
        return {}
    return {_NGINX: _Server(*stack.enter_context(_nginx.running(program, origin, folder)))}


def run(seconds: float = 3.0, rounds: int = 3, loop: str = "uvloop") -> list[dict[str, Any]]:
    """Print a table for one connection and one for sixteen, memory and starts; returns the rows."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        code = folder / "code" / "app.py"
        code.parent.mkdir()
        code.write_text(_HANDLER)
        origin = stack.enter_context(_process(serve_origin))[0].recv()
        began = time.perf_counter()
        answer, pid = stack.enter_context(_process(serve_cdn, str(folder), origin, loop))
        cdn = _Server(answer.recv(), pid)
        listening = (time.perf_counter() - began) * 1000
        _get(cdn.port, _CASES["one function"])
        first = (time.perf_counter() - began) * 1000
        print(
            f"the CDN on {loop}\n  listens {listening:.0f} ms after its process was started, "
            f"and has answered through a function after {first:.0f} ms"
        )
        rows: list[dict[str, Any]] = [{"case": "ready", "listening_ms": listening, "answered_ms": first}]
        rows.append(_memory(cdn))
        servers = {_ORIGIN: _Server(origin), **_nginx_server(stack, origin, folder)}
        servers.update({name: cdn for name in _CASES if name not in (_ORIGIN, _NGINX)})
        for name, server in servers.items():
            _measure(server, _CASES[name], 4, 3.0)  # environments started, cache filled
        for connections in (1, 16):
            rows += _rates(servers, connections, seconds, rounds)
        rows.append(_reloads(cdn, code))
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--loop", choices=("uvloop", "asyncio"), default="uvloop", help="what the CDN runs on"
    )
    run(**vars(parser.parse_args()))
