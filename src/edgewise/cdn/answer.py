"""Reads what a function returned, and holds it against CloudFront's rules.

A break of a rule is a 502 for the visitor with CloudFront's sentence, and for the developer the line that
CloudFront writes to its validation log and the rule (`rules.py`). Headers are read by `headermap.py`, bodies by
`resultbody.py`, the origin object by `origins/target.py`. Source: CloudFront Developer Guide, "Lambda@Edge event
structure", "Generate HTTP responses in request triggers", "Restrictions on Lambda@Edge".
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from edgewise.cdn.distribution import Trigger
from edgewise.cdn.event import headers_of, raw, text
from edgewise.cdn.failure import RequestFailure
from edgewise.cdn.headermap import HeaderMap, changed_headers, generated_headers
from edgewise.cdn.limits import REQUEST_HEAD_BYTES, URL_BYTES
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.resultbody import request_body, response_body
from edgewise.cdn.rules import broken

_BAD_TEXT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BAD_QUERY = re.compile(r"[\x00-\x20\x7f#]")
# A `?` would begin a query; that CloudFront refuses it rather than encode it is this project's reading.
_BAD_URI = re.compile(r"[\x00-\x20\x7f#?]")
_STATUS = re.compile(r"[2-5][0-9]{2}")

# What authors return in place of the request or the response inside it.
_AROUND = ("Records", "cf", "request", "response")

Result = dict[str, Any]


def parse(payload: bytes) -> Result:
    """The returned JSON object. Raises `RequestFailure` for anything else, `null` included."""
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise broken("json", error.msg, "the JSON output is not parsable") from None
    if not isinstance(value, dict):
        raise broken("object", type(value).__name__, "the JSON output must be an object type")
    return value


def is_response(result: Result) -> bool:
    """A request trigger may answer the request itself; a status tells the two apart."""
    return "status" in result


def changed_request(
    trigger: Trigger, result: Result, request: Request, shown: HeaderMap | None = None
) -> Request:
    """The request as the function left it, but for the origin object. Raises `RequestFailure`.

    `shown` is the header map of the event; a caller who still has it saves making it again.
    """
    for name, given in (("method", request.method), ("clientIp", request.viewer)):
        # Left out is left alone: the guide calls the fields read-only, not required.
        if result.get(name, given) != given:
            raise broken(
                "read-only-field", name, f"the function tried to change read-only field, field : {name}"
            )
    changed = request.copy()
    _change_url(result, request, changed)
    if shown is None:
        shown = headers_of(request.headers)
    headers = result.get("headers")
    if headers != shown:
        changed.headers = changed_headers(trigger, headers, request.headers, shown)
        _check_head_size(changed, request)
    body = result.get("body")
    if body is not None:
        changed.body = request_body(trigger, body, request.body)
    return changed


def _change_url(result: Result, request: Request, changed: Request) -> None:
    # What the function left alone is not looked at: it came from the viewer like this.
    uri, query = result.get("uri"), result.get("querystring", "")
    if uri == text(request.uri) and query == text(request.query):
        return
    if uri is None:
        raise _misshapen(result, "no-uri", "uri")
    if uri != text(request.uri) and (
        not isinstance(uri, str) or not uri.startswith("/") or _BAD_URI.search(uri)
    ):
        raise broken("uri", "uri", f"the specified URI is in an invalid format, uri : {uri!r}")
    if query != text(request.query) and (not isinstance(query, str) or _BAD_QUERY.search(query)):
        what = f"the query string is in an invalid format, querystring : {query!r}"
        raise broken("query-string", "querystring", what)
    changed.uri = raw(uri, request.uri)
    changed.query = raw(query, request.query)
    if len(changed.uri) + len(changed.query) >= URL_BYTES:
        raise broken("url-length", "uri", f"uri and querystring have more than {URL_BYTES - 1} bytes")


def _check_head_size(changed: Request, request: Request) -> None:
    size = _size(changed.headers) + len(changed.query)
    # CloudFront adds headers of its own: what was too large before is not the function's doing.
    if REQUEST_HEAD_BYTES < size > _size(request.headers) + len(request.query):
        what = f"headers and query string have {size} bytes, {REQUEST_HEAD_BYTES} are allowed"
        raise broken("headers-size", "headers", what)


def generated_response(trigger: Trigger, result: Result) -> Response:
    """The response that a request trigger made. Raises `RequestFailure`."""
    status = _status(result["status"])
    headers = generated_headers(result.get("headers"))
    # CloudFront writes the length itself.
    headers.remove("content-length")
    body = response_body(trigger, result, _size(headers))
    if status == 204 and body and trigger == "viewer-request":
        raise broken("no-content-body", "body", "a response with status 204 has a body")
    return Response(status, headers, body, _description(result, ""))


def changed_response(
    trigger: Trigger, result: Result, response: Response, shown: HeaderMap | None = None
) -> Response:
    """The response as a response trigger left it. Raises `RequestFailure`.

    `shown` is the header map of the event, as for `changed_request`. The body stays the origin's unless an
    origin-response function gives another; one of a viewer-response function has no effect.
    """
    given = result.get("status")
    if given is None:
        raise _misshapen(result, "no-status", "status")
    status = response.status if given == str(response.status) else _status(given)
    if trigger == "viewer-response" and status != response.status:
        what = f"the function tried to change the status from {response.status} to {status}"
        raise broken("viewer-response-status", "status", what)
    if shown is None:
        shown = headers_of(response.headers)
    changes = result.get("headers")
    # Only the status is required of a response: without headers it has none.
    headers = changed_headers(trigger, {} if changes is None else changes, response.headers, shown)
    reason = _description(result, response.reason if status == response.status else "")
    if trigger == "origin-response" and result.get("body") is not None:
        headers.remove("content-length")
        # Content-Encoding is what the function says: CloudFront cannot know whether it encoded its text.
        replaced = Response(status, headers, response_body(trigger, result, _size(headers)), reason)
        if not isinstance(response.body, bytes):
            response.body.close()
        return replaced
    # The body is still the origin's, and so is its length, whatever the function wrote.
    if headers.get("content-length") != response.headers.get("content-length"):
        headers.remove("content-length")
        headers.lines += [line for line in response.headers if line[0].lower() == "content-length"]
    return Response(status, headers, response.body, reason)


def _size(headers: Headers) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers.lines)


def _description(result: Result, original: str) -> str:
    description = result.get("statusDescription")
    if description is None or description == original:
        return original
    if not isinstance(description, str) or _BAD_TEXT.search(description):
        what = "statusDescription must be a string without control characters"
        raise broken("status-description", "statusDescription", what)
    return raw(description, "")


def _status(value: Any) -> int:
    # AWS documents a string; its own published Python examples return numbers.
    if isinstance(value, bool | float) or not _STATUS.fullmatch(str(value)):
        raise broken("status", "status", f"the status must be a number from 200 to 599, it is {value!r:.100}")
    return int(value)


def _misshapen(result: Result, rule: str, field: str) -> RequestFailure:
    """Neither a request nor a response; `rule` is the one that is broken if no usual mistake is seen."""
    around = next((name for name in _AROUND if name in result), None)
    if around is not None:
        return broken("whole-event", around, f"the function returned an object without {field}")
    if "statusCode" in result:
        return broken("status-code", "statusCode", f"the function returned an object without {field}")
    return broken(rule, field, f"the function returned an object without {field}")
