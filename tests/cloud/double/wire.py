"""Requests and answers by botocore's models: parsed, validated, and serialised as AWS does."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

from botocore.validate import ParamValidator
from moto.core.exceptions import ServiceException
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.wrappers import Request, Response

Handler = Callable[[str, dict[str, Any]], dict[str, Any]]
_PROTOCOLS = {"cloudformation": "query", "sts": "query", "lambda": "rest-json", "cloudfront": "rest-xml"}


class Refusal(ServiceException):
    """An error of a service: its code and its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def answer(service: str, request: Request, handle: Handler) -> Response:
    """The service's answer to a request. Raises `AssertionError` for what its model does not allow."""
    model = get_service_model(service)
    name, found = _operation(service, model, request)
    operation = model.operation_model(name)
    protocol = _PROTOCOLS[service]
    parsed = PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.get_data(),
            "url_path": request.path,
            "url_params": found,
        }
    )
    parsed = {key: value for key, value in parsed.items() if value is not None}
    validate(service, name, parsed)
    serializer = get_serializer_class(service, protocol)(operation)
    try:
        made = serializer.serialize(handle(name, parsed))
    except Refusal as refusal:
        with warnings.catch_warnings():
            # Of errors that are common to all services, such as throttling, which no service's model has.
            warnings.simplefilter("ignore")
            made = serializer.serialize(refusal)
    return Response(made["body"], made["status_code"], made["headers"])


def validate(service: str, operation: str, given: dict[str, Any]) -> None:
    """Raises `AssertionError` for input that the service's model does not allow."""
    shape = get_service_model(service).operation_model(operation).input_shape
    if shape is not None:
        report = ParamValidator().validate(given, shape)
        assert not report.has_errors(), f"{service} {operation}: {report.generate_report()}"


def _operation(service: str, model: Any, request: Request) -> tuple[str, dict[str, str]]:
    """The name of the operation that a request is, and what is in its path."""
    if _PROTOCOLS[service] == "query":
        return request.values["Action"], {}
    matches = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        found = re.fullmatch(re.sub(r"\{(\w+)\+?\}", r"(?P<\1>[^/]+)", path), request.path)
        if found and http["method"] == request.method and bool(query) == (query in request.args):
            matches.append((name, found.groupdict()))
    # The one with the fewest holes: `/2015-03-31/functions/` is no function's name.
    return min(matches, key=lambda one: len(one[1]))
