"""The processes of functions: how much memory they have had, what leaves their group, and who asks for work."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edgewise.cdn.functions.memory import MemoryGauge
from edgewise.cdn.functions.runtime_api import Outcome, Refused, RuntimeApi
from support.running import associations, behavior, function, running_cdn, template

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what processes there are")

GROWS = """
import sys
print("small", flush=True)
for _ in sys.stdin:
    kept = b"x" * 150_000_000
    print("large", flush=True)
    kept = None
"""


@linux_only
def test_memory_is_noticed_however_soon_after_the_last_look() -> None:
    with subprocess.Popen(
        [sys.executable, "-S", "-c", GROWS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == "small\n"
        gauge = MemoryGauge(128)
        assert not gauge.exceeded(process.pid, 100.0)
        assert gauge.used_mb is not None and 0 < gauge.used_mb < 100
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "large\n"
        assert gauge.exceeded(process.pid, 100.02)
        process.kill()
        process.wait(10)
        # What it answered before its end counts for nothing.
        assert gauge.exceeded(process.pid, 100.03)
        assert gauge.used_mb == 128


FORKS = """
import os, sys
kept = b"x" * 80_000_000
child = os.fork()
if child:
    print(child, flush=True)
sys.stdin.read()
"""


@linux_only
def test_memory_that_a_child_shares_with_its_parent_counts_once() -> None:
    with subprocess.Popen(
        [sys.executable, "-S", "-c", FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 0
        gauge = MemoryGauge(128)
        assert not gauge.exceeded(process.pid, 100.0)
        assert gauge.used_mb is not None and 80 <= gauge.used_mb < 110


# Starts a child in a session of its own, and tells its id.
STRAY = """
import json, subprocess, sys
stray = None

def handler(event, context):
    global stray
    stray = stray or subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True)
    return {"status": "200", "body": json.dumps(stray.pid)}
"""


def state_of(pid: int) -> str:
    """The letter that Linux has for it; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def wait_for_state(pid: int, *wanted: str) -> None:
    deadline = time.monotonic() + 30
    while state_of(pid) not in wanted:
        assert time.monotonic() < deadline, f"it is {state_of(pid)!r}"
        time.sleep(0.01)


@linux_only
def test_a_child_in_a_session_of_its_own_is_frozen_and_ended_with_its_function(tmp_path: Path) -> None:
    text = template(
        behavior(LambdaFunctionAssociations=associations("viewer-request")),
        functions={"Function": function(Timeout=10)},
    )
    with running_cdn(tmp_path, text, {"app.py": STRAY}) as cdn:
        pid = cdn.request("/").json()
        assert os.getsid(pid) == pid
        wait_for_state(pid, "T")
        assert cdn.request("/").json() == pid
        wait_for_state(pid, "T")
    wait_for_state(pid, "", "Z")


class Waits:
    """An environment that lets one client wait, and refuses a second."""

    def __init__(self) -> None:
        self.polls = 0

    def polled(self) -> None:
        self.polls += 1
        if self.polls > 1:
            raise Refused("InvalidStateTransition", "somebody waits already")

    def expects(self, request_id: str) -> None:
        raise AssertionError("nothing is answered")

    def reported(self, outcome: Outcome) -> None:
        raise AssertionError("nothing is answered")

    def not_started(self, outcome: Outcome) -> None:
        raise AssertionError("it has started")


async def answer_of(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The status line and the body of one answer."""
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.rpartition(b"Content-Length: ")[2])
        return head.partition(b"\r\n")[0], await reader.readexactly(length)


def test_a_client_that_waits_gets_the_invocation_whoever_else_asks() -> None:
    async def run() -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
        events = Waits()
        api = RuntimeApi(events)
        await api.start()
        host, port = api.address.split(":")
        ask = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: a\r\n\r\n"
        first, to_first = await asyncio.open_connection(host, int(port))
        to_first.write(ask)
        async with asyncio.timeout(10):
            while not events.polls:
                await asyncio.sleep(0.01)
        second, to_second = await asyncio.open_connection(host, int(port))
        to_second.write(ask)
        refused = await answer_of(second)
        api.give(b'"work"', "")
        given = await answer_of(first)
        for writer in (to_first, to_second):
            writer.close()
        api.close()
        return refused, given

    refused, given = asyncio.run(run())
    assert refused[0].endswith(b"403 Forbidden")
    assert json.loads(refused[1])["errorType"] == "InvalidStateTransition"
    assert given == (b"HTTP/1.1 200 OK", b'"work"')
