"""Has a folder that was handed over (`handover.py`) taken in: by the running store, else by this process."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edgewise.store.engine import Engine
from edgewise.store.errors import StoreBusyError, StoreDirectoryError, StoreError
from edgewise.store.home import Home, hold_for_writing, server_address
from edgewise.store.standard import standard_derivation

_PATIENCE: Final = 120.0
_PAUSE: Final = 0.02


def deliver(home: Home, folder: Path) -> None:
    """Return when the folder's records can be queried. Raises `StoreError`; what was handed over is not lost."""
    try:
        hold = hold_for_writing(home)
    except StoreBusyError:
        if server_address(home) is None:
            raise
        _wait(folder)
        return
    try:
        # What a crash left in the journal becomes Parquet here as it would in the server.
        engine = Engine(home, derive=standard_derivation())
        try:
            _wait(folder, engine.adopt)
        finally:
            engine.close()
    except OSError as error:
        raise StoreDirectoryError(
            f"the store cannot take the records in: {error.strerror or error}",
            file=home.root,
            hint="Nothing is lost: the next start of the store takes them in.",
        ) from None
    finally:
        hold.release()


def _wait(folder: Path, adopt: Callable[[], bool] = lambda: False) -> None:
    deadline = time.monotonic() + _PATIENCE
    while folder.exists():
        if adopt():
            continue
        if time.monotonic() > deadline:
            raise StoreError(
                f"the store did not take the records in within {_PATIENCE:.0f} s",
                file=folder,
                hint="Nothing is lost: it does so as soon as it can. Its messages say what keeps it.",
            )
        time.sleep(_PAUSE)
