"""What real execution environments remember: AWS's runtime client in processes that are frozen between requests."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import edgewise.edge
from edgewise.testing import EdgeSite, FakeOrigin, Received, Reply, run_site
from support.running import APP_ID, BUCKET_ID, associations, behavior, template

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc to see who is frozen")

# The origin is told which rules the function has, and which process it is.
STEPS = """
import http.client, json, os
from edgewise.edge import Edge

edge = Edge()


def load_rules(milliseconds):
    connection = http.client.HTTPConnection("127.0.0.1", {port}, timeout=milliseconds / 1000)
    try:
        connection.request("GET", "/rules")
        answer = connection.getresponse()
        if answer.status != 200:
            raise OSError(answer.status)
        return json.loads(answer.read())
    finally:
        connection.close()


@edge.origin_request
def apply_rules(request):
    rules = edge.memory.get("rules", load_rules, ttl={ttl}, stale=3600)
    request.headers.set("X-Rules", str(rules["number"]))
    request.headers.set("X-Process", str(os.getpid()))


handler = edge
"""
SETTINGS = {
    "hash": "0123456789ab",
    "log": {"delivery": "stdout"},
    "persistence": {"header": "X-Environment-Born"},
}


class Rules(FakeOrigin):
    """Where rules come from: each time they are asked for they have a new number."""

    def __init__(self) -> None:
        super().__init__(self._number)
        self.works = True
        self.together = threading.Barrier(1)

    def _number(self, request: Received) -> Reply:
        self.together.wait(20)
        return Reply(json.dumps({"number": len(self.received)}), 200 if self.works else 500)


class Running:
    """A site whose function remembers `rules`, and the origin behind it."""

    def __init__(self, site: EdgeSite, origin: FakeOrigin, rules: Rules) -> None:
        self.site, self.origin, self.rules = site, origin, rules

    def request(self) -> dict[str, str]:
        """Send one; what the function told the origin, by header."""
        assert self.site.get("/").status == 200
        return dict(self.origin.received[-1].headers)

    def records(self) -> list[dict[str, Any]]:
        """One of each request, made at origin-response, and one of each failure at origin-request."""
        return [dict(record) for record in self.site.records()]


Run = Callable[..., Running]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs the site with rules that are fresh for `ttl` seconds."""
    with ExitStack() as stack:

        def start(ttl: float) -> Running:
            rules, origin = Rules(), FakeOrigin()
            stack.callback(rules.close)
            stack.callback(origin.close)
            code = tmp_path / "code"
            shutil.copytree(Path(edgewise.edge.__file__).parent, code / "edgewise" / "edge")
            (code / "edgewise" / "__init__.py").touch()
            port = rules.url.rsplit(":", 1)[1]
            (code / "app.py").write_text(STEPS.replace("{port}", port).replace("{ttl}", str(ttl)))
            (code / "edgewise_settings.json").write_text(json.dumps(SETTINGS))
            functions = associations("origin-request", "origin-response")
            text = template(behavior(LambdaFunctionAssociations=functions))
            (tmp_path / "template.json").write_text(text)
            (tmp_path / "bucket").mkdir()
            places: dict[str, FakeOrigin | Path] = {APP_ID: origin, BUCKET_ID: tmp_path / "bucket"}
            site = stack.enter_context(run_site(tmp_path / "template.json", origins=places))
            return Running(site, origin, rules)

        yield start


def wait_until_frozen(process: str) -> None:
    deadline = time.monotonic() + 20
    while Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "T":
        assert time.monotonic() < deadline, "the environment was not frozen"
        time.sleep(0.001)


def test_values_survive_freezes_and_the_origin_sees_one_environment(run: Run) -> None:
    running = run(ttl=3600)
    told = []
    for _ in range(5):
        told.append(running.request())
        wait_until_frozen(told[-1]["x-process"])
    assert len({headers["x-process"] for headers in told}) == 1
    assert [headers["x-rules"] for headers in told] == ["1"] * 5
    assert len(running.rules.received) == 1
    (born,) = {headers["x-environment-born"] for headers in told}
    records = running.records()
    assert [record["memory_hits"] for record in records] == [0, 1, 2, 3, 4]
    assert {record["memory_misses"] for record in records} == {1}
    for record in records:  # what the origin is told is what the records say
        began = record["_timestamp"] / 1_000_000 - record["environment_age_ms"] / 1000
        assert began == pytest.approx(datetime.fromisoformat(born).timestamp(), abs=2)


def test_a_value_expires_while_the_environment_is_frozen(run: Run) -> None:
    running = run(ttl=0.2)
    first = running.request()
    wait_until_frozen(first["x-process"])
    time.sleep(0.25)
    second = running.request()
    assert (first["x-rules"], second["x-rules"]) == ("1", "2")
    assert first["x-environment-born"] == second["x-environment-born"]


def test_recycling_loses_what_was_remembered(run: Run) -> None:
    running = run(ttl=3600)
    before = [running.request() for _ in range(2)]
    running.site.recycle()
    after = [running.request() for _ in range(2)]
    assert [headers["x-rules"] for headers in before + after] == ["1", "1", "2", "2"]
    births = [headers["x-environment-born"] for headers in before + after]
    assert births[0] == births[1] < births[2] == births[3]
    assert [record["memory_hits"] for record in running.records()] == [0, 1, 0, 1]


def test_environments_side_by_side_remember_each_for_itself(run: Run) -> None:
    running = run(ttl=3600)
    running.rules.together = threading.Barrier(2)  # neither gets its rules before both have asked
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(running.site.get, f"/{number}") for number in range(2)]
        assert [answer.result(30).status for answer in answers] == [200, 200]
    told = [request.headers for request in running.origin.received]
    assert len({headers["x-process"] for headers in told}) == 2
    assert len({headers["x-environment-born"] for headers in told}) == 2
    assert len(running.rules.received) == 2


def test_a_source_that_died_is_noticed_in_the_records_and_not_by_visitors(run: Run) -> None:
    running = run(ttl=0.05)
    assert running.request()["x-rules"] == "1"
    running.rules.works = False
    time.sleep(0.06)
    assert {running.request()["x-rules"] for _ in range(6)} == {"1"}
    asked = len(running.rules.received)
    assert 2 <= asked <= 5  # with pauses of one second and more, not by each of the six
    failures = [record["failure"] for record in running.records() if "failure" in record]
    assert len(failures) == asked - 1
    assert failures[0].startswith("memory load_rules: OSError")
    running.rules.works = True
    deadline = time.monotonic() + 20
    while running.request()["x-rules"] == "1":  # until the pause is over
        assert time.monotonic() < deadline


def test_a_source_that_hangs_costs_a_visitor_the_deadline_at_most(run: Run) -> None:
    running = run(ttl=0.05)
    assert running.request()["x-rules"] == "1"
    running.rules.together = threading.Barrier(2)  # the second never comes
    time.sleep(0.06)
    began = time.monotonic()
    assert running.request()["x-rules"] == "1"
    assert 0.45 < time.monotonic() - began < 10
    (failure,) = [record["failure"] for record in running.records() if "failure" in record]
    assert failure.startswith("memory load_rules: TimeoutError at app.py:")
    running.rules.together.abort()
