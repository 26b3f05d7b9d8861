"""The double as a server on loopback: ours for the services that it plays, moto's for all others."""

from __future__ import annotations

import logging
import re
import threading
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any

from moto.s3.models import s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from cloud.double.distributions import Distributions
from cloud.double.formation import Formation
from cloud.double.functions import ACCOUNT, Functions
from cloud.double.resources import Resources
from cloud.double.wire import Refusal, answer

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([\w-]+)/([\w-]+)/aws4_request")
_HOME = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
Refuse = Callable[[str, str], tuple[str, str] | None]


class Place:
    """What is of one region: its functions, and its stacks with their resources."""

    def __init__(self, functions: Functions, cloudfront: Distributions) -> None:
        self.functions = functions
        self.resources = Resources(functions, cloudfront)
        self.formation = Formation(self.resources, _object)


class Double:
    """An AWS of one account. `refuse` is asked before each call, with the service and the operation or the S3 method:
    what it returns, a code and a message, is the answer."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._turn = threading.RLock()
        self._server = make_server("127.0.0.1", 0, self._respond, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.begin_anew()

    def begin_anew(self) -> None:
        """An empty account."""
        self.begin_formation_anew()
        self.bucket_policies: dict[str, Any] = {}
        self.calls: list[tuple[str, str]] = []
        self.refuse: Refuse = lambda service, operation: None
        # Moto keeps one state for the whole process.
        reset = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        urllib.request.urlopen(reset, timeout=10).close()

    def begin_formation_anew(self) -> None:
        """No stack, and nothing of what stacks made; what is in S3 stays."""
        self._places: dict[str, Place] = {}
        self.functions = Functions(_object, _HOME)
        self.cloudfront = Distributions(self.functions)
        home = self._places[_HOME] = Place(self.functions, self.cloudfront)
        self.resources, self.formation = home.resources, home.formation

    def at(self, region: str) -> Place:
        """What a region has."""
        if region not in self._places:
            self._places[region] = Place(Functions(_object, region), self.cloudfront)
        return self._places[region]

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    def _respond(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        request = Request(environ)
        found = _SCOPE.search(request.headers.get("Authorization", ""))
        region, service = found.groups() if found else (_HOME, "")
        place = self.at(region)
        handler = {
            "cloudformation": place.formation.handle,
            "cloudfront": self.cloudfront.handle,
            "lambda": place.functions.handle,
            "sts": _identity,
        }.get(service)
        if handler is None:
            refused = self._refused(service, request.method)
            if refused:
                return _s3_error(*refused)(environ, start)
            if request.method == "PUT" and "policy" in request.args:
                # Moto takes a policy's denials without their conditions: TLS only would be nobody at all.
                self.bucket_policies[request.path.strip("/")] = request.get_json(force=True)
                return Response(status=204)(environ, start)
            return self._moto(environ, start)
        with self._turn:
            return answer(service, request, self._asked(service, handler))(environ, start)

    def _asked(self, service: str, handler: Any) -> Any:
        def handle(operation: str, given: dict[str, Any]) -> dict[str, Any]:
            if refused := self._refused(service, operation):
                raise Refusal(*refused)
            return handler(operation, given)

        return handle

    def _refused(self, service: str, operation: str) -> tuple[str, str] | None:
        self.calls.append((service, operation))
        return self.refuse(service, operation)


def _object(bucket: str, key: str) -> bytes:
    content: bytes = s3_backends[ACCOUNT]["aws"].get_object(bucket, key).value
    return content


def _identity(operation: str, given: dict[str, Any]) -> dict[str, Any]:
    assert operation == "GetCallerIdentity"
    return {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/ada", "UserId": "AIDAEXAMPLE"}


def _s3_error(code: str, message: str) -> Response:
    status = {"SlowDown": 503, "ExpiredToken": 400, "AccessDenied": 403}.get(code, 400)
    return Response(
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>", status, mimetype="application/xml"
    )
