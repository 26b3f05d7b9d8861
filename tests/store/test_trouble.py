"""Shortages, damage, other people's files and unlucky moments: nothing acknowledged is lost, hidden or changed."""

from __future__ import annotations

import errno
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from edgewise.store import StoreDirectoryError, open_reader, recovery
from edgewise.store.compaction import MAX_FILES
from edgewise.store.engine import Limits
from edgewise.store.errors import JournalError
from edgewise.store.home import ensure_credentials, hold_for_reading, hold_for_writing, prepare
from edgewise.store.schema import Schema
from edgewise.store.timestamps import EARLIEST, LATEST
from store.engines import NOW, FaultyDisk, ask, engine_at, numbers, parquet, put, record


@contextmanager
def no_more_files() -> Iterator[None]:
    """The process may open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_first_and_the_last_moment_are_there_after_a_restart(tmp_path: Path) -> None:
    times = {
        "0001-01-01T00:00:00Z": EARLIEST,
        "0999-12-31T23:59:59Z": None,
        "9999-12-31T23:59:59.999999Z": LATEST,
    }
    with engine_at(tmp_path) as engine:
        put(engine, *(record(number, _timestamp=time) for number, time in enumerate(times)))
    with engine_at(tmp_path) as engine:
        found = [row["t"] for row in ask(engine, "SELECT _timestamp AS t FROM mine ORDER BY n")]
    assert (found[0], len(found), found[-1]) == (EARLIEST, 3, LATEST)


def test_a_shortage_is_not_taken_for_damage(tmp_path: Path) -> None:
    with engine_at(tmp_path) as engine:
        put(engine, record(1))
        put(engine, record(1), stream="other")
    with engine_at(tmp_path) as engine:
        (path,) = parquet(tmp_path)
        parts = [one for one in recovery.look(engine.home).parts if one.path == path]
        with no_more_files(), pytest.raises(OSError, match="Too many open files"):
            engine.check(parts)
        assert numbers(engine) == [1]
    assert parquet(tmp_path) == [path]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.EMFILE, "Too many open files"), True),
        (MemoryError(), True),
        (pa.ArrowMemoryError("malloc failed"), True),
        (OSError("Couldn't deserialize thrift"), False),
        (pa.ArrowInvalid("not Parquet"), False),
    ],
)
def test_what_speaks_of_the_machine_and_what_of_the_file(error: Exception, expected: bool) -> None:
    assert recovery.is_shortage(error) is expected


def test_opening_removes_what_a_crash_left_and_nothing_of_anyone_else(tmp_path: Path) -> None:
    with engine_at(tmp_path) as engine:
        put(engine, record(1))
    (path,) = parquet(tmp_path)
    ours = [
        tmp_path / ".tmp-server.json",
        path.with_name(f".tmp-{path.name}"),
        path.parents[2] / ".tmp-_schema.json",
    ]
    theirs = [tmp_path / ".tmp-notes", tmp_path / "mine" / ".tmp-server.json", path.parents[2] / ".tmp-mine"]
    for one in (*ours, *theirs):
        one.parent.mkdir(exist_ok=True)
        one.write_text("")
    (tmp_path / "data" / ".tmp-folder").mkdir()
    with engine_at(tmp_path) as engine:
        assert numbers(engine) == [1]
    assert not any(one.exists() for one in ours)
    assert all(one.exists() for one in theirs)


@pytest.mark.parametrize("operation", ["sync_directory", "create"])
def test_one_failure_to_begin_a_segment_is_over_when_it_is_over(tmp_path: Path, operation: str) -> None:
    disk = FaultyDisk()
    with engine_at(tmp_path, disk=disk, limits=Limits(segment_bytes=1)) as engine:
        broken = OSError(errno.EIO, "Input/output error")
        disk.fail = lambda name: broken if name == operation else None
        for _ in range(2):
            with pytest.raises(JournalError):
                put(engine, record(1))
        assert not list(engine.home.journal.iterdir())
        disk.fail = lambda name: None
        put(engine, record(1))
        assert numbers(engine) == [1]


def test_a_column_that_arrives_during_a_query_is_there_for_the_next(tmp_path: Path) -> None:
    """A batch that becomes durable right after the query looked at the columns must not be read by these."""

    class Interrupted(Schema):
        then: Any = None

        def __getattribute__(self, name: str) -> Any:
            value = super().__getattribute__(name)
            if name == "kinds" and threading.current_thread() is threading.main_thread():
                then, self.then = super().__getattribute__("then"), None
                if then is not None:
                    value = dict(value)
                    then()
            return value

    with engine_at(tmp_path) as engine:
        put(engine, record(1))
        engine._streams._schemas["mine"] = schema = Interrupted("mine", engine._streams.kinds("mine"))
        schema.then = lambda: put(engine, record(2, fresh="here"))
        assert numbers(engine) == [1]
        assert ask(engine, "SELECT fresh FROM mine ORDER BY n") == [{}, {"fresh": "here"}]


def test_a_wide_integer_in_a_column_that_widens_harms_nothing(tmp_path: Path, eventually: Any) -> None:
    limits = Limits(segment_bytes=1, seal_after=1e9, quiet=1e9)
    with engine_at(tmp_path, limits=Limits(seal_after=1e9)) as engine:
        put(engine, {"_timestamp": NOW, "n": 2**53 + 1})
        assert numbers(engine) == [2**53 + 1]
        for _ in range(40):
            put(engine, {"_timestamp": NOW, "n": 0.5})
            with engine.snapshot(["mine"], None, None) as data:
                assert data["mine"].tail.num_rows >= 2
    with engine_at(tmp_path, limits=limits) as engine:
        for _ in range(MAX_FILES - 1):
            put(engine, {"_timestamp": NOW, "n": 1.5})
    with engine_at(tmp_path, limits=limits) as engine:
        eventually(lambda: len(parquet(tmp_path)) == 1)
        assert len(numbers(engine)) == 1 + 40 + MAX_FILES - 1
        assert numbers(engine)[-1] == 2.0**53


def test_files_that_cannot_be_put_together_do_not_stop_the_others(tmp_path: Path, eventually: Any) -> None:
    limits = Limits(segment_bytes=1, quiet=1e9)
    with engine_at(tmp_path, limits=limits) as engine:
        for number in range(MAX_FILES):
            put(engine, record(number), stream="alien")
            put(engine, record(number))
    alien = sorted((tmp_path / "data" / "stream=alien").rglob("part-*.parquet"))[0]
    pa.parquet.write_table(pa.table({"_timestamp": [NOW], "record_id": ["x"], "n": [[1]]}), alien)
    told: list[str] = []
    with engine_at(tmp_path, limits=limits, tell=told.append) as engine:
        eventually(lambda: len(parquet(tmp_path)) == 1)
    assert len([message for message in told if "could not be put together" in message]) == 1


def test_a_file_stays_until_its_last_reader_is_done_and_no_longer(tmp_path: Path) -> None:
    for number in range(8):
        with engine_at(tmp_path, limits=Limits(quiet=1e9)) as engine:
            put(engine, record(number))
    old = parquet(tmp_path)
    with engine_at(tmp_path, limits=Limits(quiet=1e9)) as engine, engine.snapshot(["edge"], None, None):
        with engine.snapshot(["mine"], None, None) as data:
            assert engine._files.compact(8, below=10**9)
            assert set(old) <= set(parquet(tmp_path))
            assert [one.path for one in data["mine"].parts] == old
        assert len(parquet(tmp_path)) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"n": "sideways"}', b"\xff"])
def test_columns_that_cannot_be_read_are_made_anew(tmp_path: Path, content: bytes) -> None:
    with engine_at(tmp_path) as engine:
        put(engine, record(1, half=0.5, yes=True, text="x"))
    kept = tmp_path / "data" / "stream=mine" / "_schema.json"
    before = kept.read_bytes()
    kept.write_bytes(content)
    told: list[str] = []
    with engine_at(tmp_path, tell=told.append) as engine:
        assert ask(engine, "SELECT n, half, yes, text FROM mine") == [
            {"n": 1, "half": 0.5, "yes": True, "text": "x"}
        ]
        put(engine, record(2))
    assert str(kept) in told[0]
    assert kept.read_bytes() == before


def test_who_starts_at_the_same_time_gets_the_same_password(tmp_path: Path) -> None:
    together = threading.Barrier(8)
    found = []

    def start() -> None:
        together.wait(10)
        found.append(ensure_credentials(tmp_path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir() if "credentials" in path.name] == ["credentials.json"]


def test_a_writer_waits_for_a_reader(tmp_path: Path) -> None:
    home = prepare(tmp_path)
    hold_for_writing(home).release()
    held = hold_for_reading(home)
    assert not isinstance(held, str)
    release = threading.Timer(0.2, held.release)
    release.start()
    hold_for_writing(home, patience=10).release()
    release.join()


def test_a_store_that_cannot_be_opened_says_so(tmp_path: Path, run_cli: Any) -> None:
    with engine_at(tmp_path) as engine:
        put(engine, record(1))
    (path,) = parquet(tmp_path)
    content = path.read_bytes()
    path.unlink()
    path.symlink_to(path.name)
    result = run_cli("store", "--dir", str(tmp_path), "--port", "0")
    assert result.returncode == 1
    assert result.stderr.startswith("error[store.directory]"), result.stderr
    with pytest.raises(StoreDirectoryError, match="cannot be read"):
        open_reader(tmp_path).query("SELECT n FROM mine")
    path.unlink()
    path.write_bytes(content)
    with engine_at(tmp_path, read_only=True) as engine:
        assert numbers(engine) == [1]
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7])
def test_a_flipped_bit_never_becomes_another_value(tmp_path: Path, share: float, eventually: Any) -> None:
    """A page has a checksum. What is not covered by it, the page's own header, holds no values."""
    for number in range(8):
        with engine_at(tmp_path, limits=Limits(quiet=1e9)) as engine:
            put(engine, *(record(number * 100 + place, text=f"text {place}") for place in range(100)))
    victim = parquet(tmp_path)[3]
    content = bytearray(victim.read_bytes())
    content[int(share * _pages_end(victim))] ^= 0x10
    victim.write_bytes(content)
    told: list[str] = []
    with engine_at(tmp_path, tell=told.append, limits=Limits(quiet=0.0)) as engine:
        eventually(lambda: victim.with_suffix(".corrupt").exists() or not victim.exists())
        rows = ask(engine, "SELECT n, text FROM mine ORDER BY n")
    assert all(row["text"] == f"text {row['n'] % 100}" for row in rows)
    lost = set(range(800)) - {row["n"] for row in rows}
    assert lost == (set(range(300, 400)) if told else set())
    assert all(str(victim) in message and "set aside" in message for message in told)


def _pages_end(path: Path) -> int:
    """Where the footer begins, which the last 8 bytes tell."""
    content = path.read_bytes()
    return len(content) - 8 - int.from_bytes(content[-8:-4], "little")
