"""An app that runs as a function from an image: one app of FastAPI's answers alike under uvicorn, by the stand-in for
the Lambda Web Adapter in a real execution environment, and by Mangum.

The stand-in's settings and headers: the guide of the Lambda Web Adapter (awslabs), version 1.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from mangum import Mangum

from edgewise.cdn import AppCommand, FunctionDefinition, LocalFunction
from edgewise.cdn.errors import OriginError
from edgewise.cdn.functions import edgewise_web_adapter as adapter
from edgewise.cdn.functions import environment
from edgewise.cdn.message import Headers, Request
from edgewise.cdn.origins import payload
from edgewise.cdn.template.code import fingerprint
from support.running import RunningCdn, behavior, running_cdn, running_origin, template
from support.site import eventually

APP = """
import json, os
from fastapi import FastAPI, Request, Response

app = FastAPI()
asked = 0

@app.middleware("http")
async def count(request, call_next):
    global asked
    asked += 1
    return await call_next(request)

@app.get("/")
def ready():
    return {"ok": True}

@app.api_route("/echo/{rest:path}", methods=["GET", "POST", "PUT", "DELETE"])
async def echo(request: Request, rest: str):
    answer = Response(json.dumps({
        "method": request.method, "path": request.url.path, "query": request.url.query,
        "headers": [[name, value] for name, value in request.headers.items()],
        "cookies": request.cookies, "body": (await request.body()).decode("latin-1"),
    }), media_type="application/json")
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer

@app.get("/bytes")
def data():
    return Response(bytes(range(256)), media_type="application/octet-stream", status_code=203)

@app.get("/stream")
def stream():
    from fastapi.responses import StreamingResponse
    return StreamingResponse(iter(["one ", "two"]), media_type="text/plain")

@app.get("/nothing", status_code=204)
def nothing():
    return Response(status_code=204)

@app.get("/own")
def own():
    return {"asked": asked, "variables": dict(os.environ)}

@app.get("/die")
def die():
    os._exit(7)

@app.get("/teapot", status_code=418)
def teapot():
    return {}
"""
HOST = "api.lambda-url.eu-central-1.on.aws"
# Headers that differ by who hands a request over.
OF_THE_WAY = {
    "content-length", "user-agent", "via", "x-amz-cf-id", "x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port",
    "x-forwarded-proto", "x-amzn-request-context", "x-amzn-lambda-context", "x-amz-content-sha256", "accept-encoding",
}  # fmt: skip
BODY = "né".encode()
REQUESTS: dict[str, tuple[str, str, dict[str, str], bytes]] = {
    "plain": ("GET", "/echo/a%20b", {"Accept": "text/html", "X-Two": "1"}, b""),
    "query": ("GET", "/echo/?a=1&a=2&b=%C3%A9&c", {}, b""),
    "cookies": ("GET", "/echo/", {"Cookie": "sid=1; v=2"}, b""),
    "json": ("POST", "/echo/", {"Content-Type": "application/json"}, b'{"a": 1}'),
    "form": ("POST", "/echo/", {"Content-Type": "application/x-www-form-urlencoded"}, b"a=1&b=%20"),
    "text": ("PUT", "/echo/", {"Content-Type": "text/plain; charset=utf-8"}, BODY),
    "binary": ("POST", "/echo/", {"Content-Type": "application/octet-stream"}, bytes(range(256))),
    "delete": ("DELETE", "/echo/x", {}, b""),
    "bytes": ("GET", "/bytes", {}, b""),
    "stream": ("GET", "/stream", {}, b""),
    "nothing": ("GET", "/nothing", {}, b""),
    "missing": ("GET", "/missing", {}, b""),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an app."""
    made = tmp_path_factory.mktemp("app")
    (made / "api.py").write_text(APP)
    return made


