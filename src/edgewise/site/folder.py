"""Brings a folder to a planned content, file by file, so that nobody ever sees half a file."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgewise.site.manifest import (
    COMPILED,
    PART_PREFIX,
    PART_SUFFIX,
    is_part,
    manifest_file,
    render_manifest,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file to be: its content and its mode."""

    content: bytes
    mode: int = 0o644


def bring(folder: Path, plan: Mapping[str, Entry], own: Collection[str]) -> None:
    """Make `folder` hold the files of `plan` (by relative path, in its order), and the list beside it their names.

    A file that is right already is left alone, a changed one is replaced by a rename, and those of our `own` names
    that are not in the plan are deleted last. Compiled Python goes with them: its check of a source's age is too
    coarse for quick edits. Raises `OSError`; then the folder is somewhere between the two, the list has the names of
    both, and the next call finishes the work.
    """
    _make_folder(folder)
    manifest = manifest_file(folder)
    _put(manifest, Entry(render_manifest({*own, *plan})))
    for name, entry in plan.items():
        for parent in reversed(Path(name).parents[:-1]):
            _make_folder(folder / parent)
        _put(folder / name, entry)
    _delete_stale(folder, {folder / name for name in own} - {folder / name for name in plan})
    _put(manifest, Entry(render_manifest(plan)))


def replace_file(path: Path, entry: Entry) -> None:
    """Write one file beside its place and rename it there."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=PART_PREFIX, suffix=PART_SUFFIX)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(entry.content)
        # Explicit, so that a strict umask does not make files that Lambda's user cannot read.
        Path(temporary).chmod(entry.mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _put(path: Path, entry: Entry) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    if path.is_file() and path.stat().st_mode & 0o777 == entry.mode and path.read_bytes() == entry.content:
        return
    replace_file(path, entry)


def _make_folder(folder: Path) -> None:
    if folder.is_file():
        folder.unlink()
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(0o755)


def _delete_stale(folder: Path, stale: Collection[Path]) -> None:
    """Delete the stale files, compiled Python, and the folders that are empty then."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.name == COMPILED:
            # A function that still runs may be writing there: what is left goes next time.
            shutil.rmtree(path, ignore_errors=True)
        elif path.is_dir():
            with contextlib.suppress(OSError):
                path.rmdir()
        elif path in stale or is_part(path.name):
            path.unlink(missing_ok=True)
