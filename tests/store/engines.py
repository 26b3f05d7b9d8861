"""An engine without its server, a disk that fails when told, and short words to put records in and ask for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgewise.store.bodies import json_values
from edgewise.store.disk import Disk
from edgewise.store.engine import Accepted, Engine
from edgewise.store.home import prepare
from edgewise.store.search import Searcher

NOW = 1_795_224_000_000_000
HOUR = 3_600_000_000
# Of the engines that `engine_at` opened: one for all that is asked, because each is a database of its own.
_SEARCHERS: dict[Engine, Searcher] = {}


class Crash(OSError):
    """The machine went away here."""


class FaultyDisk(Disk):
    """A disk that fails when told: `fail` is asked before each operation, by its name."""

    def __init__(self, fail: Callable[[str], OSError | None] = lambda operation: None) -> None:
        self.fail = fail
        self.log: list[str] = []

    def _do(self, operation: str) -> None:
        self.log.append(operation)
        error = self.fail(operation)
        if error is not None:
            raise error

    def create(self, path: Path) -> int:
        self._do("create")
        return super().create(path)

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        try:
            self._do("write")
        except OSError:
            super().write(descriptor, data[: len(data) // 2], offset)
            raise
        super().write(descriptor, data, offset)

    def sync(self, descriptor: int) -> None:
        self._do("sync")
        super().sync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        self._do("truncate")
        super().truncate(descriptor, size)

    def sync_file(self, path: Path) -> None:
        self._do("sync_file")
        super().sync_file(path)

    def sync_directory(self, path: Path) -> None:
        self._do("sync_directory")
        super().sync_directory(path)

    def make_directory(self, path: Path) -> None:
        self._do("make_directory")
        super().make_directory(path)

    def rename(self, source: Path, target: Path) -> None:
        self._do("rename")
        super().rename(source, target)

    def link(self, source: Path, target: Path) -> None:
        self._do("link")
        super().link(source, target)

    def unlink(self, path: Path) -> None:
        self._do("unlink")
        super().unlink(path)


@contextmanager
def engine_at(directory: Path, kind: type[Engine] = Engine, **options: Any) -> Iterator[Engine]:
    engine = kind(prepare(directory), **options)
    try:
        yield engine
    finally:
        if engine in _SEARCHERS:
            _SEARCHERS.pop(engine).close()
        engine.close()


def record(number: int, **fields: Any) -> dict[str, Any]:
    return {"_timestamp": NOW + number, "record_id": f"r{number}", "n": number, **fields}


def offer(engine: Engine, *records: Any, stream: str = "mine") -> Accepted:
    return engine.ingest(stream, json_values(json.dumps(records).encode()))


def put(engine: Engine, *records: Any, stream: str = "mine") -> Accepted:
    accepted = offer(engine, *records, stream=stream)
    accepted.durable.result(60)
    return accepted


def ask(engine: Engine, sql: str) -> list[dict[str, Any]]:
    """What an engine that `engine_at` opened answers."""
    if engine not in _SEARCHERS:
        _SEARCHERS[engine] = Searcher(engine)
    return _SEARCHERS[engine].query(sql).rows


def numbers(engine: Engine) -> list[int]:
    return [row["n"] for row in ask(engine, "SELECT n FROM mine ORDER BY n")]


def parquet(directory: Path) -> list[Path]:
    return sorted(directory.glob("data/stream=mine/date=*/hour=*/part-*.parquet"))