@pytest.fixture(scope="module")
def direct(folder: Path) -> Iterator[int]:
    """The app under uvicorn, in a thread; gives its port."""
    sys.path.insert(0, str(folder))
    server = uvicorn.Server(uvicorn.Config("api:app", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive()
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)
        sys.path.remove(str(folder))


def app_function(folder: Path, *words: str, signed: bool = True, **variables: str) -> LocalFunction:
    command = words or (
        sys.executable,
        "-m",
        "uvicorn",
        "api:app",
        "--port",
        "{port}",
        "--log-level",
        "warning",
    )
    definition = FunctionDefinition(
        "notes-api",
        "",
        folder,
        memory_mb=512,
        timeout=20,
        at_edge=False,
        variables=variables,
        app=AppCommand(command, {"PATH": "/usr/bin:/bin", "MODE": "test"}),
    )
    return LocalFunction(definition, "eu-central-1", signed=signed)


def distribution() -> str:
    """A template whose origin is a function URL of another template."""
    made = json.loads(template(behavior(origin="app")))
    config = made["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    config["Origins"][0] |= {
        "DomainName": HOST,
        "CustomOriginConfig": {"OriginProtocolPolicy": "https-only", "OriginReadTimeout": 30},
    }
    return json.dumps(made)


@pytest.fixture(scope="module")
def cdn(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCdn]:
    """A local CDN with the app as a signed function behind it."""
    function = app_function(
        folder, AWS_LWA_AUTHORIZATION_SOURCE="X-Token", AWS_LWA_ERROR_STATUS_CODES="418,500-599"
    )
    scratch = tmp_path_factory.mktemp("cdn")
    with running_cdn(scratch, distribution(), functions={"app": function}, max_environments=1) as running:
        yield running


Seen = tuple[int, dict[str, Any], list[str], bytes]


def seen(status: int, headers: list[tuple[str, str]], body: bytes) -> Seen:
    """An answer without what each server adds; of an echo, the request without what each way adds."""
    lines = [(name.lower(), value) for name, value in headers]
    kept = {name: value for name, value in lines if name == "content-type"}
    cookies = [value for name, value in lines if name == "set-cookie"]
    if b'"headers"' in body:
        echoed = json.loads(body)
        echoed["headers"] = sorted(
            [name, value] for name, value in echoed["headers"] if name not in OF_THE_WAY
        )
        body = json.dumps(echoed).encode()
    return status, kept, cookies, body


def by_uvicorn(port: int, method: str, target: str, headers: dict[str, str], body: bytes) -> Seen:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, target, body or None, {"Host": HOST, **headers})
        response = connection.getresponse()
        return seen(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


def by_stand_in(cdn: RunningCdn, method: str, target: str, headers: dict[str, str], body: bytes) -> Seen:
    told = {"X-Amz-Content-Sha256": hashlib.sha256(body).hexdigest()} if body else {}
    answer = cdn.request(target, method, body=body or None, headers=headers | told)
    return seen(answer.status, answer.headers.items(), answer.body)


def by_mangum(method: str, target: str, headers: dict[str, str], body: bytes) -> Seen:
    from api import app  # the folder of the fixture is on the path

    path, _, query = target.partition("?")
    request = Request(method, path, query, Headers([("Host", HOST), *headers.items()]), body)
    event = json.loads(payload.event(HOST, request, "id", "Root=1", 0))
    context: Any = None
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)  # Mangum takes the one that is set, or makes one that nobody closes
    try:
        returned = Mangum(app, lifespan="off")(event, context)
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    response = payload.response(json.dumps(returned).encode())
    assert isinstance(response.body, bytes)
    return seen(response.status, list(response.headers), response.body)


@pytest.mark.parametrize("name", REQUESTS)
def test_all_three_ways_answer_alike(direct: int, cdn: RunningCdn, name: str) -> None:
    method, target, headers, body = REQUESTS[name]
    plain = {"Accept": "*/*", **headers}
    expected = by_uvicorn(direct, method, target, plain, body)
    assert by_stand_in(cdn, method, target, plain, body) == expected
    status, kept, cookies, content = by_mangum(method, target, plain, body)
    # Lambda gives an answer without a type one; a server gives none.
    assert (status, cookies, content) == (expected[0], *expected[2:])
    assert not expected[1] or kept == expected[1]


