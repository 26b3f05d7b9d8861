"""Brings a folder to a planned content, file by file, so that nobody ever sees half a file."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One file to be: its content and its mode."""

    content: bytes
    mode: int = 0o644


def bring(folder: Path, plan: Mapping[str, Entry]) -> None:
    """Make `folder` hold exactly the files of `plan` (by relative path, in its order).

    A file that is right already is left alone, a changed one is replaced by a rename, and what is not in the plan
    is deleted last. Compiled Python goes with it: its check of a source's age is too coarse for quick edits.
    Raises `OSError`; then the folder is somewhere between the two, and the next call finishes the work.
    """
    _make_folder(folder)
    for name, entry in plan.items():
        _put(folder, folder / name, entry)
    wanted = {folder / name for name in plan}
    _delete_others(folder, wanted | {parent for path in wanted for parent in path.parents})


def replace_file(path: Path, entry: Entry) -> None:
    """Write one file beside its place and rename it there."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(entry.content)
        # Explicit, so that a strict umask does not make files that Lambda's user cannot read.
        Path(temporary).chmod(entry.mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _put(folder: Path, path: Path, entry: Entry) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    if path.is_file() and path.stat().st_mode & 0o777 == entry.mode and path.read_bytes() == entry.content:
        return
    for parent in reversed(path.relative_to(folder).parents[:-1]):
        _make_folder(folder / parent)
    replace_file(path, entry)


def _make_folder(folder: Path) -> None:
    if folder.is_file():
        folder.unlink()
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(0o755)


def _delete_others(folder: Path, wanted: set[Path]) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path in wanted:
            continue
        if path.is_dir() and not path.is_symlink():
            # A function that still runs may be writing compiled files there: those go next time.
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
