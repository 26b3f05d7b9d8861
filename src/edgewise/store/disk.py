"""Every change to the store's directory that must survive goes through here, so that a test can make it fail.

What may be lost is written elsewhere: the bytes of a Parquet file before `sync_file`, and what DuckDB spills.

Durable means: survives a power cut. A file's bytes need `sync`, its name needs `sync_directory`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
from pathlib import Path


class Disk:
    """The real file system. Errors are `OSError`, as the system gives them."""

    def create(self, path: Path) -> int:
        """Open a new file for reading and writing, and make its name durable."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            self.sync_directory(path.parent)
        except OSError:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        return descriptor

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(descriptor, view, offset)
            view = view[written:]
            offset += written

    def sync(self, descriptor: int) -> None:
        """Wait until the file's bytes are on the disk itself."""
        if sys.platform == "darwin":
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        else:
            os.fdatasync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        os.ftruncate(descriptor, size)
        self.sync(descriptor)

    def sync_file(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.sync(descriptor)
        finally:
            os.close(descriptor)

    def sync_directory(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def make_directory(self, path: Path) -> None:
        """The directory and its parents, each one's name durable."""
        if path.is_dir():
            return
        self.make_directory(path.parent)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
        self.sync_directory(path.parent)

    def rename(self, source: Path, target: Path) -> None:
        """Replace `target` at once and durably; `source` must have been synced."""
        source.replace(target)
        self.sync_directory(target.parent)

    def link(self, source: Path, target: Path) -> None:
        """Give a synced file a second name, durably; a copy where the file system knows no second names."""
        target.unlink(missing_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
            self.sync_file(target)
        self.sync_directory(target.parent)

    def unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.sync_directory(path.parent)

    def replace_bytes(self, path: Path, data: bytes) -> None:
        """A small file with new content: the old or the new, never a mixture."""
        temporary = path.with_name(f".tmp-{path.name}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            self.write(descriptor, data, 0)
            self.sync(descriptor)
        finally:
            os.close(descriptor)
        self.rename(temporary, path)
