"""The running `edgewise up`s of this user: how one announces itself, and how other commands find it.

Each writes a small file while it runs, in a folder of the user's own. A command without `--store` or `--to` means
the run of the folder it stands in, else the only run there is, else what lies in this folder.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from edgewise.cli.errors import RunError

STATE_FOLDER = ".edgewise"
# In a run's file beside its fields: when its process began.
_BEGAN: Final = "began"


@dataclass(frozen=True, slots=True)
class Run:
    """A running site: its state folder (absolute), the viewers' address, the process, and the control address.

    `aws` is the address of its own AWS, if it has a rollout.
    """

    state: str
    url: str
    pid: int
    control: str = ""
    aws: str = ""

    @property
    def store(self) -> str:
        """The store's directory."""
        return str(Path(self.state) / "store")


def folder() -> Path:
    """Where runs announce themselves; only this user may write there."""
    base = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "edgewise" / "runs"


def announce(run: Run) -> Path:
    """Write a run's file; remove it when the run ends. The run must answer already."""
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder() / f"{run.pid}.json"
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({**asdict(run), _BEGAN: began(run.pid)}), encoding="utf-8")
    fresh.replace(file)
    return file


def running_in(state: Path) -> Run | None:
    """The run of a state folder, if there is one in another process."""
    here = str(state.resolve())
    return next((run for run in _running() if run.state == here and run.pid != os.getpid()), None)


def _running() -> list[Run]:
    """The runs that live and answer: the process number of a killed one, and its ports, may be anybody's now.

    Two runs cannot have one address, so that of files with the same the latest is right.
    """
    files = sorted(folder().glob("*.json"), key=_written)
    by_address = {run.control or run.url: run for file in files if (run := _read(file)) is not None}
    return [run for run in by_address.values() if _answers(run)]


def _written(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0  # removed just now


def _answers(run: Run) -> bool:
    """Whether something listens at its control address or at the viewers', which need not be on loopback."""
    return any(_listens(url) for url in (run.control, run.url) if url)


def _listens(url: str) -> bool:
    try:
        address = urlsplit(url)
        socket.create_connection((address.hostname or "", address.port or 0), 1).close()
    except (OSError, ValueError):
        return False
    return True


def find() -> Run | None:
    """The run that a command of this folder means. Raises `RunError` when there are several, none of it here."""
    runs = _running()
    here = [run for run in runs if run.state == str(Path(STATE_FOLDER).resolve())]
    if len(here or runs) == 1:
        return (here or runs)[0]
    if not runs:
        return None
    places = ", ".join(run.state.removesuffix(f"/{STATE_FOLDER}") for run in runs)
    raise RunError("several sites are running, and none of them in this folder", hint=f"go to one: {places}")


def store_place(given: str | None) -> str:
    """The store that a command means: a directory or URL. A site's folder stands for the store inside it."""
    if given is None:
        run = find()
        return run.store if run is not None else str(Path(STATE_FOLDER) / "store")
    inside = Path(given) / STATE_FOLDER / "store"
    return str(inside) if "://" not in given and inside.is_dir() else given


def _read(file: Path) -> Run | None:
    """A run whose process lives; the file of one that was killed is removed."""
    try:
        told = dict(json.loads(file.read_text(encoding="utf-8")))
        then = told.pop(_BEGAN, "")
        run = Run(**told)
        os.kill(run.pid, 0)
        lives = then == began(run.pid)
    except (OSError, OverflowError, ValueError, TypeError):
        # Also when the process is another user's: the number was given away again.
        lives = False
    if not lives:
        file.unlink(missing_ok=True)
        return None
    return run


def began(pid: int) -> str:
    """When a process began, in the kernel's own count; empty where there is no /proc (macOS)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return ""
    # Field 22 of proc(5). The second one, a name in parentheses, may have blanks and parentheses in it.
    return stat.rpartition(b")")[2].split()[19].decode("ascii")
