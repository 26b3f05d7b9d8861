"""`edgewise up` of a site with a rollout: an AWS of its own, a release that takes effect, and what outlives its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import boto3
import pytest

from edgewise.cli.runs import running_in
from support.site import Up, descendants, eventually, running

SITE = """\
name = "tea"

[origins.v1]
domain = "v1.example.com"
local.command = ["python", "app.py", "{port}", "v1"]

[origins.v2]
domain = "v2.example.com"
local.command = ["python", "app.py", "{port}", "v2"]

[default]
origin = "v1"

[log]

[rollout]
stable = "v1"
new = "v2"
ttl_seconds = 5
key = { from = "secrets-manager", name = "tea/rollout" }
regions = ["us-east-1", "eu-west-1"]

[rollout.sessions]
cookie = "session"
"""
# Says its version, and where AWS is for it.
APP = """\
import http.server, json, os, sys

class App(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        asked = {"version": sys.argv[2], "header": self.headers["X-App-Version"], "aws": aws}
        body = json.dumps(asked).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), App).serve_forever()
"""
RELEASE = {
    "schema": "release/1",
    "release": "2026-11-21-a",
    "stable": "v1",
    "new": "v2",
    "state": "ramping",
    "weight": 100,
    "steps": [{"weight": 100, "minutes": 30}],
    "step": 0,
    "since": 1795000000000000,
    "started": 1795000000000000,
    "drain_until": None,
    "evict": None,
    "off": False,
    "revision": 1,
    "reason": "",
    "by": "",
}


@pytest.fixture(scope="module")
def tea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("tea")
    (folder / "edgewise.toml").write_text(SITE)
    (folder / "app.py").write_text(APP)
    with running(folder=folder) as up:
        yield up


def client(url: str, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def asked(up: Up, **headers: str) -> tuple[dict[str, Any], Any]:
    """What the origin says of a request, and the answer's headers."""
    status, found, body = up.request(
        "/", headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)", **headers}
    )
    assert status == 200
    return json.loads(body), found


def test_the_ready_line_and_the_run_say_where_its_aws_is(tea: Up) -> None:
    url = tea.events[0]["aws"]
    assert url.startswith("http://127.0.0.1:")
    run = running_in(tea.folder / ".edgewise")
    assert run is not None and run.aws == url
    dynamodb = client(url, "dynamodb")
    keys = {
        name: dynamodb.describe_table(TableName=name)["Table"]["KeySchema"][0]["AttributeName"]
        for name in dynamodb.list_tables()["TableNames"]
    }
    assert keys == {"tea-release": "id", "tea-sessions": "token"}
    assert len(client(url, "secretsmanager").get_secret_value(SecretId="tea/rollout")["SecretString"]) >= 32


def test_origins_are_told_where_aws_is_in_the_words_of_its_sdks(tea: Up) -> None:
    told = asked(tea)[0]["aws"]
    assert told["AWS_ENDPOINT_URL"] == tea.events[0]["aws"]
    assert told["AWS_REGION"] == told["AWS_DEFAULT_REGION"] == "us-east-1"
    assert told["AWS_ACCESS_KEY_ID"] and told["AWS_SECRET_ACCESS_KEY"]


def test_a_release_takes_effect_and_a_visitor_stays_where_he_is(tea: Up) -> None:
    assert asked(tea)[0]["version"] == "v1"
    dynamodb = client(tea.events[0]["aws"], "dynamodb")

    def release(**changes: Any) -> None:
        document = json.dumps({**RELEASE, **changes})
        item = {
            "id": {"S": "release"},
            "document": {"S": document},
            "revision": {"N": str(changes["revision"])},
        }
        dynamodb.put_item(TableName="tea-release", Item=item)

    release(revision=1)
    # In every region, whichever replica would be the nearest on AWS.
    for location in ("FRA56-P2", "NRT57-P2"):
        said = eventually(
            lambda place=location: next(
                (one for one in [asked(tea, **{"Edgewise-Location": place})] if one[0]["version"] == "v2"),
                None,
            )
        )
        assert said[0]["header"] == "v2"
    cookie = SimpleCookie(said[1]["Set-Cookie"])["edgewise-release"]
    assert cookie["secure"] and cookie["httponly"]
    release(revision=2, weight=0)
    eventually(lambda: asked(tea)[0]["version"] == "v1")
    assert asked(tea, Cookie=f"edgewise-release={cookie.value}")[0]["version"] == "v2"


def test_the_site_goes_on_when_its_aws_dies(tea: Up) -> None:
    (aws,) = [
        pid
        for pid in descendants(tea.process.pid)
        if b"localaws" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    os.kill(aws, signal.SIGKILL)
    said = tea.wait_for(lambda event: event.get("source") == "aws")
    assert "ended with status -9" in said["line"]
    # Longer than the state is kept: what a function remembers serves on, and an environment that knows nothing answers.
    time.sleep(5.5)
    assert asked(tea)[0]["version"] == "v1"
    assert asked(tea, **{"Edgewise-Location": "SYD62-P1"})[0]["version"] == "v1"


@pytest.mark.parametrize("source", ["ssm", "secrets-manager"])
def test_its_aws_ends_with_whoever_started_it(source: str, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    key = {"source": source, "name": "key", "region": "eu-west-2"}
    plan.write_text(json.dumps({"tables": {}, "keys": [key]}))
    command = [sys.executable, "-m", "edgewise.localaws.server", str(plan)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        assert json.loads(process.stdout.readline())["event"] == "ready"
        process.stdin.close()
        assert process.wait(30) == 0


def test_without_moto_it_is_said_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "edgewise.toml").write_text(SITE)
    (tmp_path / "app.py").write_text(APP)
    # An interpreter's own switch to have no such module.
    hide = "import sys; sys.modules['moto'] = None; sys.argv[1:] = ['up', '--port', '0']; "
    done = subprocess.run(
        [sys.executable, "-c", hide + "from edgewise.__main__ import main; main()"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "pip install 'edgewise[rollout]'" in done.stderr and "Traceback" not in done.stderr
