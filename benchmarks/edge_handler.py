"""What handling costs: one viewer request with the log, two small steps, the persistence header and a rollout, beside
`json.dumps` of the record that it makes; the same with statistics, and one page view; and whether that grows while the
environment lives.

    .venv/bin/python -m benchmarks.edge_handler [--invocations 200000]

Only CPU time is measured, and both take turns in the same run: read the ratios, for the microseconds are this
machine's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

from benchmarks.decision import aws, rollout_settings
from edgewise.agents import exported
from edgewise.edge import Edge, Request
from edgewise.edge.delivery import make_delivery

EVENTS = Path(__file__).parents[1] / "tests" / "edge" / "events"
_ENVIRON = {
    "AWS_REGION": "eu-west-2",
    "AWS_LAMBDA_FUNCTION_VERSION": "7",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}
_PRIVACY = {"client_address": "truncate", "query": ["size"], "headers": ["accept"], "visitor": True}
_PERSISTENCE = {"header": "X-Environment-Born"}
_STATISTICS = {"path": "firehose", "stream_name": "page-views"}
_TURNS = 30
_TRACED = 20_000
_EDGES = 1_000  # the first and the last so many invocations are compared
_PART = 100
_SETTLED = 9  # laps of so many, after which the allocator has what the events of one lap need


class Context:
    """The part of Lambda's context that the runtime uses."""

    aws_request_id = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"

    def get_remaining_time_in_millis(self) -> int:
        return 5000


def add_steps(edge: Edge) -> None:
    """What a small site does: one step asks the memory and sets a header, one reads a header and rewrites the path."""

    @edge.viewer_request
    def theme(request: Request) -> None:
        request.headers.set("X-Theme", edge.memory.get("theme", lambda _: "dark", ttl=3600))

    @edge.viewer_request
    def language(request: Request) -> None:
        if (request.headers.get("accept-language") or "").startswith("de"):
            request.path = "/de" + request.path


class Handler:
    """One environment, a fresh event for each of its invocations, and the lines that it wrote.

    With a `rollout` its visitors have the cookie of a version already; with `views` page views are counted.
    """

    def __init__(
        self,
        trigger: str = "viewer-request",
        *,
        steps: bool = False,
        views: bool = False,
        rollout: dict[str, Any] | None = None,
        **log: Any,
    ) -> None:
        self.lines: list[str] = []
        settings = {"log": {"delivery": "stdout", **log}, "persistence": _PERSISTENCE, "rollout": rollout}
        with tempfile.TemporaryDirectory() as folder:
            if views:
                settings["statistics"] = _STATISTICS
                Path(folder, "edgewise_agents.json").write_text(json.dumps(exported(names=True)))
            environ = {**_ENVIRON, "LAMBDA_TASK_ROOT": folder}
            self._edge = Edge(settings, write=self.lines.append, environ=environ, deliver=self._deliver)
        self._event = (EVENTS / f"{trigger}.json").read_text()
        self._requests = 0
        if steps:
            add_steps(self._edge)
        if rollout is not None:
            self._keep_cookie()

    def _keep_cookie(self) -> None:
        """From now on visitors have the cookie that the first one gets."""
        answer = self._edge(self._next_event(), Context())
        cookie = answer["headers"]["x-edgewise-decision"][0]["value"].split(";")[3]
        event = json.loads(self._event)
        headers = event["Records"][0]["cf"]["request"]["headers"]
        headers["cookie"] = [{"key": "Cookie", "value": f"theme=dark; edgewise-release={cookie}"}]
        self._event = json.dumps(event)
        self.lines.clear()

    def _deliver(self, asked: dict[str, Any], *rest: Any) -> Any:
        """Records go to standard output, and page views to the same list without a network."""
        return make_delivery(asked, *rest) if asked["delivery"] == "stdout" else _Taken(self.lines)

    def _next_event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self._event)
        self._requests += 1
        event["Records"][0]["cf"]["config"]["requestId"] = f"{self._requests:054x}=="
        return event

    def cpu_us(self, count: int) -> float:
        """Microseconds of CPU that one of `count` invocations took."""
        edge, context = self._edge, Context()
        events = [self._next_event() for _ in range(count)]
        self.lines.clear()
        began = time.process_time_ns()
        for event in events:
            edge(event, context)
        return (time.process_time_ns() - began) / count / 1000


