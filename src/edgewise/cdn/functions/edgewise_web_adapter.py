"""A stand-in for AWS's Lambda Web Adapter: starts a web server, and hands it a function's events as requests.

The adapter is a program in the image, which cannot be had here; this is a handler that does the same in an execution
environment on this machine. It reads the adapter's settings (`AWS_LWA_...`) and follows its guide and its code
(version 1): the readiness check, the two context headers, how an answer becomes Lambda's. It takes events of function
URLs and of load balancers, and is started by AWS's runtime client, so that it sees the standard library alone.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import subprocess
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

# What `edgewise up` says of the app: its command and the variables it would have without Lambda.
APP_VARIABLE = "EDGEWISE_APP"
_LAMBDAS_OWN = ("AWS_", "TZ", "LANG")
# Where an image, if it says so, has its server listen and be asked; the port is chosen here.
_PORTS = ("AWS_LWA_PORT", "AWS_LWA_READINESS_CHECK_PORT")
_MOMENT = 0.2  # seconds for an app that dropped a connection to be gone
_PAUSE = 0.01  # seconds between two looks whether the app is ready
_HOST = "127.0.0.1"
_ASCII = "".join(map(chr, range(0x21, 0x7F)))

Event = dict[str, Any]
Lines = list[tuple[str, str]]


def ranges(text: str) -> list[range]:
    """The statuses of a text such as `200-399,404`. What is none is left out."""
    found = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            found.append(range(int(first), int(last or first) + 1))
    return found


def without_base(target: str, base: str) -> str:
    """A target without the base path that it begins with, where that ends with a part of the path."""
    path = target.partition("?")[0]
    if not base or not (path == base or path.startswith(f"{base}/")):
        return target
    return target[len(base) :] if path != base else f"/{target[len(base) :]}"


class App:
    """The web server, started once in an environment; a new one is not started when it ends."""

    def __init__(self) -> None:
        """Starts it and waits until it is ready. One that ends before ends the environment too, with its status."""
        settings = os.environ
        self._port = _free_port()
        self._path = settings.get("AWS_LWA_READINESS_CHECK_PATH", "/")
        self._tcp = settings.get("AWS_LWA_READINESS_CHECK_PROTOCOL", "http").lower() == "tcp"
        self._healthy = ranges(settings.get("AWS_LWA_READINESS_CHECK_HEALTHY_STATUS", "100-499"))
        self._failing = ranges(settings.get("AWS_LWA_ERROR_STATUS_CODES", ""))
        self._base = settings.get("AWS_LWA_REMOVE_BASE_PATH", "").rstrip("/")
        self._authorization = settings.get("AWS_LWA_AUTHORIZATION_SOURCE", "").lower()
        app = json.loads(settings.pop(APP_VARIABLE))
        own = {name: value for name, value in settings.items() if name.startswith(_LAMBDAS_OWN)}
        # An image has a runtime of its own.
        own.pop("AWS_EXECUTION_ENV", None)
        ports = {name: str(self._port) for name in ("PORT", *(app["environment"].keys() & _PORTS))}
        variables = {**app["environment"], **own, **ports, "PYTHONUNBUFFERED": "1"}
        words = [word.replace("{port}", str(self._port)) for word in app["command"]]
        # In the group of the environment, which is frozen and ended whole.
        self._process = subprocess.Popen(words, env=variables, stdin=subprocess.DEVNULL)
        while not self._is_ready():
            if self._process.poll() is not None:
                self._end_too()
            time.sleep(_PAUSE)

    def _end_too(self) -> None:
        """End with the app's status, as a shell says it, and print nothing: the last line is the app's."""
        status = self._process.returncode
        os._exit(status if status >= 0 else 128 - status)

    def _is_ready(self) -> bool:
        try:
            if self._tcp:
                socket.create_connection((_HOST, self._port)).close()
                return True
            status, _, _ = self._ask("GET", self._path, [], b"")
        except (OSError, http.client.HTTPException):
            return False
        return any(status in one for one in self._healthy)

    def _ask(self, method: str, target: str, headers: Lines, body: bytes) -> tuple[int, Lines, bytes]:
        connection = http.client.HTTPConnection(_HOST, self._port)
        try:
            given = {name for name, _ in headers}
            connection.putrequest(method, target, skip_host="host" in given, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value.encode("utf-8"))
            if body and "content-length" not in given:
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def answer(self, event: Event, context: Any) -> Event:
        """Lambda's answer to an event. Raises `RuntimeError` for a status that is to be a failure."""
        balanced = "elb" in event.get("requestContext", {})
        method, target, headers = _of_balancer(event) if balanced else _of_url(event)
        headers += [
            ("x-amzn-request-context", json.dumps(event.get("requestContext", {}))),
            ("x-amzn-lambda-context", json.dumps(_described(context))),
        ]
        body = event.get("body") or ""
        content = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        try:
            status, lines, answer = self._ask(
                method, without_base(target, self._base), self._authorized(headers), content
            )
        except (OSError, http.client.HTTPException):
            self._end_with_the_app()
            raise
        if any(status in one for one in self._failing):
            raise RuntimeError(f"the app answered {status}, which AWS_LWA_ERROR_STATUS_CODES makes a failure")
        return _for_balancer(event, status, lines, answer) if balanced else _for_url(status, lines, answer)

    def _end_with_the_app(self) -> None:
        """An environment whose app has ended is of no more use; Lambda starts another."""
        try:
            self._process.wait(_MOMENT)
        except subprocess.TimeoutExpired:
            return
        self._end_too()

    def _authorized(self, headers: Lines) -> Lines:
        """The header that stands for `Authorization`, which CloudFront's signature has the place of, is put back."""
        found = [value for name, value in headers if self._authorization and name == self._authorization]
        if not found:
            return headers
        taken = (self._authorization, "authorization")
        return [*(one for one in headers if one[0] not in taken), ("authorization", found[-1])]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((_HOST, 0))
        port: int = listener.getsockname()[1]
        return port


