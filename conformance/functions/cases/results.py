"""Cases that return something else than the message they were given, or nothing, or do not return."""

import os
from typing import Any

from .show import DONE, Cf, generated

RESULTS: dict[str, Any] = {"none": None, "text": "request", "number": 7, "list": [], "empty": {}}


def returns(cf: Cf, context: Any, kind: str) -> Any:
    """Something that is neither a request nor a response."""
    return RESULTS[kind]


def raises(cf: Cf, context: Any) -> Any:
    raise RuntimeError("as the path asked")


def exits(cf: Cf, context: Any) -> Any:
    os._exit(3)


def generate(cf: Cf, context: Any, status: str, size: str = "") -> Any:
    """A response with this status and a body of this size."""
    return generated(status, "x" * int(size or 0))


def generate_number(cf: Cf, context: Any, status: str) -> Any:
    """The status as a number."""
    return generated(int(status), "number")


def generate_named(cf: Cf, context: Any, status: str, description: str) -> Any:
    return generated(status, statusDescription=description)


def generate_bare(cf: Cf, context: Any, status: str) -> Any:
    """Nothing but a status."""
    return {"status": status}


def generate_encoded(cf: Cf, context: Any, body: str, encoding: str) -> Any:
    return generated("200", body, bodyEncoding=encoding)


def generate_body(cf: Cf, context: Any) -> Any:
    """A body that is not a string."""
    return {"status": "200", "body": {"not": "text"}}


def generate_cached(cf: Cf, context: Any, control: str) -> Any:
    """A response that differs each time, with a Cache-Control."""
    response = generated("200", context.aws_request_id)
    response["headers"]["cache-control"] = [{"key": "Cache-Control", "value": control}]
    return response


def generate_header(cf: Cf, context: Any, name: str, value: str) -> Any:
    response = generated("200", "header")
    response["headers"][name.lower()] = [{"key": name, "value": value}]
    return response


def status(cf: Cf, context: Any, value: str, description: str = "") -> Any:
    """Another status for the response."""
    cf["response"]["status"] = value
    if description:
        cf["response"]["statusDescription"] = description
    return DONE


CASES = {
    "returns": returns,
    "raise": raises,
    "exit": exits,
    "generate": generate,
    "generate-number": generate_number,
    "generate-named": generate_named,
    "generate-bare": generate_bare,
    "generate-encoded": generate_encoded,
    "generate-body": generate_body,
    "generate-cached": generate_cached,
    "generate-header": generate_header,
    "status": status,
}
