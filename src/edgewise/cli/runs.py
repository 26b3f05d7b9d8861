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
from urllib.parse import urlsplit

from edgewise.cli.errors import RunError

STATE_FOLDER = ".edgewise"


@dataclass(frozen=True, slots=True)
class Run:
    """A running site: its state folder (absolute), the viewers' address, the process, and the control address."""

    state: str
    url: str
    pid: int
    control: str = ""

    @property
    def store(self) -> str:
        """The store's directory."""
        return str(Path(self.state) / "store")


def folder() -> Path:
    """Where runs announce themselves; only this user may write there."""
    base = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "edgewise" / "runs"


def announce(run: Run) -> Path:
    """Write a run's file; remove it when the run ends."""
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder() / f"{run.pid}.json"
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(run)), encoding="utf-8")
    fresh.replace(file)
    return file


def running_in(state: Path) -> Run | None:
    """The run of a state folder, if there is one that answers: the number of a killed one may be anybody's now."""
    runs = (run for file in folder().glob("*.json") if (run := _read(file)) is not None)
    here = str(state.resolve())
    return next(
        (run for run in runs if run.state == here and run.pid != os.getpid() and _answers(run.url)), None
    )


def _answers(url: str) -> bool:
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname or "", address.port or 0), 1).close()
    except OSError:
        return False
    return True


def find() -> Run | None:
    """The run that a command of this folder means. Raises `RunError` when there are several, none of it here."""
    runs = [run for file in sorted(folder().glob("*.json")) if (run := _read(file)) is not None]
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
    """A run that lives; the file of one that was killed is removed."""
    try:
        run = Run(**json.loads(file.read_text(encoding="utf-8")))
        os.kill(run.pid, 0)
    except (OSError, ValueError, TypeError):
        # Also when the process is another user's: the number was given away again.
        file.unlink(missing_ok=True)
        return None
    return run
