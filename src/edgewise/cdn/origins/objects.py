"""The objects of a bucket as files of a folder: which file a key names, its entity tag, its bytes."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
import os
import stat
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from edgewise.cdn import failure

# Content is read in pieces of this size; an object or a range that is no longer is read at once.
PIECE = 256 * 1024
# Entity tags that are remembered, the last ones computed: about 2 MB.
_TAGS = 10_000


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object: its file as it was when it was found. `modified` is in whole seconds since the epoch."""

    path: Path
    size: int
    mtime_ns: int
    etag: str

    @property
    def modified(self) -> int:
        return self.mtime_ns // 1_000_000_000

    @property
    def content_type(self) -> str:
        """By the file's name, as `aws s3 cp` sets it; S3's own default for what has no known ending."""
        return mimetypes.guess_type(self.path.name)[0] or "binary/octet-stream"


class Objects:
    """Finds objects in a folder; the folder's name is not part of a key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tags: OrderedDict[tuple[str, int, int], str] = OrderedDict()

    async def find(self, key: str) -> StoredObject | None:
        """The object of a key, None where there is none. A folder is not an object, with or without its slash."""
        try:
            path = self._file(key)
            if path is None:
                return None
            status = _status(path)
            tag = await self._tag(path, status)
        except (OSError, UnicodeError):
            # It is not there or may not be read, the disk has no such names, or links lead in a circle.
            return None
        return StoredObject(path, status.st_size, status.st_mtime_ns, tag)

    def _file(self, key: str) -> Path | None:
        # S3 knows no dot segments: `a/../b` is not `b`, it is not there.
        if "\0" in key or any(segment in ("", ".", "..") for segment in key.split("/")):
            return None
        root = os.path.realpath(self.folder)
        path = Path(os.path.realpath(f"{root}/{key}"))
        # Not where a link leads out of the bucket.
        return path if path.is_relative_to(root) else None

    async def _tag(self, path: Path, status: os.stat_result) -> str:
        """The MD5 of the content, as S3 has it for what was uploaded in one piece; computed when first asked for."""
        # Only this may take long: to look for a small file and to read it costs less than a change of threads.
        known = (str(path), status.st_mtime_ns, status.st_size)
        tag = self._tags.get(known)
        if tag is None:
            tag = self._tags[known] = await asyncio.to_thread(_md5_of, path)
            if len(self._tags) > _TAGS:
                self._tags.popitem(last=False)
        return f'"{tag}"'


def _status(path: Path) -> os.stat_result:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise FileNotFoundError(path)
    return status


def _md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


class FileBody:
    """A part of an object as a body, read in pieces while it is sent."""

    def __init__(self, found: StoredObject, first: int, length: int) -> None:
        self._found = found
        self._first = first
        self._length = length

    async def __aiter__(self) -> AsyncIterator[bytes]:
        found, left = self._found, self._length
        with found.path.open("rb") as file:
            file.seek(self._first)
            while left > 0:
                piece = await asyncio.to_thread(file.read, min(left, PIECE))
                # Half of one version and half of another would be an object that never was.
                if not piece or os.fstat(file.fileno()).st_mtime_ns != found.mtime_ns:
                    raise failure.unreachable(f"{found.path} was written while it was being sent")
                left -= len(piece)
                yield piece

    def close(self) -> None:
        """Nothing is open between the pieces that are asked for."""


def read(found: StoredObject, first: int, length: int) -> bytes | FileBody:
    """The bytes of an object from `first` on: at once when they are few."""
    if length > PIECE:
        return FileBody(found, first, length)
    with found.path.open("rb") as file:
        file.seek(first)
        return file.read(length)