class _Taken:
    """A delivery of page views that takes each at once."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self.sent = self.dropped = 0

    def deliver_line(self, line: str, remaining_ms: float) -> None:
        self._lines.append(line)
        self.sent += 1

    def advance(self, remaining_ms: float) -> None:
        """Nothing waits."""


def dumps_us(record: dict[str, Any], count: int) -> float:
    """The same of `json.dumps`."""
    began = time.process_time_ns()
    for _ in range(count):
        json.dumps(record)
    return (time.process_time_ns() - began) / count / 1000


def ratios() -> dict[str, tuple[float, float]]:
    """By what is handled: microseconds of the handler, and of `json.dumps` of its record; medians, all taking turns."""
    with aws() as url:
        return _ratios(rollout_settings(url))


def _ratios(rollout: dict[str, Any]) -> dict[str, tuple[float, float]]:
    handlers = {
        "viewer request, log": Handler(),
        "viewer request, log, two steps, persistence": Handler(steps=True),
        "the same, masked and with a visitor's hash": Handler(steps=True, privacy=_PRIVACY),
        "viewer request, log, rollout": Handler(rollout=rollout),
        "all of it": Handler(steps=True, privacy=_PRIVACY, rollout=rollout),
        "the same as the first, one in ten sampled": Handler(sample=0.1),
        "origin response, log": Handler("origin-response"),
        "viewer request, log, statistics": Handler(views=True),
        "viewer response, statistics: a page view": Handler("viewer-response", views=True),
    }
    records = {}
    for name, handler in handlers.items():
        while not handler.lines:
            handler.cpu_us(1)
        records[name] = json.loads(handler.lines[-1])
    assert records["all of it"]["decision"] == "cookie", records["all of it"]
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in handlers}
    for _ in range(_TURNS):
        for name, handler in handlers.items():
            taken[name].append((handler.cpu_us(300), dumps_us(records[name], 300)))
    return {name: _medians(pairs) for name, pairs in taken.items()}


def _medians(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    handled, dumped = zip(*pairs, strict=True)
    return statistics.median(handled), statistics.median(dumped)


def growth(invocations: int) -> tuple[float, float, int, int]:
    """The ratios to `json.dumps` of the first and of the last invocations; resident KB after ten laps and at the end.

    Ratios, since what else the machine does in between makes both slower.
    """
    handler = Handler(steps=True, privacy=_PRIVACY)
    laps = invocations // _EDGES
    ratio, resident = [], []
    for _ in range(laps):
        ratio.append(statistics.median(_ratio(handler, _PART) for _ in range(_EDGES // _PART)))
        resident.append(_resident_kb())
    return ratio[0], ratio[-1], resident[min(_SETTLED, laps - 1)], resident[-1]


def _ratio(handler: Handler, count: int) -> float:
    handled = handler.cpu_us(count)
    return handled / dumps_us(json.loads(handler.lines[0]), count)


def _resident_kb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


def traced_growth(invocations: int = _TRACED) -> int:
    """Bytes that Python has allocated after the last invocation over those after the first thousand."""
    handler = Handler(steps=True, privacy=_PRIVACY)
    allocated = []
    tracemalloc.start()
    try:
        for _ in range(invocations // _EDGES):
            handler.cpu_us(_EDGES)
            handler.lines.clear()
            allocated.append(tracemalloc.get_traced_memory()[0])
        return allocated[-1] - allocated[0]
    finally:
        tracemalloc.stop()


def run(invocations: int = 200_000) -> None:
    """Measure and print both."""
    print(f"{'one invocation, CPU':<46}{'µs':>8}{'json.dumps':>12}{'ratio':>8}")
    for name, (handled, dumped) in ratios().items():
        print(f"{name:<46}{handled:>8.1f}{dumped:>12.1f}{handled / dumped:>8.2f}")

    first, last, before, after = growth(invocations)
    print(f"\n{invocations:,} invocations of one environment, masked and with steps")
    print(f"ratio of the first {_EDGES:,}: {first:.2f}, of the last: {last:.2f}; growth {last / first:.2f}")
    print(f"resident KB after {(_SETTLED + 1) * _EDGES:,}: {before:,}, after the last: {after:,}")
    print(f"bytes allocated more after {_TRACED:,} than after {_EDGES:,}: {traced_growth():,}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--invocations", type=int, default=200_000)
    run(parser.parse_args().invocations)
