"""`edgewise up` of a site with a rollout: an AWS of its own, a release that takes effect, and what outlives its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from edgewise.cli.runs import running_in
from edgewise.localaws.errors import KeptError
from edgewise.localaws.kept import Kept
from edgewise.localaws.places import CREDENTIALS
from support.site import Up, command_of, descendants, eventually, running

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


# Of a user whose settings for AWS no program can use.
THEIRS = {
    "AWS_PROFILE": "nobody",
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SESSION_TOKEN": "theirs",
    "AWS_ENDPOINT_URL_DYNAMODB": "nowhere",
    "AWS_BUCKET": "of-the-app",
}


@pytest.fixture(scope="module")
def tea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("tea")
    (folder / "edgewise.toml").write_text(SITE)
    (folder / "app.py").write_text(APP)
    (folder / "config").write_text("no configuration")
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**THEIRS, "AWS_CONFIG_FILE": str(folder / "config")}.items():
                patch.setenv(name, value)
            up = stack.enter_context(running(folder=folder))
        yield up


def client(
    url: str,
    service: str,
    key: str = CREDENTIALS["AWS_ACCESS_KEY_ID"],
    secret: str = CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
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


def test_no_settings_of_the_user_for_aws_reach_an_origin_or_keep_the_run_from_starting(tea: Up) -> None:
    told = asked(tea)[0]["aws"]
    assert told["AWS_ACCESS_KEY_ID"] == CREDENTIALS["AWS_ACCESS_KEY_ID"]
    assert told["AWS_CONFIG_FILE"] == told["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_DYNAMODB"} & set(told)
    assert told["AWS_BUCKET"] == "of-the-app"


@pytest.mark.parametrize(("key", "secret"), [("edgewise", "another"), ("somebody", "else")])
def test_who_signs_wrong_is_refused(tea: Up, key: str, secret: str) -> None:
    for service, ask in (("dynamodb", "list_tables"), ("secretsmanager", "list_secrets")):
        with pytest.raises(ClientError, match=r"403|InvalidClientTokenId|SignatureDoesNotMatch"):
            getattr(client(tea.events[0]["aws"], service, key, secret), ask)()


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
    # What the next run is to know is beside the run while it goes on, too.
    kept = tea.folder / ".edgewise/aws.json"
    eventually(lambda: kept.exists() and '\\"revision\\": 2' in kept.read_text())


def test_the_site_goes_on_when_its_aws_dies(tea: Up) -> None:
    (aws,) = [pid for pid in descendants(tea.process.pid) if "localaws" in command_of(pid)]
    os.kill(aws, signal.SIGKILL)
    said = tea.wait_for(lambda event: event.get("source") == "aws")
    assert "ended with status -9" in said["line"]
    # Longer than the state is kept: what a function remembers serves on, and an environment that knows nothing answers.
    time.sleep(5.5)
    assert asked(tea)[0]["version"] == "v1"
    assert asked(tea, **{"Edgewise-Location": "SYD62-P1"})[0]["version"] == "v1"


@contextmanager
def started(folder: Path, plan: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    """The process that `up` starts, and its address; it is ended if the test has not done so."""
    file = folder / "plan.json"
    file.write_text(json.dumps(plan))
    command = [sys.executable, "-m", "edgewise.localaws.server", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        try:
            ready = next(line for line in process.stdout if b'"ready"' in line)
            yield process, json.loads(ready)["url"]
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("source", ["ssm", "secrets-manager"])
def test_its_aws_ends_with_whoever_started_it(source: str, tmp_path: Path) -> None:
    plan = {"tables": {}, "keys": [{"source": source, "name": "key", "region": "eu-west-2"}]}
    with started(tmp_path, plan) as (process, _):
        process.stdin.close()
        assert process.wait(30) == 0


@pytest.mark.parametrize("ends", ["with its input", "when it is asked to"])
def test_the_next_run_has_the_release_the_sessions_the_key_and_the_salts_of_the_last(
    ends: str, tmp_path: Path
) -> None:
    file = tmp_path / "aws.json"
    plan = {
        "tables": {"tea-sessions": "token"},
        "keys": [{"source": "ssm", "name": "/tea/key", "region": "us-east-1"}],
        "parameter": "/tea/release",
        "salts": "/tea/salts",
        "file": str(file),
    }
    keys, salts = [], []
    for turn in range(2):
        with started(tmp_path, plan) as (process, url):
            dynamodb, ssm = client(url, "dynamodb"), client(url, "ssm")
            rows = dynamodb.scan(TableName="tea-sessions")["Items"]
            released = ssm.get_parameters(Names=["/tea/release"])["Parameters"]
            keys.append(ssm.get_parameter(Name="/tea/key", WithDecryption=True)["Parameter"]["Value"])
            found = ssm.get_parameters_by_path(Path="/tea/salts", WithDecryption=True)["Parameters"]
            salts.append({salt["Name"]: salt["Value"] for salt in found})
            if turn == 0:
                assert not rows and not released
                for token, expires in (("a", time.time() + 600), ("over", time.time() - 600)):
                    row = {"token": {"S": token}, "expires": {"N": str(int(expires))}}
                    dynamodb.put_item(TableName="tea-sessions", Item=row)
                ssm.put_parameter(Name="/tea/release", Value="{}", Type="String")
            else:
                assert [row["token"]["S"] for row in rows] == ["a"]
                assert [one["Value"] for one in released] == ["{}"]
            if ends == "when it is asked to":
                process.terminate()
            else:
                process.stdin.close()
            assert process.wait(30) == 0
    assert keys[0] == keys[1]
    # Unless it is past midnight (UTC) by now, all of them.
    assert len(salts[0].items() & salts[1].items()) >= 2
    assert file.stat().st_mode & 0o777 == 0o600, "there is a key in it"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "other/1"}'])
def test_what_is_no_state_of_a_run_is_not_written_over(text: str, tmp_path: Path) -> None:
    file = tmp_path / "aws.json"
    file.write_text(text)
    if not text:
        assert Kept(file, {}).key("/tea/key") == ""
        return
    with pytest.raises(KeptError, match="Remove the file"):
        Kept(file, {})
    assert file.read_text() == text


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
