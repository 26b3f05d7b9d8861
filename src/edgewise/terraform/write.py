"""Writes a configuration into a folder, in which others may have files, too: backends, variables, states.

A file is ours if it says so in its first line, a zip if a part of Edgewise is in it. Others are never overwritten; ours
that are no longer needed are deleted.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from edgewise.terraform.configuration import Configuration
from edgewise.terraform.errors import PlaceError
from edgewise.terraform.reasons import MADE_BY

_OURS: Final = "edgewise/__init__.py"
# Where files of ours can be, with the ends of their names.
_PLACES: Final = ("*.tf", "definitions/*.asl.yaml", "queries/*.sql", "functions/*.zip")


def write_configuration(
    configuration: Configuration, folder: Path, zips: Mapping[str, bytes]
) -> tuple[Path, ...]:
    """Bring a folder up to date; the files of the configuration, in their order.

    `zips` has one for each folder of `configuration.code`. Raises `PlaceError`; then nothing was written, unless the
    disk itself failed.
    """
    folder = folder.absolute()
    plan = {folder / name: text.encode() for name, text in configuration.files.items()}
    plan |= {folder / f"{code}.zip": zips[code] for code in configuration.code}
    try:
        for path in plan:
            if os.path.lexists(path) and not _is_ours(path):
                raise PlaceError(
                    "this is not a file that `edgewise synth` made",
                    file=path,
                    hint="Move it away, or choose another folder.",
                )
        stale = [
            path for place in _PLACES for path in folder.glob(place) if path not in plan and _is_ours(path)
        ]
        for path, content in plan.items():
            _bring(path, content)
        for path in stale:
            path.unlink()
    except OSError as error:
        raise PlaceError(f"cannot write it: {error.strerror}", file=error.filename or folder) from None
    return tuple(plan)


def _is_ours(path: Path) -> bool:
    """Whether we made a file. A link is nobody's: to write through it would be to write somewhere else."""
    if path.is_symlink() or not path.is_file():
        return False
    if path.suffix == ".zip":
        try:
            with zipfile.ZipFile(path) as archive:
                return _OURS in archive.namelist()
        except zipfile.BadZipFile:
            return False
    with path.open("rb") as file:
        return file.read(200).split(b"\n")[0].endswith(MADE_BY.encode())


def _bring(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it there, unless it is right already."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".edgewise-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
