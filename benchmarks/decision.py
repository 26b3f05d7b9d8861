"""What a rollout costs a request: the decision at viewer-request, by what is known of a visitor with ten other cookies.

    .venv/bin/python -m benchmarks.decision [--visits 20000]

Only CPU time is measured, everything from the event to its new headers included. The peer is the least that such a
decision needs as one would write it with the standard library: `http.cookies` reads the header, an HMAC-SHA256 is
compared, and nothing is decided. All take turns in the same run: read the ratios, for the microseconds are this
machine's.
"""

from __future__ import annotations

import argparse
import hmac
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from edgewise.edge import Edge, Request

_KEY = "a key of the rollout, long enough"
_TOKEN = "s" * 43
_OTHERS = [f"cookie{number}=value-{number}" for number in range(10)]
_TURNS = 100
_DAY = 86_400
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"
_ENVIRON = {"AWS_REGION": "eu-west-2", "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}


class _Aws(BaseHTTPRequestHandler):
    """Knows the key, a release at 10 per cent, and one session. It is asked for each once."""

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        now = int(time.time())
        if "rollout-key" in sent:
            answer: dict[str, Any] = {"Parameter": {"Value": _KEY}}
        elif _TOKEN in sent:
            times = {"issued": {"N": str(now)}, "expires": {"N": str(now + _DAY)}}
            answer = {"Item": {"version": {"S": "v2"}, **times}}
        else:
            release = {"schema": "release/1", "release": "2026-11-21-a1b2", "stable": "v1", "new": "v2"}
            release |= {"state": "ramping", "weight": 10.0, "off": False, "revision": 1}
            answer = {"Item": {"document": {"S": json.dumps(release)}}}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The output is the table."""


@contextmanager
def aws() -> Iterator[str]:
    """The address of a service that knows the release, its key and a session."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Aws) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(5)


def rollout_settings(url: str) -> dict[str, Any]:
    """A rollout at 10 per cent, whose release and key are at `url`."""
    origins = {name: {"domain": f"{name}.example.com", "protocol": "https-only"} for name in ("v1", "v2")}
    return {
        "stable": "v1",
        "new": "v2",
        "origins": origins,
        "session_s": _DAY,
        "ttl_s": 300,
        "key": {"from": "ssm", "name": "/shop/rollout-key"},
        "state": {"from": "dynamodb", "table": "shop-release"},
        "sessions": {"table": "shop-sessions", "cookie": "session", "deadline_ms": 5000},
        "endpoint": url,
    }


def _request(cookie: str) -> Request:
    cookies = "; ".join([*_OTHERS[:5], *filter(None, [cookie]), *_OTHERS[5:]])
    lines = {"host": "shop.example", "user-agent": _AGENT, "cookie": cookies}
    headers = {name: [{"key": name.title(), "value": value}] for name, value in lines.items()}
    request = {"method": "GET", "uri": "/", "querystring": "", "clientIp": "203.0.113.24", "headers": headers}
    return Request({"config": {"eventType": "viewer-request"}, "request": request})


def _decision(request: Request) -> list[str]:
    return (request.headers.get("x-edgewise-decision") or "").split(";")


def _least(request: Request) -> None:
    """The peer: read the header and compare one signature."""
    value = SimpleCookie(request.headers.get("cookie"))["edgewise-release"].value
    text, _, signature = value.rpartition(".")
    hmac.compare_digest(hmac.new(_KEY.encode(), text.encode(), "sha256").hexdigest(), signature)


def _cpu_us(decide: Callable[[Request], Any], cookie: str, count: int) -> float:
    """Microseconds of CPU that one of `count` requests took."""
    requests = [_request(cookie) for _ in range(count)]
    began = time.process_time_ns()
    for request in requests:
        decide(request)
    return (time.process_time_ns() - began) / count / 1000


def times(visits: int) -> dict[str, tuple[float, float]]:
    """Microseconds of each kind of visit: the median of the turns, and the quickest, which nothing else disturbed."""
    with aws() as url:
        edge = Edge({"log": None, "rollout": rollout_settings(url)}, environ=_ENVIRON)
        assert edge.rollout is not None
        decide = edge.rollout.decide_version
        edge.environment.enter()
        first = _request("")
        decide(first)
        cookie = f"edgewise-release={_decision(first)[3]}"
        kinds = {
            "http.cookies and an HMAC-SHA256 (the peer)": (_least, cookie),
            "a valid cookie": (decide, cookie),
            "a session of the app, in memory": (decide, f"session={_TOKEN}"),
            "a new visitor, by the weight": (decide, ""),
        }
        for (_, sent), reason in zip(
            [*kinds.values()][1:], ("cookie", "session-store", "weight"), strict=True
        ):
            request = _request(sent)
            decide(request)
            assert _decision(request)[1] == reason, _decision(request)
        taken: dict[str, list[float]] = {name: [] for name in kinds}
        for _ in range(_TURNS):
            for name, (work, sent) in kinds.items():
                taken[name].append(_cpu_us(work, sent, visits // _TURNS))
        edge.rollout.close()
    return {name: (statistics.median(some), min(some)) for name, some in taken.items()}


def run(visits: int = 20_000) -> None:
    """Measure and print."""
    taken = times(visits)
    peer = next(iter(taken.values()))[0]
    print(f"{'one decision, CPU':<46}{'µs':>8}{'ratio':>8}{'quickest µs':>14}")
    for name, (median, quickest) in taken.items():
        print(f"{name:<46}{median:>8.1f}{median / peer:>8.2f}{quickest:>14.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--visits", type=int, default=20_000)
    run(parser.parse_args().visits)
