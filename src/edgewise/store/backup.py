"""A copy of a store's directory, also while its server runs. Reads the one folder, writes the other.

Nothing but journal segments grows while it copies (`tidying.py`), and those may end anywhere: what a copied segment's
last bytes are torn from was acknowledged after the copy began, or never.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edgewise.store.disk import Disk
from edgewise.store.errors import StoreDirectoryError
from edgewise.store.handover import READY
from edgewise.store.home import Home, existing, prepare
from edgewise.store.tidying import standing_still

# Of the rest some is of the moment (who holds it, where it answers), some is made as it is needed.
_FILES: Final = ("credentials.json", "tokens.json")


def copy(directory: Path, target: Path) -> tuple[int, int]:
    """Copy the store to a folder that is empty or not there; how many files, and how many bytes.

    Every record that was acknowledged before the call is in the copy. Raises `StoreMissingError` where there is no
    store, `StoreDirectoryError` when the copy cannot be made.
    """
    home = existing(directory)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StoreDirectoryError("the copy needs a folder that is not there yet", file=target)
    if target.resolve().is_relative_to(home.root):
        raise StoreDirectoryError(
            "the copy cannot lie inside the store", file=target, hint="Name a folder beside it."
        )
    try:
        Disk().make_directory(target.resolve())
    except OSError as error:
        raise StoreDirectoryError(
            f"the copy cannot be made there: {error.strerror}",
            file=target,
            hint="Name a folder that you may write to.",
        ) from None
    copied = prepare(target)
    try:
        with standing_still(home.tidying):
            sizes = [_copy_file(home, source, copied) for source in _sources(home)]
        # Last, because it is what makes the folder a store for everyone else.
        copied.lock.touch(mode=0o600)
    except OSError as error:
        raise StoreDirectoryError(
            f"the copy is not complete: {error.strerror or error}",
            file=error.filename or target,
            hint="Remove what was copied and try again.",
        ) from None
    return len(sizes), sum(sizes)


def _sources(home: Home) -> Iterator[Path]:
    for name in _FILES:
        if (home.root / name).is_file():
            yield home.root / name
    # What is handed over is whole once its folder is ready; the others are somebody's unfinished work.
    ready = [path.parent for path in home.incoming.glob(f"*/{READY}")]
    for folder in (home.journal, home.data, home.imported, *ready):
        yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _copy_file(home: Home, source: Path, copied: Home) -> int:
    made = copied.root / source.relative_to(home.root)
    disk = Disk()
    disk.make_directory(made.parent)
    shutil.copy(source, made)
    disk.sync_file(made)
    return made.stat().st_size
