"""The variables of a site file, as what `edgewise up` starts sees them: an image's app, a server, a handler."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from support.site import Up, running

SERVE = """\
import http.server, json, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(dict(os.environ)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
HANDLE = """\
import json, os

def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(dict(os.environ))}
"""
SITE = """\
name = "told"

[origins.app]
image = "app"
region = "eu-central-1"

[origins.app.environment]
LEVEL = "info"
PORT = "1"
TITLE = "a ${b} %{c}"
TZ = "Asia/Tokyo"
AWS_LWA_READINESS_CHECK_PATH = "/health"

[origins.app.secrets]
TOKEN_NAME = { from = "ssm", name = "/told/token" }

[origins.app.local]
command = ["python", "serve.py", "{port}"]
environment = { LEVEL = "debug", TOKEN = "for this machine" }

[origins.server]
domain = "server.example.com"

[origins.server.local]
command = ["python", "app/serve.py", "{port}"]
environment = { LEVEL = "server" }

[origins.function]
domain = "function.example.com"

[origins.function.local]
handler = "handle.handler"
directory = "app"
environment = { LEVEL = "function" }

[default]
origin = "app"

[[behaviors]]
path = "/server"
origin = "server"

[[behaviors]]
path = "/function"
origin = "function"
"""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("told")
    (folder / "app").mkdir()
    (folder / "app/Dockerfile").write_text(
        "FROM scratch\nCOPY lambda-adapter /opt/extensions/lambda-adapter\nENV MODE=image LEVEL=image AWS_LWA_PORT=1\n"
    )
    (folder / "app/serve.py").write_text(SERVE)
    (folder / "app/handle.py").write_text(HANDLE)
    (folder / "edgewise.toml").write_text(SITE)
    with running(folder=folder) as up:
        yield up


def told(up: Up, path: str) -> dict[str, str]:
    status, _, body = up.request(path)
    assert status == 200, body
    found: dict[str, str] = json.loads(body)
    return found


def test_an_app_has_its_variables_and_those_of_this_machine_come_on_top(up: Up) -> None:
    variables = told(up, "/")
    assert (variables["LEVEL"], variables["TITLE"]) == ("debug", "a ${b} %{c}")
    assert variables["MODE"] == "image", "as its Dockerfile says"
    assert variables["PORT"] not in ("", "1"), "which is chosen here"
    assert variables["AWS_LWA_PORT"] == variables["PORT"]
    assert (variables["TOKEN_NAME"], variables["TOKEN"]) == ("/told/token", "for this machine")
    assert variables["TZ"] == "Asia/Tokyo", "which Lambda sets, unless the function does"
    assert variables["AWS_REGION"] == "eu-central-1"
    assert variables["AWS_LWA_READINESS_CHECK_PATH"] == "/health"


def test_servers_and_handlers_have_those_of_this_machine(up: Up) -> None:
    assert told(up, "/server")["LEVEL"] == "server"
    assert told(up, "/function")["LEVEL"] == "function"


def test_it_is_said_that_an_app_asks_aws_for_its_secrets(up: Up) -> None:
    said = up.wait_for(lambda event: "TOKEN_NAME of app names a secret" in str(event.get("message")))
    assert "credentials" in said["message"]
