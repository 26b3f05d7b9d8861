"""The events of an Application Load Balancer whose target is a function, and the answers that it takes.

Source: User Guide for Application Load Balancers, "Use Lambda functions as targets of an Application Load Balancer".
The status description is asked for there; answers without one are taken, as the real balancer does.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from edgewise.cdn.distribution import CustomOrigin, Origin
from edgewise.cdn.errorpage import reason
from edgewise.cdn.event import text
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.origins.payload import InvalidAnswer, body_of, header_lines, read_body, read_status
from edgewise.cdn.template.identities import ACCOUNT, REGION

# The content types whose bodies are handed over as they are.
_TEXT = re.compile(r"text/.*|application/(json|javascript|xml)", re.IGNORECASE)
_WITHOUT_BODY = (204, 304)


def balancer_event(origin: Origin, request: Request, trace_id: str, *, several: bool) -> bytes:
    """The event of a request to an origin. `several`: its target group has multi-value headers enabled."""
    headers = _headers(origin, request, trace_id)
    parameters = _parameters(request.query)
    body, in_base64 = body_of(request, _TEXT)
    arn = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{origin.id}/6d0ecf831eec9f09"
    parts: dict[str, Any] = {
        "requestContext": {"elb": {"targetGroupArn": arn}},
        "httpMethod": request.method,
        "path": text(request.uri),
    }
    if several:
        parts |= {"multiValueQueryStringParameters": parameters, "multiValueHeaders": headers}
    else:
        # The last one counts.
        parts["queryStringParameters"] = {name: values[-1] for name, values in parameters.items()}
        parts["headers"] = {name: values[-1] for name, values in headers.items()}
    return orjson.dumps(parts | {"body": body or "", "isBase64Encoded": in_base64})


def _headers(origin: Origin, request: Request, trace_id: str) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in request.headers:
        headers.setdefault(name.lower(), []).append(text(value))
    # Who connects is CloudFront, which is this machine; the viewer is before it.
    forwarded = ", ".join([*headers.get("x-forwarded-for", []), "127.0.0.1"])
    scheme, port = _asked_at(origin, request)
    added = {
        "x-amzn-trace-id": trace_id,
        "x-forwarded-for": forwarded,
        "x-forwarded-port": str(port),
        "x-forwarded-proto": scheme,
    }
    if request.body:
        added["content-length"] = str(len(request.body))
    return headers | {name: [value] for name, value in added.items()}


def _asked_at(origin: Origin, request: Request) -> tuple[str, int]:
    """The scheme and the port with which CloudFront asks the load balancer."""
    if not isinstance(origin, CustomOrigin):
        return "https", 443
    follows = origin.protocol == "match-viewer" and request.scheme == "https"
    if origin.protocol == "https-only" or follows:
        return "https", origin.https_port
    return "http", origin.http_port


def _parameters(query: str) -> dict[str, list[str]]:
    """The parameters as they came: the load balancer does not decode them."""
    parameters: dict[str, list[str]] = {}
    for pair in filter(None, text(query).split("&")):
        name, _, value = pair.partition("=")
        parameters.setdefault(name, []).append(value)
    return parameters


def balancer_response(payload: bytes, *, several: bool) -> Response:
    """The response that a function's return value stands for. Raises `InvalidAnswer`."""
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise InvalidAnswer(f"it is not JSON: {error}") from error
    if not isinstance(value, dict) or "statusCode" not in value:
        raise InvalidAnswer("it has no statusCode")
    status = read_status(value["statusCode"])
    described = value.get("statusDescription")
    if described is not None and not (isinstance(described, str) and described.startswith(str(status))):
        raise InvalidAnswer(
            f"statusDescription must be such as '{status} {reason(status)}', it is {described!r}"
        )
    headers = Headers(
        line
        for name, values in _given(value, several).items()
        for one in values
        for line in header_lines({name: one})
    )
    body = (
        b"" if status in _WITHOUT_BODY else read_body(value.get("body"), value.get("isBase64Encoded", False))
    )
    return Response(status, headers, body, reason(status))


def _given(value: dict[str, Any], several: bool) -> dict[str, list[Any]]:
    """The headers of the field that the target group reads, each with its values."""
    field, other = ("multiValueHeaders", "headers") if several else ("headers", "multiValueHeaders")
    given = value.get(field)
    if given is None and value.get(other):
        raise InvalidAnswer(f"its headers are in {other}, and this target group reads {field}")
    if not isinstance(given, dict | None):
        raise InvalidAnswer(f"{field} must be an object")
    headers: dict[str, list[Any]] = {}
    for name, values in (given or {}).items():
        if several and not isinstance(values, list):
            raise InvalidAnswer(f"{field}: {name} must be a list of texts")
        headers[name] = values if several else [values]
    return headers