def test_the_app_is_told_of_request_and_invocation(cdn: RunningCdn) -> None:
    echoed = cdn.request("/echo/x?y=1", headers={"User-Agent": "test"}).json()
    headers = dict(echoed["headers"])
    context = json.loads(headers["x-amzn-request-context"])
    assert (context["domainName"], context["http"]["path"], headers["host"]) == (HOST, "/echo/x", HOST)
    invocation = json.loads(headers["x-amzn-lambda-context"])
    assert invocation["invoked_function_arn"].startswith(
        "arn:aws:lambda:eu-central-1:123456789012:function:notes-api"
    )
    assert invocation["env_config"]["memory"] == 512
    assert invocation["deadline"] > context["timeEpoch"]


def test_the_signature_has_the_place_of_authorization_and_another_header_may_stand_for_it(
    cdn: RunningCdn,
) -> None:
    def authorization(**headers: str) -> str | None:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return dict(cdn.request("/echo/", headers=given).json()["headers"]).get("authorization")

    assert authorization(Authorization="Bearer mine") is None
    assert authorization(Authorization="Bearer mine", X_Token="Bearer yours") == "Bearer yours"


def test_a_body_needs_its_hash(cdn: RunningCdn) -> None:
    assert cdn.request("/echo/", "POST", body=b"hello").status == 403
    assert "x-amz-content-sha256" in cdn.traces[-1].detail


def test_the_app_has_lambdas_variables_and_none_of_the_stand_ins(cdn: RunningCdn) -> None:
    variables = cdn.request("/own").json()["variables"]
    assert variables["AWS_REGION"] == "eu-central-1"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "notes-api"
    assert variables["MODE"] == "test"
    assert not any("EDGEWISE" in name for name in variables)


def test_a_status_may_be_made_a_failure(cdn: RunningCdn) -> None:
    assert cdn.request("/teapot").status == 502
    assert "the app answered 418" in cdn.traces[-1].detail


def test_an_environment_ends_with_its_app_and_another_is_started(cdn: RunningCdn) -> None:
    assert cdn.request("/die").status == 502
    assert "exit status 7" in "".join(cdn.messages())
    assert cdn.request("/own").json()["asked"] == 2


def test_an_environment_keeps_its_app_and_new_code_gets_another(cdn: RunningCdn, folder: Path) -> None:
    first, second = (cdn.request("/own").json()["asked"] for _ in range(2))
    assert second == first + 1
    (folder / "api.py").write_text(APP + "\n# changed\n")
    # The app's own request, and the one that asked whether it is ready.
    assert cdn.request("/own").json()["asked"] == 2


def test_an_app_that_ends_says_so_in_the_log(folder: Path, tmp_path: Path) -> None:
    function = app_function(folder, sys.executable, "-c", "print('no such thing'); import nowhere")
    with running_cdn(tmp_path, distribution(), functions={"app": function}, max_environments=1) as running:
        assert running.request("/").status == 502
        messages = running.messages()
        assert any("no such thing" in message for message in messages)
        # The app's last word is the reason; nothing of the stand-in for its adapter is shown.
        last = "ModuleNotFoundError: No module named 'nowhere'"
        why = f"Runtime.ExitError: the app ended with exit status 1: {last}"
        assert running.traces[-1].detail == f"the function failed: {why}"
        assert not any("edgewise_web_adapter" in message for message in messages)


def test_an_image_needs_a_place_or_a_command(tmp_path: Path) -> None:
    made = json.loads(template(behavior(origin="app")))
    made["Resources"]["Api"] = {
        "Type": "AWS::Lambda::Function",
        "Properties": {"PackageType": "Image", "Code": {"ImageUri": {"Ref": "Image"}}},
    }
    made["Parameters"] = {"Image": {"Type": "String"}}
    arn = {"Fn::GetAtt": ["Api", "Arn"]}
    made["Resources"]["Url"] = {
        "Type": "AWS::Lambda::Url",
        "Properties": {"TargetFunctionArn": arn, "AuthType": "AWS_IAM"},
    }
    config = made["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    config["Origins"][0]["DomainName"] = {
        "Fn::Select": [2, {"Fn::Split": ["/", {"Fn::GetAtt": ["Url", "FunctionUrl"]}]}]
    }
    with (
        pytest.raises(OriginError, match="a function from an image") as caught,
        running_cdn(tmp_path, json.dumps(made)),
    ):
        pass
    assert "--origin app=http://127.0.0.1:PORT" in str(caught.value)
    with (
        running_origin() as server,
        running_cdn(tmp_path, json.dumps(made), origins={"app": server.url}) as running,
    ):
        assert running.request("/placed").json()["target"] == "/placed"


