"""What the local CDN costs: requests per second and latency with no function, one and four, and from the cache.

    .venv/bin/python -m benchmarks.cdn [--seconds 3] [--rounds 3]

The same load goes to the origin directly and through the CDN, in turns, in the same run; read the ratios. Client,
CDN, functions and origin share the machine's cores. Functions are real execution environments of AWS's client that
let everything pass.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks._http import Load, load, serve_origin
from edgewise.cdn import CdnOptions, LocalCdn, parse_template

_SPAWN = multiprocessing.get_context("spawn")
_TRIGGERS = ("viewer-request", "origin-request", "origin-response", "viewer-response")
_HANDLER = """
def handler(event, context):
    cf = event["Records"][0]["cf"]
    return cf["response"] if "response" in cf else cf["request"]
"""
# What is measured: its name, the path that selects it, and what it is compared with.
_CASES = {
    "origin, directly": "/",
    "no function": "/none",
    "cache hit": "/cached",
    "one function": "/one",
    "four functions": "/four",
}


def _behavior(path: str, triggers: tuple[str, ...], *, cached: bool = False) -> dict[str, Any]:
    policy = "658327ea-f89d-4fab-a63d-7e88639e58f6" if cached else "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    return {
        "PathPattern": path,
        "TargetOriginId": "app",
        "ViewerProtocolPolicy": "allow-all",
        "CachePolicyId": policy,
        "LambdaFunctionAssociations": [
            {"EventType": trigger, "LambdaFunctionARN": {"Ref": "Version"}} for trigger in triggers
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
            _behavior("/four", _TRIGGERS),
            _behavior("/cached", (), cached=True),
        ],
    }
    function = {
        "FunctionName": "f",
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "Code": "code",
        "Role": "r",
    }
    resources = {
        "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
        "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
        "Distribution": {
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {"DistributionConfig": config},
        },
    }
    return json.dumps({"Resources": resources})


def serve_cdn(folder: str, origin_port: int, ready: Connection) -> None:
    """Run the local CDN alone, without store and screen; sends its port and ends when `ready` is told to."""
    code = Path(folder) / "code"
    code.mkdir()
    (code / "app.py").write_text(_HANDLER)
    options = CdnOptions(origins={"app": f"http://127.0.0.1:{origin_port}"})
    cdn = LocalCdn(parse_template(_template(), Path(folder) / "template.json"), options)

    async def serve() -> None:
        ready.send(await cdn.start("127.0.0.1", 0))
        stop = asyncio.Event()
        asyncio.get_running_loop().add_reader(ready.fileno(), stop.set)
        await stop.wait()
        await cdn.close()

    asyncio.run(serve())


@contextmanager
def _process(target: Callable[..., None], *arguments: Any) -> Iterator[Connection]:
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=target, args=(*arguments, theirs))
    process.start()
    try:
        yield ours
    finally:
        ours.send("stop")
        process.join(2)
        process.terminate()
        process.join(10)


def _measure(port: int, path: str, connections: int, seconds: float) -> Load:
    with _process(load, port, path, connections, seconds) as answer:
        if not answer.poll(seconds + 60):
            sys.exit("the load did not end")
        measured: Load = answer.recv()
    if measured.failed:
        sys.exit(f"{measured.failed} answers of {path} were not 200")
    return measured


def _rounds(ports: dict[str, int], connections: int, seconds: float, rounds: int) -> dict[str, list[Load]]:
    loads: dict[str, list[Load]] = {name: [] for name in _CASES}
    for _ in range(rounds):
        for name, path in _CASES.items():
            loads[name].append(_measure(ports.get(name, ports["cdn"]), path, connections, seconds))
    return loads


def run(seconds: float = 3.0, rounds: int = 3) -> list[dict[str, Any]]:
    """Print a table for one connection and one for sixteen; returns its rows."""
    rows = []
    with (
        tempfile.TemporaryDirectory() as folder,
        _process(serve_origin) as origin,
        _process(serve_cdn, folder, port := origin.recv()) as cdn,
    ):
        ports = {"origin, directly": port, "cdn": cdn.recv()}
        for name, path in _CASES.items():
            _measure(ports.get(name, ports["cdn"]), path, 4, 1.0)  # environments started, cache filled
        for connections in (1, 16):
            print(
                f"{connections} connection{'s' * (connections > 1)}, medians of {rounds} rounds of {seconds:g} s"
            )
            loads = _rounds(ports, connections, seconds, rounds)
            floor = statistics.median(each.rate for each in loads["origin, directly"])
            for name, measured in loads.items():
                row = {
                    "connections": connections,
                    "case": name,
                    **{
                        field: statistics.median(getattr(each, field) for each in measured)
                        for field in ("rate", "p50", "p99")
                    },
                }
                rows.append(row)
                print(
                    f"  {name:<17} {row['rate']:>8,.0f}/s   p50 {row['p50']:>6.2f} ms   p99 {row['p99']:>6.2f} ms"
                    f"   {row['rate'] / floor:.2f} of the origin"
                )
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    run(**vars(parser.parse_args()))
