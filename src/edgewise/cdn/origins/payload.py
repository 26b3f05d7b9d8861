"""The payload format 2.0 of function URLs: a request as an event, a function's return value as a response.

Source: Lambda Developer Guide, "Invoking Lambda function URLs", request and response payloads. Where the guide is
silent, what is seen in real events is followed: fields without a value are left out.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import orjson

from edgewise.cdn.errorpage import reason
from edgewise.cdn.event import raw, text
from edgewise.cdn.message import Headers, Request, Response

# Content types whose bodies are handed over as text; all others are in base64, forms of HTML too.
_TEXT = re.compile(r"text/.*|application/(json|javascript|xml|[^;]*\+(json|xml))", re.IGNORECASE)
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# The length and the connection are Lambda's own.
_NOT_TAKEN = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"})
_WITHOUT_BODY = (204, 304)


class InvalidAnswer(Exception):
    """The function returned what Lambda cannot make a response of; the text says what."""


def event(domain: str, request: Request, request_id: str, trace_id: str, now: float) -> bytes:
    """The event of a request to the function URL `domain`; `now` is in seconds since the epoch."""
    headers = _headers(request, trace_id)
    path = text(request.uri)
    body, in_base64 = body_of(request)
    parts: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        # As it came: whether Lambda decodes it is not documented.
        "rawPath": path,
        "rawQueryString": text(request.query),
        "headers": headers,
        "requestContext": {
            # Lambda's guide says the owner's account; real events of URLs without IAM say this.
            "accountId": "anonymous",
            "apiId": domain.partition(".")[0],
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0],
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                # Who connects is CloudFront, which is this machine; the viewer is in X-Forwarded-For.
                "sourceIp": "127.0.0.1",
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": in_base64,
    }
    cookies = [pair.strip() for pair in text(request.headers.joined("cookie", "; ")).split(";")]
    if any(cookies):
        parts["cookies"] = [pair for pair in cookies if pair]
    if request.query:
        parts["queryStringParameters"] = _parameters(request.query)
    if body is not None:
        parts["body"] = body
    return orjson.dumps(parts)


def _headers(request: Request, trace_id: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in request.headers:
        lower, shown = name.lower(), text(value)
        if lower != "cookie":
            headers[lower] = f"{headers[lower]},{shown}" if lower in headers else shown
    headers |= {"x-amzn-trace-id": trace_id, "x-forwarded-port": "443", "x-forwarded-proto": "https"}
    if request.body:
        headers["content-length"] = str(len(request.body))
    return headers


def body_of(request: Request, texts: re.Pattern[str] = _TEXT) -> tuple[str | None, bool]:
    """A request's body in an event, and whether it is in base64; `texts` are the content types that are not."""
    if not request.body:
        return None, False
    kind = request.headers.get("content-type").partition(";")[0].strip()
    if texts.fullmatch(kind) and "content-encoding" not in request.headers:
        # What is not the text that it is said to be is handed over as binary.
        with contextlib.suppress(UnicodeDecodeError):
            return request.body.decode("utf-8"), False
    return base64.b64encode(request.body).decode("ascii"), True


def _parameters(query: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(text(query), keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return parameters


def response(payload: bytes) -> Response:
    """The response that a function's return value stands for. Raises `InvalidAnswer`."""
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise InvalidAnswer(f"it is not JSON: {error}") from error
    if not isinstance(value, dict) or "statusCode" not in value:
        return Response(200, Headers([("Content-Type", "application/json")]), payload, reason(200))
    status = read_status(value["statusCode"])
    headers = Headers(header_lines(value.get("headers") or {}))
    for cookie in _listed(value.get("cookies") or []):
        headers.add("Set-Cookie", _checked("cookies", cookie))
    body = read_body(value.get("body"), value.get("isBase64Encoded", False))
    if status in _WITHOUT_BODY:
        return Response(status, headers, b"", reason(status))
    if "content-type" not in headers:
        headers.add("Content-Type", "application/json")
    return Response(status, headers, body, reason(status))


def read_status(value: Any) -> int:
    """A status that Lambda's caller takes. Raises `InvalidAnswer`."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).isdecimal():
        raise InvalidAnswer(f"statusCode must be a number, it is {value!r}")
    if len(str(value)) != 3 or not 200 <= int(value) <= 599:
        raise InvalidAnswer(f"statusCode must be from 200 to 599, it is {value}")
    return int(value)


def header_lines(headers: Any) -> Iterator[tuple[str, str]]:
    """The headers that are the function's to say. Raises `InvalidAnswer`."""
    if not isinstance(headers, dict):
        raise InvalidAnswer("headers must be an object")
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise InvalidAnswer(f"headers: {name!r} is no header name")
        if isinstance(value, bool):
            value = str(value).lower()
        if not isinstance(value, str | int | float):
            raise InvalidAnswer(f"headers: {name} must be a text, it is {value!r}")
        if name.lower() not in _NOT_TAKEN:
            yield name, _checked(f"headers: {name}", str(value))


def _listed(cookies: Any) -> list[Any]:
    if not isinstance(cookies, list):
        raise InvalidAnswer("cookies must be a list of texts")
    return cookies


def _checked(where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidAnswer(f"{where} must be a text, it is {value!r}")
    if _BAD_VALUE.search(value):
        raise InvalidAnswer(f"{where} holds a control character")
    return raw(value, "")


def read_body(body: Any, in_base64: Any) -> bytes:
    """The body of an answer. Raises `InvalidAnswer`."""
    if body is None:
        return b""
    if not isinstance(body, str):
        raise InvalidAnswer(f"body must be a text, it is a {type(body).__name__}")
    if not in_base64:
        return body.encode("utf-8")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidAnswer(f"body is not base64: {error}") from error
