"""Lists the files of a source folder with what tells a changed file from an unchanged one.

It looks at directory entries only and opens no file: it runs before every request of `edgewise up`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from edgewise.site.errors import BundleError


class Source(NamedTuple):
    """One file: its `name` in the bundle (slashes), where it is, and its identity on the disk."""

    name: str
    path: str
    mtime_ns: int
    size: int
    inode: int


def scan(folder: Path, prefix: str) -> tuple[Source, ...]:
    """The files below a folder, sorted; `prefix` goes before their names.

    Dotfiles and `__pycache__` are left out and links are followed. Raises `BundleError` for a folder that is not
    there or cannot be read, for links in a circle, and for anything that is neither a file nor a folder.
    """
    try:
        return tuple(sorted(_walk(str(folder), prefix, ())))
    except OSError as error:
        raise BundleError(
            f"cannot read the functions' source: {error.strerror}", file=error.filename or folder
        ) from error


def is_skipped(name: str) -> bool:
    """Whether a file or folder of this name stays out of bundles."""
    return name.startswith(".") or name == "__pycache__"


def _walk(folder: str, prefix: str, above: tuple[str, ...]) -> Iterator[Source]:
    above = (*above, folder)
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_skipped(entry.name):
                continue
            if entry.is_file():
                yield from _file(entry, prefix)
            elif entry.is_dir():
                _refuse_circle(entry, above)
                yield from _walk(entry.path, f"{prefix}{entry.name}/", above)
            else:
                raise BundleError(
                    "neither a file nor a folder",
                    file=entry.path,
                    hint="Move it out of the functions' source.",
                )


def _file(entry: os.DirEntry[str], prefix: str) -> Iterator[Source]:
    try:
        stat = entry.stat()
    except FileNotFoundError:
        # Gone since the folder was listed: an editor's temporary file.
        return
    yield Source(prefix + entry.name, entry.path, stat.st_mtime_ns, stat.st_size, stat.st_ino)


def _refuse_circle(entry: os.DirEntry[str], above: tuple[str, ...]) -> None:
    if entry.is_symlink() and os.path.realpath(entry) in {os.path.realpath(one) for one in above}:
        raise BundleError(
            "this link leads back to a folder above it", file=entry.path, hint="Remove the link."
        )
