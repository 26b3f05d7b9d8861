"""Zips of functions' folders: the same content is the same bytes, whoever makes them, where and when.

Names are sorted, every time is 1980-01-01, the first that a zip can hold, and every file may be read by all and is no
program. Up to 1 MB nothing is compressed, since the output of zlib differs from version to version; above it is, so
that a large package keeps within Lambda's limit, and the same bytes come from the same zlib alone. The hash is of the
content for that reason, never of the zip.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from edgewise.cloud.errors import BuildError

COMPRESSED_ABOVE: Final = 1024 * 1024  # bytes of content
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_REGULAR_0644: Final = 0o100644 << 16
_UNIX: Final = 3


def folder_files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its path inside, with slashes, sorted; compiled Python is none. Raises `BuildError`."""
    files = {}
    try:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and "__pycache__" not in path.relative_to(folder).parts:
                name.encode()  # a zip has no names but in Unicode
                files[name] = path.read_bytes()
    except UnicodeEncodeError:
        raise BuildError(f"the name of a file is not Unicode: {name!r}", file=folder) from None
    except OSError as error:
        raise BuildError(f"cannot read it: {error.strerror}", file=error.filename or folder) from None
    return files


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The zip of files by their names."""
    large = sum(map(len, files.values())) > COMPRESSED_ABOVE
    method = zipfile.ZIP_DEFLATED if large else zipfile.ZIP_STORED
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = _UNIX  # else it says where it was made, and drops the mode
            entry.external_attr = _REGULAR_0644
            archive.writestr(entry, files[name], method, 9)
    return held.getvalue()


def hash_of(files: Mapping[str, bytes]) -> str:
    """64 hex digits that stand for the names and contents of files."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode() + files[name])
    return digest.hexdigest()
