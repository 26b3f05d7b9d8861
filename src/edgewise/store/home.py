"""The store's directory: what lies where, who holds it, and how others find the running server.

lock               held by the server (exclusive) or by a reader without a server (shared); who held it last for writing
server.json        {"url", "pid", "holder"} while a server runs
credentials.json   {"user", "password"}, mode 0600, made once
tokens.json        names and digests of tokens that may do less
tidy.lock          held (shared) while files change their places; whoever copies the store holds it alone
incoming/          what another process hands over (handover.py)
imported/          the notes that came with it (adoption.py)
journal/ data/     see journal.py and partitions.py
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import orjson

from edgewise.store.disk import Disk
from edgewise.store.errors import StoreBusyError, StoreDirectoryError, StoreMissingError

USER: Final = "edgewise"
_PATIENCE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """What HTTP basic auth asks for."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one store."""

    root: Path

    @property
    def journal(self) -> Path:
        return self.root / "journal"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def spill(self) -> Path:
        return self.root / "tmp"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def server(self) -> Path:
        return self.root / "server.json"

    @property
    def credentials(self) -> Path:
        return self.root / "credentials.json"

    @property
    def tokens(self) -> Path:
        return self.root / "tokens.json"

    @property
    def incoming(self) -> Path:
        return self.root / "incoming"

    @property
    def imported(self) -> Path:
        return self.root / "imported"

    @property
    def tidying(self) -> Path:
        return self.root / "tidy.lock"


def prepare(directory: Path) -> Home:
    """The store's directory, made if it is not there. Raises `StoreDirectoryError`."""
    home = Home(directory.resolve())
    disk = Disk()
    try:
        for path in (home.root, home.journal, home.data, home.spill):
            disk.make_directory(path)
    except OSError as error:
        raise StoreDirectoryError(
            f"the store's directory cannot be used: {error.strerror}",
            file=error.filename or directory,
            hint="Choose a directory that you may write to, with --dir.",
        ) from None
    return home


def existing(directory: Path) -> Home:
    """A store that is there already. Raises `StoreMissingError`."""
    home = Home(directory.resolve())
    if home.data.is_dir() and not home.lock.is_file():
        raise StoreMissingError(
            "this store holds nothing yet: what was to fill it, an import or a copy, did not come to its end",
            file=directory,
            hint="Import or copy again, or start it as it is with `edgewise store --dir`.",
        )
    if not home.lock.is_file():
        raise StoreMissingError(
            "there is no store here",
            file=directory,
            hint="Start one with `edgewise up`, or name it with --store.",
        )
    return home


def ensure_credentials(directory: Path) -> Credentials:
    """The store's user and password; made, and kept in `credentials.json`, the first time."""
    home = prepare(directory)
    if not home.credentials.is_file():
        _make_credentials(home)
    return read_credentials(home)


def _make_credentials(home: Home) -> None:
    """Whoever comes first makes them: a link, unlike a rename, never replaces what another process just made."""
    disk = Disk()
    candidate = home.root / f"new-credentials-{secrets.token_hex(8)}.json"
    made = Credentials(USER, secrets.token_urlsafe(24))
    try:
        disk.replace_bytes(candidate, orjson.dumps(asdict(made)))
        _link_or_rename(candidate, home.credentials)
    except OSError as error:
        raise StoreDirectoryError(
            f"the store's credentials cannot be written: {error.strerror}", file=home.credentials
        ) from None
    finally:
        candidate.unlink(missing_ok=True)


def _link_or_rename(candidate: Path, target: Path) -> None:
    try:
        os.link(candidate, target)
    except FileExistsError:
        return
    except OSError:
        # Some shared folders have no hard links; there the last of several first ones wins.
        if not target.exists():
            candidate.rename(target)


def leftovers(home: Home) -> Iterator[Path]:
    """Files that a crash left half-made, where and as this package makes them. Nothing of anyone else's."""
    for pattern in (
        ".tmp-server.json",
        ".tmp-tokens.json",
        "data/stream=*/.tmp-_schema.json",
        "data/stream=*/date=*/hour=*/.tmp-part-*.parquet",
    ):
        yield from (path for path in home.root.glob(pattern) if path.is_file() and not path.is_symlink())


def read_credentials(home: Home) -> Credentials:
    try:
        content = orjson.loads(home.credentials.read_bytes())
        return Credentials(str(content["user"]), str(content["password"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreDirectoryError(
            f"the store's credentials cannot be read: {error}",
            file=home.credentials,
            hint='It holds {"user": "...", "password": "..."}. Remove it and the next start makes a new one.',
        ) from None


class Hold:
    """The lock on a store's directory, from when it was taken until `release`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def hold_for_writing(home: Home, *, patience: float = _PATIENCE) -> Hold:
    """Become the only process that writes; waits `patience` seconds for readers and raises `StoreBusyError`."""
    try:
        descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreDirectoryError(
            f"the store's directory cannot be written: {error.strerror}", file=home.lock
        ) from None
    if not _lock(
        descriptor, fcntl.LOCK_EX, lambda: _only_readers(descriptor) or server_address(home) is None, patience
    ):
        os.close(descriptor)
        address = server_address(home)
        raise StoreBusyError(
            f"another process (pid {_holder(home)}) holds this store"
            + (f" and serves it at {address}" if address else ""),
            file=home.root,
            hint="Use that one, stop it, or give this one another directory with --dir.",
        )
    # First of all: whatever listens at the address that a killed server left is not this one.
    home.server.unlink(missing_ok=True)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()} {secrets.token_hex(16)}".encode(), 0)
    return Hold(descriptor)


def hold_for_reading(home: Home) -> Hold | str:
    """The shared lock, or the address of the server that holds the store. Raises `StoreBusyError`."""
    descriptor = os.open(home.lock, os.O_RDONLY | os.O_CLOEXEC)
    if _lock(descriptor, fcntl.LOCK_SH, lambda: server_address(home) is None, _PATIENCE):
        return Hold(descriptor)
    os.close(descriptor)
    address = server_address(home)
    if address is None:
        raise StoreBusyError(
            f"another process (pid {_holder(home)}) holds this store and does not serve it", file=home.root
        )
    return address


def server_address(home: Home) -> str | None:
    """The URL of the server that holds the store; nothing while it is not ready, or when it is gone."""
    try:
        content = orjson.loads(home.server.read_bytes())
        # A killed server leaves its file behind. Its pid may be the next holder's too, as in a container.
        return str(content["url"]) if content["holder"] == last_writer(home) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def announce(home: Home, url: str) -> None:
    """Let others find the server, whose process holds the lock: it answers now."""
    content = {"url": url, "pid": os.getpid(), "holder": last_writer(home)}
    Disk().replace_bytes(home.server, orjson.dumps(content))


def last_writer(home: Home) -> str:
    """What the last process that held the lock for writing left in it: its pid, and what nobody else leaves."""
    return home.lock.read_text(errors="replace")


def _holder(home: Home) -> int | None:
    """The pid of the last process that held the lock for writing."""
    try:
        return int(last_writer(home).split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _only_readers(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True


def _lock(descriptor: int, kind: int, worth_waiting: Callable[[], bool], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if not worth_waiting() or time.monotonic() > deadline:
                return False
            time.sleep(0.02)
