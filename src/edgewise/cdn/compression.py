"""Compression at the edge: gzip and Brotli, for viewers that take them.

Source: CloudFront Developer Guide, "Serve compressed files". It is done once, before an object is stored, so that
the cached object is the compressed one; the cache key keeps those who take it apart from those who do not.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Callable

import brotli

from edgewise.cdn.cachekey import accept_encoding
from edgewise.cdn.distribution import Behavior
from edgewise.cdn.message import Body, Headers, Request, Response

_MIN_BYTES, _MAX_BYTES = 1_000, 10_000_000
_LENGTH = re.compile(r"[0-9]{4,8}")
_STATUSES = frozenset({200, 403, 404})

# How hard to try. CloudFront's own levels are not documented; at these a megabyte of text takes some 20 ms.
_BROTLI_QUALITY = 5
_GZIP_LEVEL = 5
# A larger body is compressed in pieces of this size, so that other requests are served between them.
_PIECE_BYTES = 64 * 1024

_TYPES = frozenset(
    {
        *("application/dash+xml", "application/eot", "application/font", "application/font-sfnt"),
        *("application/javascript", "application/json", "application/opentype", "application/otf"),
        *("application/pdf", "application/pkcs7-mime", "application/protobuf", "application/rss+xml"),
        *("application/truetype", "application/ttf", "application/vnd.apple.mpegurl"),
        *("application/vnd.mapbox-vector-tile", "application/vnd.ms-fontobject", "application/wasm"),
        *("application/xhtml+xml", "application/xml", "application/x-font-opentype"),
        *("application/x-font-truetype", "application/x-font-ttf", "application/x-httpd-cgi"),
        *("application/x-javascript", "application/x-mpegurl", "application/x-opentype", "application/x-otf"),
        *("application/x-perl", "application/x-ttf", "font/eot", "font/opentype", "font/otf", "font/ttf"),
        *("image/svg+xml", "text/css", "text/csv", "text/html", "text/javascript", "text/js"),
        *("text/plain", "text/richtext", "text/tab-separated-values", "text/xml", "text/x-component"),
        *("text/x-java-source", "text/x-script", "vnd.apple.mpegurl"),
    }
)


def compressed(request: Request, response: Response, behavior: Behavior) -> Response:
    """The origin's answer, compressed where CloudFront would compress it; `request` is the viewer's.

    Works on whole and on arriving bodies. An answer to HEAD has no body to compress.
    """
    policy = behavior.cache_policy
    if not (behavior.compress and policy.caches and _compressible(response)):
        return response
    offered = request.headers.joined("accept-encoding")
    taken = accept_encoding(offered, request.http_version, policy)
    if not taken:
        return response
    coding = "br" if "br" in taken else "gzip"
    headers = _described(response.headers, coding)
    return Response(response.status, headers, _encoded(response.body, coding), response.reason)


def _compressible(response: Response) -> bool:
    if response.status not in _STATUSES or not response.body:
        return False
    headers = response.headers
    # Without a length CloudFront cannot know that the size is within bounds.
    length = _LENGTH.fullmatch(headers.get("content-length"))
    if length is None or not _MIN_BYTES <= int(length[0]) <= _MAX_BYTES:
        return False
    kind = headers.get("content-type").partition(";")[0].strip().lower()
    return kind in _TYPES and "content-encoding" not in headers


def _described(headers: Headers, coding: str) -> Headers:
    """The headers for the compressed form: its length is not known before it is sent."""
    described = Headers()
    varies = False
    for name, value in headers:
        match name.lower():
            case "content-length":
                continue
            case "etag":
                # The two forms are equal in meaning, not byte for byte; what is no tag at all is dropped.
                value = f"W/{value}" if value.startswith('"') else value
                if not value.startswith("W/"):
                    continue
            case "vary":
                varies = varies or "accept-encoding" in value.lower()
        described.add(name, value)
    described.add("Content-Encoding", coding)
    if not varies:
        described.add("Vary", "Accept-Encoding")
    return described


class _Brotli:
    def __init__(self) -> None:
        self._compressor = brotli.Compressor(quality=_BROTLI_QUALITY)

    def feed(self, data: bytes) -> bytes:
        return bytes(self._compressor.process(data))

    def finish(self) -> bytes:
        return bytes(self._compressor.finish())


class _Gzip:
    def __init__(self) -> None:
        self._compressor = zlib.compressobj(_GZIP_LEVEL, wbits=16 + zlib.MAX_WBITS)

    def feed(self, data: bytes) -> bytes:
        return self._compressor.compress(data)

    def finish(self) -> bytes:
        return self._compressor.flush()


_CODERS: dict[str, Callable[[], _Brotli | _Gzip]] = {"br": _Brotli, "gzip": _Gzip}


def _encoded(body: bytes | Body, coding: str) -> bytes | Body:
    coder = _CODERS[coding]()
    if not isinstance(body, bytes):
        return _Compressed(body, coder)
    if len(body) > _PIECE_BYTES:
        return _Compressed(_Pieces(body), coder)
    return coder.feed(body) + coder.finish()


class _Compressed:
    """A body that is compressed as it arrives. When the source breaks off, so does this."""

    def __init__(self, source: Body, coder: _Brotli | _Gzip) -> None:
        self._source = source
        self._coder = coder

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._source:
            data = self._coder.feed(chunk)
            if data:
                yield data
        yield self._coder.finish()

    def close(self) -> None:
        self._source.close()


class _Pieces:
    """A whole body as one that arrives piece by piece, with a pause for others after each."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), _PIECE_BYTES):
            yield self._body[start : start + _PIECE_BYTES]
            await asyncio.sleep(0)

    def close(self) -> None:
        """There is nothing to give up."""
