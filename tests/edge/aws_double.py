"""AWS's JSON services on loopback, as far as the edge runtime calls them: who signs wrong is refused.

Signatures are checked by botocore's signer, requests and answers by botocore's models of the services. It keeps no
streams and no rules: a call is kept as it came, and answered well unless the test says how.
"""

from __future__ import annotations

import base64
import calendar
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.model import OperationModel, StructureShape
from botocore.validate import ParamValidator

from edge.doubles import ENVIRON, HandClock

AWS_ENVIRON = {
    **ENVIRON,
    "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalr/XUtn+FEMI",
    "AWS_SESSION_TOKEN": "IQoJb3JpZ2lu//+EXAMPLE==",
}
_SIGNING_NAMES = {"stepfunctions": "states"}
_MODELS = {
    model.metadata["targetPrefix"]: (_SIGNING_NAMES.get(name, name), model)
    for name in ("firehose", "stepfunctions", "events", "secretsmanager", "ssm", "dynamodb")
    for model in [botocore.session.Session().get_service_model(name)]
}
_SIGNED = {"host", "content-type", "x-amz-date", "x-amz-target", "x-amz-security-token"}
_SKEW_SECONDS = 300

Params = dict[str, Any]
Reply = tuple[int, Any]  # a status, and what is sent as JSON


def operation_model(target: str) -> tuple[str, OperationModel]:
    """The signing name and botocore's model of `Prefix.Operation`."""
    prefix, _, operation = target.partition(".")
    service, model = _MODELS[prefix]
    return service, model.operation_model(operation)


def authorization(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    service: str,
    region: str,
    credentials: Credentials,
) -> str:
    """The header Authorization that botocore would send with a request of these headers, X-Amz-Date among them."""
    request = AWSRequest(method=method, url=url, headers=dict(headers), data=body)
    request.context["timestamp"] = request.headers["X-Amz-Date"]
    signer = SigV4Auth(credentials, service, region)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    names = signer.signed_headers(signer.headers_to_sign(request))
    signature = signer.signature(text, request)
    return (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, Signature={signature}"
    )


def params_of(model: OperationModel, body: bytes) -> Params:
    """What botocore's client would have been called with to send `body`; AssertionError if it would refuse."""
    params: Params = json.loads(body)
    for record in params.get("Records", []):
        record["Data"] = base64.b64decode(record["Data"], validate=True)
    _validate(params, model.input_shape)
    return params


def _validate(params: Params, shape: StructureShape) -> None:
    report = ParamValidator().validate(params, shape)
    assert not report.has_errors(), report.generate_report()


def answered_well(target: str, params: Params) -> Reply:
    """What each service says when all is well."""
    match target.partition(".")[2]:
        case "PutRecordBatch":
            entries = [{"RecordId": f"49{number:0222d}"} for number, _ in enumerate(params["Records"])]
            return 200, {"FailedPutCount": 0, "Encrypted": False, "RequestResponses": entries}
        case "PutEvents":
            entries = [{"EventId": f"00000000-{number}"} for number, _ in enumerate(params["Entries"])]
            return 200, {"FailedEntryCount": 0, "Entries": entries}
        case "StartExecution":
            arn = params["stateMachineArn"].replace(":stateMachine:", ":execution:")
            return 200, {"executionArn": f"{arn}:{params['name']}", "startDate": 1.8e9}
    return 400, {"__type": "ResourceNotFoundException", "message": "nobody has put it there"}


class AwsDouble:
    """`calls` are those whose signature was right: the target and botocore's params. `answer` makes the replies."""

    def __init__(self, clock: HandClock, context: ssl.SSLContext | None = None) -> None:
        self.clock = clock
        self.calls: list[tuple[str, Params]] = []
        self.refused: list[str] = []
        self.connections = 0
        self.answered = 0  # the caller has only to read it
        self.regions: set[str] = set()
        self.answer: Callable[[str, Params], Reply] = answered_well
        self.validates = True  # what `answer` says
        self.held = threading.Event()  # clear it to hold the answers back
        self.held.set()
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.double = self
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if context else 'http'}://localhost:{self.server.server_address[1]}"

    def let_go(self) -> None:
        """Answer what was held back, the first call: it has arrived when this returns."""
        self.held.set()
        until = time.monotonic() + 20
        while not self.answered:
            assert time.monotonic() < until, "nobody has called"
            time.sleep(0.005)

    def handle(self, headers: dict[str, str], body: bytes) -> Reply:
        target = headers.get("x-amz-target", "")
        service, model = operation_model(target)
        problem = self._problem(service, headers, body)
        if problem:
            self.refused.append(problem)
            return 400, {"__type": "InvalidSignatureException", "message": problem}
        assert (
            headers["content-type"] == f"application/x-amz-json-{model.service_model.metadata['jsonVersion']}"
        )
        params = params_of(model, body)
        self.calls.append((target, params))
        status, reply = self.answer(target, params)
        if status == 200 and self.validates:
            _validate_answer(reply, model.output_shape)
        return status, reply

    def _problem(self, service: str, headers: dict[str, str], body: bytes) -> str:
        """What is wrong with the signature; empty if it is right."""
        scope, _, rest = headers["authorization"].partition("Credential=")[2].partition(", SignedHeaders=")
        names = rest.partition(",")[0].split(";")
        region = scope.split("/")[2]
        self.regions.add(region)
        if missing := _SIGNED - set(names):
            return f"not signed: {missing}"
        credentials = Credentials(AWS_ENVIRON["AWS_ACCESS_KEY_ID"], AWS_ENVIRON["AWS_SECRET_ACCESS_KEY"])
        expected = authorization(
            "POST",
            f"http://{headers['host']}/",
            {name: headers[name] for name in names},
            body,
            service=service,
            region=region,
            credentials=credentials,
        )
        if headers["authorization"] != expected:
            return "The request signature we calculated does not match the signature you provided."
        if headers["x-amz-security-token"] != AWS_ENVIRON["AWS_SESSION_TOKEN"]:
            return "The security token included in the request is invalid."
        age = abs(_seconds(headers["x-amz-date"]) - self.clock.seconds)
        return f"Signature expired: {headers['x-amz-date']}" if age > _SKEW_SECONDS else ""


def _validate_answer(reply: Params, shape: StructureShape) -> None:
    _validate({name: value for name, value in reply.items() if name != "SecretBinary"}, shape)


def _seconds(stamp: str) -> float:

    return calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))


class _Server(ThreadingHTTPServer):
    double: AwsDouble
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body of an answer go out together, not one a delayed acknowledgement later
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.double.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            status, reply = self.server.double.handle(headers, body)
        except AssertionError as fault:
            status, reply = (
                400,
                {"__type": "com.amazon.coral.validate#ValidationException", "message": str(fault)},
            )
        answer = json.dumps(reply).encode()
        self.server.double.held.wait(60)
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.wfile.flush()
        self.server.double.answered += 1

    def log_message(self, format: str, *args: object) -> None:
        """The tests' output is theirs."""


@contextmanager
def aws_on_loopback(clock: HandClock, context: ssl.SSLContext | None = None) -> Iterator[AwsDouble]:
    double = AwsDouble(clock, context)
    thread = threading.Thread(target=double.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield double
    finally:
        double.held.set()
        double.server.shutdown()
        double.server.server_close()
        thread.join(5)
