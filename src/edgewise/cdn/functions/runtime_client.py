"""A small Lambda runtime client, for machines where AWS's own (`awslambdaric`) has no wheel.

It speaks the same Runtime API and is started as a script: `python runtime_client.py module.function`. It
covers what a synchronous Python handler needs; `awslambdaric` is used wherever it can be installed.
"""

from __future__ import annotations

import http.client
import importlib
import io
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

_PREFIX = "/2018-06-01/runtime"


class Context:
    """The `context` argument of a handler, with the fields AWS documents for Python."""

    def __init__(self, headers: http.client.HTTPMessage) -> None:
        environment = os.environ
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = environment["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environment["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = environment["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environment["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self._deadline_ms - int(time.time() * 1000))


class Api:
    """The Runtime API over one connection."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address)

    def next(self) -> tuple[http.client.HTTPMessage, bytes]:
        self._connection.request("GET", f"{_PREFIX}/invocation/next")
        response = self._connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"the Runtime API answered {response.status} to /next")
        return response.headers, body

    def post(self, path: str, body: str, error_type: str = "") -> None:
        headers = {"Lambda-Runtime-Function-Error-Type": error_type} if error_type else {}
        self._connection.request("POST", f"{_PREFIX}/{path}", body.encode(), headers)
        self._connection.getresponse().read()

    def fail(self, path: str, error_type: str, message: str, trace: list[str]) -> None:
        report = {"errorMessage": message, "errorType": error_type, "stackTrace": trace}
        print(f"[ERROR] {error_type}: {message}\r" + "\r".join(trace).replace("\n", "\r"), flush=True)
        self.post(path, json.dumps(report), error_type)


def load(name: str) -> Callable[[Any, Any], Any]:
    """The handler `module.function`."""
    module, _, function = name.rpartition(".")
    handler = getattr(importlib.import_module(module.replace("/", ".")), function)
    if not callable(handler):
        raise TypeError(f"{name} is not callable")
    return handler  # type: ignore[no-any-return]


def load_or_report(api: Api, name: str) -> Callable[[Any, Any], Any]:
    """Like `load`; a failure is reported as the start's error, and ends the process."""
    try:
        return load(name)
    except ImportError as error:
        api.fail("init/error", "Runtime.ImportModuleError", f"Unable to import module: {error}", [])
    except SyntaxError as error:
        place = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        api.fail("init/error", "Runtime.UserCodeSyntaxError", f"Syntax error in module: {error}", [place])
    except AttributeError as error:
        api.fail("init/error", "Runtime.HandlerNotFound", str(error), [])
    except Exception as error:
        trace = traceback.format_tb(error.__traceback__)[2:]
        api.fail("init/error", type(error).__name__, str(error), trace)
    raise SystemExit(1)


def main(handler_name: str) -> None:
    """Serve invocations until the process is ended."""
    # A line that was printed must be in the log before the answer is out and the process is frozen.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, write_through=True)
    api = Api(os.environ["AWS_LAMBDA_RUNTIME_API"])
    handler = load_or_report(api, handler_name)
    while True:
        headers, event = api.next()
        invocation = f"invocation/{headers['Lambda-Runtime-Aws-Request-Id']}"
        try:
            result = handler(json.loads(event), Context(headers))
        except Exception as error:
            trace = traceback.format_tb(error.__traceback__)[1:]
            api.fail(f"{invocation}/error", type(error).__name__, str(error), trace)
            continue
        try:
            payload = json.dumps(result)
        except (TypeError, ValueError) as error:
            api.fail(
                f"{invocation}/error", "Runtime.MarshalError", f"Unable to marshal response: {error}", []
            )
        else:
            api.post(f"{invocation}/response", payload)


if __name__ == "__main__":
    # The script's own folder comes first on the path; a function must not see this project's modules.
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    main(sys.argv[1])
