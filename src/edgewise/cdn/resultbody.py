"""The body in a function's result: what goes on to the origin, and what a response is made of.

Source: CloudFront Developer Guide, "Access the request body by choosing the include body option", "Generate HTTP
responses in request triggers" and "Quotas".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from edgewise.cdn.distribution import Trigger
from edgewise.cdn.limits import ORIGIN_BODY_BYTES, VIEWER_BODY_BYTES
from edgewise.cdn.rules import broken

_BODY_BYTES: dict[Trigger, int] = {
    "viewer-request": VIEWER_BODY_BYTES,
    "origin-request": ORIGIN_BODY_BYTES,
    "origin-response": ORIGIN_BODY_BYTES,
}

# Where the encoding of a body stands: beside a response's body, in a request's.
_ENCODING_OF = {"body": "bodyEncoding", "body.data": "body.encoding"}


def request_body(trigger: Trigger, body: Any, original: bytes) -> bytes:
    """The body that goes to the origin: complete unless the function replaces it. Raises `RequestFailure`."""
    if not isinstance(body, dict):
        raise broken("body-object", "body", "the body is not an object")
    limit = _BODY_BYTES[trigger]
    truncated = len(original) > limit
    # The guide calls it read-only; that a change is refused, not ignored, is this project's reading.
    if body.get("inputTruncated", truncated) is not truncated:
        what = "the function tried to change read-only field, field : inputTruncated"
        raise broken("read-only-field", "body.inputTruncated", what)
    action = body.get("action", "read-only")
    if action == "read-only":
        return original
    if action != "replace":
        what = f"the body's action must be read-only or replace, it is {action!r}"
        raise broken("body-action", "body.action", what)
    return _decoded("body.data", body.get("data"), body.get("encoding", "base64"), limit)


def response_body(trigger: Trigger, result: Mapping[str, Any], head_bytes: int) -> bytes:
    """The body of a response whose headers have `head_bytes`; empty if it gives none. Raises `RequestFailure`."""
    # Headers count towards the size of a generated response; for a replaced body this is taken to be the same.
    room = _BODY_BYTES[trigger] - head_bytes
    body = result.get("body")
    if body is None:
        return _decoded("body", "", "text", room)
    return _decoded("body", body, result.get("bodyEncoding", "text"), room)


def _decoded(field: str, data: Any, encoding: Any, limit: int) -> bytes:
    """Bytes from a body's text. The limit is on the bytes: the guide's 53.2 KB of base64 are 40 KB of them."""
    if not isinstance(data, str):
        raise broken("body-string", field, "the body is not a string")
    try:
        if encoding == "text":
            body = data.encode("utf-8", "replace")
        elif encoding == "base64":
            body = base64.b64decode(data, validate=True)
        else:
            what = f"the encoding of the body must be text or base64, it is {encoding!r}"
            raise broken("body-encoding", _ENCODING_OF[field], what)
    except (binascii.Error, ValueError):
        raise broken("body-base64", field, "the body is not valid base64") from None
    if len(body) > limit:
        what = f"the body has {len(body)} bytes, there is room for {max(limit, 0)}"
        raise broken("body-size", field, what)
    return body
