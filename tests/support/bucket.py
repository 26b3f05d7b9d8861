"""A bucket over HTTP: ListObjectsV2 in short pages and GetObject, as much as boto3 needs to read logs.

Source: Amazon S3 API Reference. botocore, which reads the answers by AWS's own model, is what holds it to them.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

_PAGE = 2
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


@contextmanager
def bucket(name: str, objects: Mapping[str, bytes | None]) -> Iterator[str]:
    """Its endpoint. An object `None` is listed and cannot be had."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked, _, key = unquote(parts.path).lstrip("/").partition("/")
            query = {field: values[0] for field, values in parse_qs(parts.query).items()}
            if asked != name:
                self._answer(404, _error("NoSuchBucket"))
            elif query.get("list-type") == "2":
                self._answer(200, _page(name, objects, query))
            elif (body := objects.get(key)) is None:
                self._answer(403, _error("AccessDenied"))
            else:
                self._answer(200, body, "application/octet-stream")

        def _answer(self, status: int, body: bytes, kind: str = "application/xml") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _page(name: str, objects: Mapping[str, bytes | None], query: Mapping[str, str]) -> bytes:
    keys = sorted(key for key in objects if key.startswith(query.get("prefix", "")))
    start = int(query.get("continuation-token", "0"))
    shown, more = keys[start : start + _PAGE], start + _PAGE < len(keys)
    contents = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>2024-03-11T12:00:00.000Z</LastModified>"
        f"<ETag>&quot;{hashlib.md5(objects[key] or b'').hexdigest()}&quot;</ETag>"
        f"<Size>{len(objects[key] or b'')}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for key in shown
    )
    token = f"<NextContinuationToken>{start + _PAGE}</NextContinuationToken>" if more else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="{_NAMESPACE}"><Name>{name}</Name>'
        f"<KeyCount>{len(shown)}</KeyCount><MaxKeys>{_PAGE}</MaxKeys><IsTruncated>{str(more).lower()}</IsTruncated>"
        f"{token}{contents}</ListBucketResult>"
    ).encode()


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