def _of_url(event: Event) -> tuple[str, str, Lines]:
    """The method, the target and the headers of a function URL's event, payload format 2.0."""
    headers = list(event.get("headers", {}).items())
    if event.get("cookies"):
        headers.append(("cookie", "; ".join(event["cookies"])))
    query = event.get("rawQueryString", "")
    return event["requestContext"]["http"]["method"], _target(event["rawPath"], query), headers


def _of_balancer(event: Event) -> tuple[str, str, Lines]:
    """The same of a load balancer's event; its parameters are encoded as they came."""
    parameters, headers = event.get("multiValueQueryStringParameters"), event.get("multiValueHeaders")
    if parameters is None:
        parameters = {name: [value] for name, value in (event.get("queryStringParameters") or {}).items()}
    if headers is None:
        headers = {name: [value] for name, value in event.get("headers", {}).items()}
    query = "&".join(f"{name}={value}" for name, values in parameters.items() for value in values)
    lines = [(name, value) for name, values in headers.items() for value in values]
    return event["httpMethod"], _target(event["path"], query), lines


def _target(path: str, query: str) -> str:
    # What is no ASCII is encoded, as the adapter does; all else is as it came.
    return quote(f"{path}?{query}" if query else path, safe=_ASCII)


def _described(context: Any) -> Event:
    """The invocation as the adapter's `x-amzn-lambda-context` has it."""
    return {
        "request_id": context.aws_request_id,
        "deadline": int(time.time() * 1000) + context.get_remaining_time_in_millis(),
        "invoked_function_arn": context.invoked_function_arn,
        "xray_trace_id": os.environ.get("_X_AMZN_TRACE_ID", ""),
        "client_context": None,
        "identity": None,
        "env_config": {
            "function_name": context.function_name,
            "memory": int(context.memory_limit_in_mb),
            "version": context.function_version,
            "log_stream": context.log_stream_name,
            "log_group": context.log_group_name,
        },
    }


def _body(lines: Lines, answer: bytes) -> Event:
    """Text as it is, all else in base64."""
    found = {name.lower(): value for name, value in lines}
    kind = found.get("content-type", "").partition(";")[0].strip().lower()
    known = ("application/json", "application/javascript", "application/xml")
    is_text = not kind or kind.startswith(("text/", *known)) or kind.endswith(("+json", "+xml"))
    if is_text and found.get("content-encoding", "identity") == "identity":
        try:
            return {"body": answer.decode("utf-8"), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass  # what is not the text that it is said to be is binary
    return {"body": base64.b64encode(answer).decode("ascii"), "isBase64Encoded": True}


def _kept(lines: Lines) -> Lines:
    return [(name.lower(), value) for name, value in lines if name.lower() != "transfer-encoding"]


def _for_url(status: int, lines: Lines, answer: bytes) -> Event:
    kept = _kept(lines)
    headers: dict[str, str] = {}
    for name, value in kept:
        if name != "set-cookie":
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    cookies = [value for name, value in kept if name == "set-cookie"]
    return {"statusCode": status, "headers": headers, "cookies": cookies, **_body(lines, answer)}


def _for_balancer(event: Event, status: int, lines: Lines, answer: bytes) -> Event:
    several: dict[str, list[str]] = {}
    for name, value in _kept(lines):
        several.setdefault(name, []).append(value)
    single = {name: values[-1] for name, values in several.items()}
    headers = {"multiValueHeaders": several} if "multiValueHeaders" in event else {"headers": single}
    known = status in {one.value for one in HTTPStatus}
    described = f"{status} {HTTPStatus(status).phrase}" if known else str(status)
    return {"statusCode": status, "statusDescription": described, **headers, **_body(lines, answer)}


if APP_VARIABLE in os.environ:
    _app = App()


def handler(event: Event, context: Any) -> Event:
    """What the runtime client calls."""
    return _app.answer(event, context)
