"""Reads what a function returned, and holds it against CloudFront's rules.

A break of a rule is a 502 for the visitor with CloudFront's sentence, and for the developer the line that
CloudFront writes to its validation log. Source: CloudFront Developer Guide, "Lambda@Edge event structure",
"Generate HTTP responses in request triggers", "Restrictions on Lambda@Edge"; the sentences are those that
users have seen.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Never

import orjson

from edgewise.cdn.distribution import Trigger
from edgewise.cdn.event import headers_of, raw, text
from edgewise.cdn.failure import function_invalid
from edgewise.cdn.limits import ORIGIN_BODY_BYTES, URL_BYTES, VIEWER_BODY_BYTES
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.rules import READ_ONLY, is_disallowed

_NOT_JSON = "The Lambda function returned invalid json: The json output is not parsable."
_NOT_OBJECT = "The Lambda function returned invalid JSON: The JSON output must be an object type."
_NOT_ARRAY = (
    "The Lambda function returned an invalid entry in the headers object: "
    "Each header entry in the headers object must be an array."
)
_FAILED = "The Lambda function result failed validation:"
_READ_ONLY = f"{_FAILED} The function tried to add, delete, or change a read-only header."
_DISALLOWED = f"{_FAILED} The function tried to add a blacklisted header."
_BODY = f"{_FAILED} The body is not a string, is not an object, or exceeds the maximum size."
_OTHER = f"{_FAILED} The function returned an invalid value."

# RFC 9110 section 5.6.2: what a header name is made of.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BAD_QUERY = re.compile(r"[\x00-\x20\x7f#]")
_BAD_URI = re.compile(r"[\x00-\x20\x7f#?]")

Result = dict[str, Any]


def _invalid(sentence: str, what: str) -> Never:
    raise function_invalid(
        sentence, f"ERROR Validation error: Lambda function result failed validation, {what}."
    )


def parse(payload: bytes) -> Result:
    """The returned JSON object; anything else is invalid, `null` included."""
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        _invalid(_NOT_JSON, "the JSON output is not parsable")
    if not isinstance(value, dict):
        _invalid(_NOT_OBJECT, "the JSON output must be an object type")
    return value


def is_response(result: Result) -> bool:
    """A request trigger may answer the request itself; a status tells the two apart."""
    return "status" in result


def changed_request(trigger: Trigger, result: Result, request: Request) -> Request:
    """The request as the function left it. The origin object is read by `origin.py`."""
    for name, given in (("method", request.method), ("clientIp", request.viewer)):
        if result.get(name, given) != given:
            _invalid(_OTHER, f"the function tried to change the read-only field {name}")
    uri = result.get("uri")
    if not isinstance(uri, str) or not uri.startswith("/") or _BAD_URI.search(uri):
        _invalid(
            _OTHER, f"uri must start with / and hold no blanks, control characters, ? and #, it is {uri!r}"
        )
    query = result.get("querystring", "")
    if not isinstance(query, str) or _BAD_QUERY.search(query):
        _invalid(_OTHER, "querystring must be a string without spaces, control characters and #")
    changed = request.copy()
    changed.uri = raw(uri, request.uri)
    changed.query = raw(query, request.query)
    if len(changed.uri) + len(changed.query) >= URL_BYTES:
        _invalid(_OTHER, f"uri and querystring together must be shorter than {URL_BYTES} bytes")
    changed.headers = _headers(READ_ONLY[trigger], result.get("headers"), request.headers)
    body = result.get("body")
    if isinstance(body, dict) and body.get("action") == "replace":
        changed.body = _decoded(body.get("data", ""), body.get("encoding", "base64"), _limit(trigger))
    return changed


def generated_response(trigger: Trigger, result: Result) -> Response:
    """The response that a request trigger made."""
    status = _status(result["status"])
    # It is a response: what may not be set is what an origin's response may not have changed.
    headers = _headers(READ_ONLY["origin-response"], result.get("headers") or {}, Headers())
    body = b""
    if result.get("body") is not None:
        body = _decoded(result["body"], result.get("bodyEncoding", "text"), _limit(trigger))
    if len(body) + sum(len(name) + len(value) + 4 for name, value in headers) > _limit(trigger):
        _invalid(_BODY, f"the response is larger than {_limit(trigger)} bytes")
    if status == 204 and body and trigger == "viewer-request":
        _invalid(_BODY, "a 204 response has a body")
    headers.remove("content-length")
    return Response(status, headers, body, _description(result))


def changed_response(trigger: Trigger, result: Result, response: Response) -> Response:
    """The response as a response trigger left it."""
    status = _status(result.get("status"))
    if trigger == "viewer-response" and status != response.status:
        _invalid(_OTHER, f"a viewer-response function tried to change the status to {status}")
    headers = _headers(READ_ONLY[trigger], result.get("headers"), response.headers)
    changed = Response(status, headers, response.body, _description(result) or response.reason)
    if trigger != "origin-response" or result.get("body") is None:
        # The body is still the origin's, and so is its length, whatever the function wrote.
        headers.remove("content-length")
        headers.lines += [line for line in response.headers if line[0].lower() == "content-length"]
    else:
        if not isinstance(response.body, bytes):
            response.body.close()
        changed.body = _decoded(result["body"], result.get("bodyEncoding", "text"), ORIGIN_BODY_BYTES)
        # The origin's length and coding described the origin's bytes.
        changed.headers.remove("content-length", "content-encoding")
    return changed


def _description(result: Result) -> str:
    description = result.get("statusDescription") or ""
    if not isinstance(description, str) or _BAD_VALUE.search(description):
        _invalid(_OTHER, "statusDescription must be a string without control characters")
    return raw(description, "")


def _limit(trigger: Trigger) -> int:
    return VIEWER_BODY_BYTES if trigger.startswith("viewer") else ORIGIN_BODY_BYTES


def _status(value: Any) -> int:
    # AWS documents a string; its own published Python examples return numbers.
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).isdecimal():
        _invalid(_OTHER, f"status must be a number as a string, it is {value!r}")
    status = int(value)
    if not 200 <= status <= 599:
        _invalid(_OTHER, f"status must be from 200 to 599, it is {status}")
    return status


def _decoded(data: Any, encoding: Any, limit: int) -> bytes:
    if not isinstance(data, str) or encoding not in ("text", "base64"):
        _invalid(_BODY, "the body must be a string, and its encoding text or base64")
    try:
        body = (
            base64.b64decode(data, validate=True) if encoding == "base64" else data.encode("utf-8", "replace")
        )
    except (binascii.Error, ValueError):
        _invalid(_BODY, "the body is not valid base64")
    if len(body) > limit:
        _invalid(_BODY, f"the body has {len(body)} bytes, {limit} are allowed")
    return body


def _headers(read_only: frozenset[str], result: Any, original: Headers) -> Headers:
    """The returned header map as lines, checked; hidden headers of the original are kept."""
    if not isinstance(result, dict):
        _invalid(_OTHER, "headers must be an object")
    before = headers_of(original)
    headers = Headers(line for line in original if is_disallowed(line[0].lower()))
    untouched = {(name.lower(), text(value)): value for name, value in original}
    after: dict[str, list[str]] = {}
    for name, entries in result.items():
        lower = name.lower()
        for key, value in header_entries(lower, entries):
            if is_disallowed(lower):
                _invalid(_DISALLOWED, f"the function tried to add a disallowed header, headerName : {key}")
            after.setdefault(lower, []).append(value)
            headers.add(key, untouched.get((lower, value)) or raw(value, ""))
    for name in read_only:
        was, now = [entry["value"] for entry in before.get(name, [])], after.get(name, [])
        if was != now:
            how = "add" if not was else "change" if now else "delete"
            shown = "-".join(part.capitalize() for part in name.split("-"))
            _invalid(_READ_ONLY, f"the function tried to {how} read-only header, headerName : {shown}")
    return headers


def header_entries(name: str, entries: Any) -> list[tuple[str, str]]:
    """The lines of one entry of a header map, checked; `name` is its key in lower case."""
    if not isinstance(entries, list):
        _invalid(_NOT_ARRAY, f"the entry of a header must be an array, headerName : {name}")
    lines = []
    for entry in entries:
        value = entry.get("value") if isinstance(entry, dict) else None
        if not isinstance(value, str):
            _invalid(_OTHER, f"a header needs an object with a string as value, headerName : {name}")
        key = entry.get("key") or "-".join(part.capitalize() for part in name.split("-"))
        if not isinstance(key, str) or not _TOKEN.fullmatch(key):
            _invalid(_OTHER, f"invalid header name {key!r}")
        # What CloudFront does when the two differ is not documented; a line must not pass under another name.
        if key.lower() != name:
            _invalid(_OTHER, f"the key {key!r} is not the name of its entry, headerName : {name}")
        bad = _BAD_VALUE.search(value)
        if bad:
            _invalid(_OTHER, f"invalid character : '%{ord(bad[0]):02X}' in header value, headerName : {key}")
        lines.append((key, value))
    return lines
