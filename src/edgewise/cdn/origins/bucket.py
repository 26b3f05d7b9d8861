"""An S3 bucket's REST endpoint over a folder, as CloudFront sees it through origin access control.

Source: Amazon S3 API reference, GetObject, HeadObject and "Error responses". CloudFront may read objects but
not list the bucket, so that a missing key is 403 AccessDenied, as on AWS.
"""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
import re
from collections.abc import AsyncIterator
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from urllib.parse import unquote

from edgewise.cdn.errorpage import reason
from edgewise.cdn.message import Headers, Request, Response

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_CHUNK = 256 * 1024


async def get_object(folder: Path, request: Request) -> Response:
    """Answer a request from the files of a folder; the folder's name is not part of the key."""
    if request.method not in ("GET", "HEAD"):
        return _error(403, "AccessDenied", "Access Denied")
    return await asyncio.to_thread(_answer, folder, request)


def _answer(folder: Path, request: Request) -> Response:
    path = _file(folder, unquote(request.uri).removeprefix("/"))
    if path is None:
        return _error(403, "AccessDenied", "Access Denied")
    status = path.stat()
    identity = f"{status.st_mtime_ns}-{status.st_size}".encode()
    etag = f'"{hashlib.md5(identity, usedforsecurity=False).hexdigest()}"'
    headers = Headers(
        [
            ("ETag", etag),
            ("Last-Modified", formatdate(int(status.st_mtime), usegmt=True)),
            ("Accept-Ranges", "bytes"),
            ("Server", "AmazonS3"),
        ]
    )
    if _unchanged(request, etag, status.st_mtime):
        return Response(304, headers, b"", reason(304))
    headers.add("Content-Type", mimetypes.guess_type(path.name)[0] or "binary/octet-stream")
    return _whole_or_part(path, status.st_size, headers, request)


def _file(folder: Path, key: str) -> Path | None:
    """The file that holds an object. Keys have no dot segments: `a/../b` is not `b` to S3, it is not there."""
    if "\0" in key or any(segment in ("", ".", "..") for segment in key.split("/")):
        return None
    try:
        root = folder.resolve()
        path = (root / key).resolve()
        return path if path.is_relative_to(root) and path.is_file() else None
    except (OSError, RuntimeError):
        # A name that is too long, or a circle of links.
        return None


def _unchanged(request: Request, etag: str, modified: float) -> bool:
    if "if-none-match" in request.headers:
        tags = [tag.strip().removeprefix("W/") for tag in request.headers.joined("if-none-match").split(",")]
        return "*" in tags or etag in tags
    since = request.headers.get("if-modified-since")
    try:
        return bool(since) and int(modified) <= parsedate_to_datetime(since).timestamp()
    except ValueError:
        return False


def _whole_or_part(path: Path, size: int, headers: Headers, request: Request) -> Response:
    first, last, status = 0, size - 1, 200
    match = _RANGE.fullmatch(request.headers.get("range"))
    if match and any(match.groups()):
        start, end = match.groups()
        first = int(start) if start else max(0, size - int(end))
        last = min(int(end), size - 1) if start and end else size - 1
        if first >= size or first > last:
            return _error(416, "InvalidRange", "The requested range is not satisfiable")
        status = 206
        headers.add("Content-Range", f"bytes {first}-{last}/{size}")
    length = last - first + 1
    headers.add("Content-Length", str(length))
    if request.method == "HEAD" or length <= 0:
        return Response(status, headers, b"", reason(status))
    if length <= _CHUNK:
        with path.open("rb") as file:
            file.seek(first)
            return Response(status, headers, file.read(length), reason(status))
    return Response(status, headers, _File(path, first, length), reason(status))


class _File:
    """A part of a file as a body, read in pieces."""

    def __init__(self, path: Path, first: int, length: int) -> None:
        self._path = path
        self._first = first
        self._length = length

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with self._path.open("rb") as file:
            file.seek(self._first)
            left = self._length
            while left > 0:
                chunk = await asyncio.to_thread(file.read, min(left, _CHUNK))
                if not chunk:
                    raise OSError(f"{self._path} became shorter while it was read")
                left -= len(chunk)
                yield chunk

    def close(self) -> None:
        """Nothing is open between the pieces that are asked for."""


def _error(status: int, code: str, message: str) -> Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    headers = Headers([("Content-Type", "application/xml"), ("Server", "AmazonS3")])
    return Response(status, headers, body.encode(), reason(status))
