"""Knows which files of a folder are ours: a list of the names that we wrote lies beside it, outside what ships.

It decides and reads; `folder.py` writes and deletes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from edgewise.site.errors import BundleError

COMPILED = "__pycache__"
# A file of ours that was being written when the machine stopped.
PART_PREFIX, PART_SUFFIX = ".edgewise-", ".part"


def manifest_file(folder: Path) -> Path:
    """Where the list of a folder's names is: a JSON array of relative paths."""
    return folder.with_name(f"{folder.name}.manifest.json")


def render_manifest(names: Collection[str]) -> bytes:
    """The list as it lies on the disk."""
    return (json.dumps(sorted(names), indent=0) + "\n").encode()


def own_names(folder: Path, planned: Collection[str], marker: str) -> frozenset[str]:
    """The names in `folder` that may be overwritten and deleted; compiled Python may be too.

    Without a list, as older versions left it, a folder is ours if the file `marker` is there and every name is among
    the `planned` ones. Raises `BundleError`, which names the first thing that is not ours, links included: to write
    through one would be to write somewhere else. Raises `OSError` for what cannot be read.
    """
    if folder.is_symlink():
        raise _foreign(folder, "the functions' folder would stand where there is a link")
    if folder.exists() and not folder.is_dir():
        raise _foreign(folder, "the functions' folder would stand where there is a file")
    names = _listed(folder)
    if names is None:
        names = frozenset(planned if (folder / marker).is_file() else ())
    for name in _strangers(folder, names) if folder.is_dir() else ():
        raise _foreign(folder / name, "not a file that Edgewise made, in a folder that it would rewrite")
    return names


def is_part(name: str) -> bool:
    """Whether a file of this name is one of ours that was never finished."""
    return name.startswith(PART_PREFIX) and name.endswith(PART_SUFFIX)


def _listed(folder: Path) -> frozenset[str] | None:
    file = manifest_file(folder)
    if not os.path.lexists(file):
        return None
    try:
        names = None if file.is_symlink() else json.loads(file.read_bytes())
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _foreign(file, "not the list of the functions' files that Edgewise keeps here")
    return frozenset(names)


def _strangers(folder: Path, names: Collection[str], prefix: str = "") -> Iterator[str]:
    with os.scandir(folder / prefix) as entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name != COMPILED:
                    yield from _strangers(folder, names, f"{name}/")
            elif entry.is_symlink() or not (name in names or is_part(entry.name)):
                yield name


def _foreign(path: Path, message: str) -> BundleError:
    return BundleError(message, file=path, hint="Move it away, or choose another place for the functions.")
