"""What is to be imported: files, the files of folders, and the objects of an S3 prefix."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from edgewise.logfiles.errors import SourceError

_AHEAD: Final = 8


class Source(Protocol):
    """A log file somewhere. `size` in bytes; `version` changes when its content does."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def version(self) -> str: ...

    def here(self) -> AbstractContextManager[Path]:
        """The file on this machine, for as long as the block lasts."""
        ...


@dataclass(frozen=True, slots=True)
class File:
    """A file of this machine; its version is its time of change."""

    path: Path
    size: int
    version: str

    @property
    def name(self) -> str:
        return str(self.path)

    @contextmanager
    def here(self) -> Iterator[Path]:
        """Its path."""
        yield self.path


def find(places: Iterable[str]) -> list[Source]:
    """All log files of these places, each once, by name. Raises `SourceError` for a place that is not there."""
    found: dict[str, Source] = {}
    for place in places:
        for source in _in_place(place):
            found.setdefault(source.name, source)
    return sorted(found.values(), key=lambda source: source.name)


def fetched(sources: Iterable[Source]) -> Iterator[tuple[Source, Callable[[], Path], ExitStack]]:
    """Each source with what gives its path, and what to close after it; the next few are fetched meanwhile."""
    waiting: deque[tuple[Source, Future[Path], ExitStack]] = deque()
    with ThreadPoolExecutor(_AHEAD, thread_name_prefix="fetch") as pool:
        try:
            for source in sources:
                stack = ExitStack()
                waiting.append((source, pool.submit(_enter, stack, source), stack))
                if len(waiting) == _AHEAD:
                    one, path, its_stack = waiting.popleft()
                    yield one, path.result, its_stack
            while waiting:
                one, path, its_stack = waiting.popleft()
                yield one, path.result, its_stack
        finally:
            for _, path, _ in waiting:
                path.cancel()
            pool.shutdown()
            for _, _, stack in waiting:
                stack.close()


def _enter(stack: ExitStack, source: Source) -> Path:
    return stack.enter_context(source.here())


def _in_place(place: str) -> Iterable[Source]:
    if place.startswith("s3://"):
        from edgewise.logfiles.s3 import objects

        return objects(place)
    path = Path(place)
    if path.is_dir():
        return [_file(one) for one in path.rglob("*") if one.is_file() and _is_shown(one.relative_to(path))]
    if not path.is_file():
        raise SourceError("there is no such file or folder", file=path, hint="Or an s3://BUCKET/PREFIX.")
    return [_file(path)]


def _is_shown(path: Path) -> bool:
    return not any(part.startswith(".") for part in path.parts)


def _file(path: Path) -> File:
    status = path.stat()
    return File(path.resolve(), status.st_size, str(status.st_mtime_ns))