# The stand-in by itself: what a whole environment need not be started for.


def test_statuses_are_read_as_the_adapter_reads_them() -> None:
    read = adapter.ranges("500,502-504, 422,x,7-")
    assert [*map(list, read)] == [[500], [502, 503, 504], [422], [7]]
    assert adapter.ranges("") == []


@pytest.mark.parametrize(
    ("target", "below"),
    [
        ("/api/order?x=1", "/order?x=1"),
        ("/api/api/order", "/api/order"),
        ("/apiorder", "/apiorder"),
        ("/api?x", "/?x"),
        ("/other", "/other"),
    ],
)
def test_a_base_path_is_taken_off_once(target: str, below: str) -> None:
    assert adapter.without_base(target, "/api") == below
    assert adapter.without_base(target, "") == target


def balancer_event(**more: Any) -> dict[str, Any]:
    return {"requestContext": {"elb": {"targetGroupArn": "arn"}}, "httpMethod": "GET", "path": "/a", **more}


def test_a_load_balancers_event_is_a_request() -> None:
    single = balancer_event(queryStringParameters={"a": "%20"}, headers={"x-a": "1"})
    assert adapter._of_balancer(single) == ("GET", "/a?a=%20", [("x-a", "1")])
    assert adapter._of_balancer(balancer_event(path="/é b%20"))[1] == "/%C3%A9%20b%20"
    several = balancer_event(
        multiValueQueryStringParameters={"a": ["1", "2"]}, multiValueHeaders={"x-a": ["1", "2"]}
    )
    assert adapter._of_balancer(several) == ("GET", "/a?a=1&a=2", [("x-a", "1"), ("x-a", "2")])


def test_an_answer_for_a_load_balancer_is_what_it_takes() -> None:
    lines = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Content-Type", "image/png")]
    single = adapter._for_balancer(balancer_event(headers={}), 404, lines, b"\x89")
    assert (single["statusDescription"], single["headers"]["set-cookie"]) == ("404 Not Found", "b=2")
    assert base64.b64decode(single["body"]) == b"\x89"
    several = adapter._for_balancer(balancer_event(multiValueHeaders={}), 200, lines, b"")
    assert several["multiValueHeaders"]["set-cookie"] == ["a=1", "b=2"]


def test_an_edit_is_a_new_version_and_a_virtual_environment_is_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "venv" / "lib").mkdir(parents=True)
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    (tmp_path / "app.py").write_text("one")
    before = fingerprint(tmp_path)
    (tmp_path / "venv" / "lib" / "installed.py").write_text("new")
    assert fingerprint(tmp_path) == before
    (tmp_path / "app.py").write_text("other")
    assert fingerprint(tmp_path) != before


ANSWERS_THEN_PRINTS = """
import http.server, sys, time

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.wfile.flush()
        if self.path == "/late":
            time.sleep(0.2)
            print("after the answer", flush=True)

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def test_what_an_app_prints_just_after_its_answer_comes_without_another_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough for any machine; a function that is no app would be frozen before it prints.
    monkeypatch.setattr(environment, "_FREEZE_APP_AFTER", 60.0)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "serve.py").write_text(ANSWERS_THEN_PRINTS)
    function = app_function(tmp_path / "app", sys.executable, "serve.py", "{port}")
    with running_cdn(tmp_path, distribution(), functions={"app": function}) as cdn:
        assert cdn.request("/late").status == 200
        assert eventually(lambda: "after the answer" in cdn.messages())
