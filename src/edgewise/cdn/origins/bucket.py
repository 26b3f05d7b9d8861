"""An S3 bucket's REST endpoint over a folder, as CloudFront with origin access control sees it.

Source: Amazon S3 API reference, GetObject, HeadObject, "Error responses"; User Guide, "Naming objects". CloudFront
may read objects and do nothing else. Query strings have no effect, there are no versions, no metadata and no listing.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote_to_bytes
from xml.sax.saxutils import escape

from edgewise.cdn import httpdate
from edgewise.cdn.errorpage import reason
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.origins.conditions import verdict, wanted_range
from edgewise.cdn.origins.objects import Objects, StoredObject, read
from edgewise.cdn.origins.refusal import Refusal

_MAX_KEY_BYTES = 1024
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

# Status, message: Amazon S3 API reference, "List of error codes".
_ERRORS = {
    "AccessDenied": (403, "Access Denied"),
    "AccessForbidden": (403, "CORSResponse: CORS is not enabled for this bucket."),
    "BadRequest": (400, "Insufficient information. Origin request header needed."),
    "InvalidRange": (416, "The requested range is not satisfiable"),
    "InvalidURI": (400, "Couldn't parse the specified URI."),
    "KeyTooLongError": (400, "Your key is too long"),
    "MethodNotAllowed": (405, "The specified method is not allowed against this resource."),
    "NoSuchKey": (404, "The specified key does not exist."),
    "PreconditionFailed": (412, "At least one of the pre-conditions you specified did not hold"),
    "SignatureDoesNotMatch": (
        403,
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
    ),
}


class Bucket:
    """One bucket. `lists` says whether CloudFront may list it, so that a missing key is 404 and not 403."""

    def __init__(self, folder: Path, *, lists: bool, clock: Callable[[], float]) -> None:
        self._objects = Objects(folder)
        self._lists = lists
        self._clock = clock

    async def send(self, domain: str, request: Request) -> Response:
        """Answer a signed request for an object. `domain` is the bucket's, which CloudFront's signature is for."""
        method = request.method
        host = request.headers.get("host")
        if host.lower() != domain.lower():
            # AccessDenied has been seen as well; for the visitor both are the same 403.
            why = f"the Host {host} is sent to the bucket {domain}: CloudFront's signature is for the bucket's own"
            return self._error(method, "SignatureDoesNotMatch", why)
        match method:
            case "GET" | "HEAD":
                return await self._object(request)
            case "PUT" | "DELETE":
                return self._error(method, "AccessDenied", f"{method}: CloudFront may only read objects")
            case "OPTIONS":
                code = "AccessForbidden" if "origin" in request.headers else "BadRequest"
                return self._error(method, code, "the bucket has no CORS rules here")
        why = f"S3 has no {method} for objects"
        refused = self._error(method, "MethodNotAllowed", why, Method=method, ResourceType="OBJECT")
        refused.headers.add("Allow", "HEAD, DELETE, GET, PUT")
        return refused

    async def _object(self, request: Request) -> Response:
        method = request.method
        # S3 takes a plus sign in a path for a space, also behind CloudFront: the key `a+b` is asked for as `a%2Bb`.
        encoded = unquote_to_bytes(request.uri.removeprefix("/").replace("+", " ").encode("latin-1"))
        if len(encoded) > _MAX_KEY_BYTES:
            sizes = {"Size": str(len(encoded)), "MaxSizeAllowed": str(_MAX_KEY_BYTES)}
            return self._error(method, "KeyTooLongError", f"the key has {len(encoded)} bytes", **sizes)
        key = _decoded(encoded) if not _BAD_ESCAPE.search(request.uri) else None
        if key is None:
            why = "the path is not percent-encoded UTF-8"
            return self._error(method, "InvalidURI", why, URI=request.uri)
        found = await self._objects.find(key)
        if found is None:
            return self._missing(method, key)
        try:
            return self._found(request, found)
        except OSError:
            # It was removed within these lines.
            return self._missing(method, key)

    def _missing(self, method: str, key: str) -> Response:
        why = f"the folder {self._objects.folder} has no object {key!r}"
        if self._lists:
            return self._error(method, "NoSuchKey", why, Key=key)
        return self._error(method, "AccessDenied", f"{why}; without s3:ListBucket S3 says 403, not 404")

    def _found(self, request: Request, found: StoredObject) -> Response:
        asked = request.headers
        decision = verdict(asked, found.etag, found.modified)
        if decision in ("If-Match", "If-Unmodified-Since"):
            why = f"{decision}: the object's ETag is {found.etag}"
            return self._error(request.method, "PreconditionFailed", why, Condition=decision)
        headers = self._headers()
        headers.add("Last-Modified", httpdate.written(found.modified))
        headers.add("ETag", found.etag)
        if decision == "unchanged":
            return Response(304, headers, b"", reason(304))
        first, length, status = 0, found.size, 200
        part = wanted_range(asked, found.size, found.etag, found.modified)
        if part is not None:
            first, length = part
            if not length:
                return self._outside(request, found.size)
            status = 206
            headers.add("Content-Range", f"bytes {first}-{first + length - 1}/{found.size}")
        headers.lines += [
            ("x-amz-server-side-encryption", "AES256"),
            ("Accept-Ranges", "bytes"),
            ("Content-Type", found.content_type),
            ("Content-Length", str(length)),
        ]
        body = b"" if request.method == "HEAD" else read(found, first, length)
        return Response(status, headers, body, reason(status))

    def _outside(self, request: Request, size: int) -> Response:
        asked = request.headers.get("range")
        details = {"RangeRequested": asked, "ActualObjectSize": str(size)}
        refused = self._error(request.method, "InvalidRange", f"{asked} of {size} bytes", **details)
        refused.headers.add("Content-Range", f"bytes */{size}")
        return refused

    def _headers(self) -> Headers:
        """What every answer of S3 begins with. CloudFront takes the two ids away."""
        return Headers(
            [
                ("x-amz-id-2", base64.b64encode(secrets.token_bytes(56)).decode("ascii")),
                ("x-amz-request-id", secrets.token_hex(8).upper()),
                ("Date", httpdate.written(int(self._clock()))),
                ("Server", "AmazonS3"),
            ]
        )

    def _error(self, method: str, code: str, why: str, **details: str) -> Refusal:
        """S3's error document, with `details` as further elements; HEAD gets none."""
        status, message = _ERRORS[code]
        headers = self._headers()
        headers.add("Content-Type", "application/xml")
        elements = {"Code": code, "Message": message, **details}
        elements |= {"RequestId": headers.get("x-amz-request-id"), "HostId": headers.get("x-amz-id-2")}
        inner = "".join(f"<{name}>{_text(value)}</{name}>" for name, value in elements.items())
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode()
        return Refusal(status, headers, b"" if method == "HEAD" else body, reason(status), why=why)


def _decoded(key: bytes) -> str | None:
    try:
        return key.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _text(value: str) -> str:
    """Text for XML 1.0, which has no control characters even as references."""
    return escape("".join(char if char >= " " or char in "\t\n\r" else "\ufffd" for char in value))
