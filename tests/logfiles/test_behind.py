"""A sink in a thread of its own: all of it in order, not too much at once, and no error is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from edgewise.logfiles.behind import Behind
from edgewise.logfiles.manifest import Entry

PATIENCE = 30
ENTRY = Entry("a.log", 1, "1", "digest", 1, 1, 0)


class Slow:
    """A sink that waits for its gate, and fails at a table named `bad`."""

    def __init__(self) -> None:
        self.gate, self.started = threading.Event(), threading.Event()
        self.seen: list[str] = []
        self.working = False

    def add(self, table: str) -> None:
        self.working = True
        self.started.set()
        assert self.gate.wait(PATIENCE)
        if table == "bad":
            self.working = False
            raise OSError(28, "No space left on device")
        self.seen.append(table)
        self.working = False

    def commit(self, files: list[Entry]) -> None:
        self.seen.append(f"commit {files[0].name}")

    def abandon(self) -> None:
        assert not self.working, "nothing is under way when what was added is thrown away"
        self.seen.append("abandon")


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def behind(slow: Slow) -> Iterator[Behind]:
    behind = Behind(slow)
    yield behind
    slow.gate.set()
    behind.close()


def test_a_commit_comes_after_all_that_was_added(slow: Slow, behind: Behind) -> None:
    behind.add("1")
    behind.add("2")
    assert slow.seen == [], "adding waits for nobody"
    slow.gate.set()
    behind.commit([ENTRY])
    assert slow.seen == ["1", "2", "commit a.log"]


def test_who_reads_faster_than_can_be_written_waits(slow: Slow, behind: Behind) -> None:
    given: list[int] = []

    def read() -> None:
        for number in range(100):
            behind.add(str(number))
            given.append(number)

    reader = threading.Thread(target=read)
    reader.start()
    reader.join(0.2)
    assert len(given) < 10
    slow.gate.set()
    reader.join(PATIENCE)
    behind.commit([ENTRY])
    assert slow.seen == [*map(str, range(100)), "commit a.log"]


def test_what_cannot_be_written_is_never_committed(slow: Slow, behind: Behind) -> None:
    slow.gate.set()
    behind.add("1")
    behind.add("bad")
    with pytest.raises(OSError, match="No space left"):
        behind.commit([ENTRY])
    behind.abandon()
    assert slow.seen == ["1", "abandon"]


def open_when_the_rest_is_given_up(slow: Slow, behind: Behind) -> None:
    until = time.monotonic() + PATIENCE
    while not behind._waiting[-1].cancelled() and time.monotonic() < until:
        time.sleep(0.01)
    slow.gate.set()


def test_after_an_interrupt_only_what_is_under_way_is_finished(slow: Slow, behind: Behind) -> None:
    for name in ("1", "2", "3"):
        behind.add(name)
    assert slow.started.wait(PATIENCE)
    opener = threading.Thread(target=open_when_the_rest_is_given_up, args=(slow, behind))
    opener.start()
    behind.abandon()
    opener.join()
    assert slow.seen == ["1", "abandon"]
