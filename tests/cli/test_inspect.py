"""`edgewise inspect`, `again`, `clock` and `invalidate` against a running site's control port."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from edgewise.cli import runs
from edgewise.cli.control import CommandError
from edgewise.cli.inspect import lines
from edgewise.cli.main import app
from support.controlled import Controlled, controlled, wait_until_told
from support.running import BUCKET_ID, OPTIMIZED, associations, behavior, template

CODE = """
def handler(event, context):
    cf = event["Records"][0]["cf"]
    request = cf["request"]
    if "response" in cf:
        return cf["response"]
    if request["uri"] == "/prints":
        print("found\\x1b", request["querystring"])
    if request["uri"] == "/broken":
        request["headers"]["via"] = [{"key": "Via", "value": "me"}]
    request["headers"]["x-user"] = [{"key": "X-User", "value": "anna\\u202e"}]
    request["uri"] = request["uri"].replace("/en/", "/")
    return request
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controlled]:
    folder = tmp_path_factory.mktemp("site")
    kept = behavior(
        origin=BUCKET_ID,
        CachePolicyId=OPTIMIZED,
        LambdaFunctionAssociations=associations("viewer-request", "viewer-response"),
    )
    with controlled(folder, template(kept), CODE) as running:
        (folder / "bucket" / "a.css").write_text("a")
        yield running


@pytest.fixture(autouse=True)
def announced(site: Controlled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    runs.announce(runs.Run(str(tmp_path / ".edgewise"), "http://127.0.0.1:1", os.getpid(), site.url))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def told(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.exception
    return result.output


def visit(site: Controlled, path: str, **named: Any) -> str:
    request_id = str(site.visit(path, **named).headers["X-Amz-Cf-Id"])
    wait_until_told(site.history, request_id)
    return request_id


def test_the_last_request_is_told(site: Controlled) -> None:
    request_id = visit(site, "/en/a.css", headers={"Authorization": "Bearer s3cr3t", "X-Bad": "\x9b31m"})
    shown = told("inspect")
    assert shown.startswith("GET /en/a.css  200  ")
    for line in ("  ~ uri: /en/a.css → /a.css", r"  + header x-user: anna\u202e", "viewer-request: edge, "):
        assert line in shown
    assert (
        "key: path" in shown
        and "\n\norigin " in shown
        and "first byte" in shown
        and "s3cr3t" not in shown
        and "\x9b" not in shown
    )
    assert shown.rstrip().endswith(f"{site.url}/requests/{request_id}")
    assert "s3cr3t" in told("inspect", "last", "--reveal")
    assert json.loads(told("inspect", request_id[:10], "--json"))["request_id"] == request_id


@pytest.mark.parametrize("request_id", ["-YiuDVJOcK", "--q_Xw==", "-"])
def test_a_request_id_may_begin_with_a_hyphen(site: Controlled, request_id: str) -> None:
    for command in ("inspect", "again"):
        result = run(command, request_id)
        assert request_id in str(result.exception)
        assert not isinstance(result.exception, SystemExit)  # how a command line that is not understood ends


@pytest.mark.parametrize("command", ["inspect", "again", "clock"])
def test_a_misspelt_option_is_no_request_id(command: str) -> None:
    result = run(command, "--jsno")
    assert result.exit_code == 2 and "No such option: --jsno" in result.output
    # After two hyphens it is whatever the command takes.
    assert not isinstance(run(command, "--json", "--", "--jsno").exception, SystemExit)


def test_flags_are_shown_without_a_type() -> None:
    for arguments in ((), ("inspect",), ("replay",), ("up",)):
        shown = told(*arguments, "--help")
        assert "--help" in shown and "<bool>" not in shown and "[[" not in shown


def test_every_line_stays_one_line(site: Controlled) -> None:
    visit(site, "/en/a.css", headers={"X-Long": "x" * 5_000})
    report = site.inspect()
    report["detail"] = "first\nsecond\r\x1b[2J"
    shown = list(lines(report))
    assert all(line.isprintable() for line in shown) and max(map(len, shown)) < 500


def test_a_request_is_sent_again(site: Controlled) -> None:
    visit(site, "/a.css")
    shown = told("again", "last")
    assert "ms then" in shown and "/requests/" in shown
    compared = json.loads(told("again", "--json"))
    assert compared["before"] != compared["request_id"] == site.inspect()["request_id"]


def test_a_second_request_that_the_cache_answers_is_one_line(site: Controlled) -> None:
    told("invalidate", "/*")
    visit(site, "/a.css")
    shown = told("again", "last").splitlines()
    assert sum("answered from the cache, without origin " in line for line in shown) == 1
    assert not any("(none)" in line for line in shown) and len(shown) < 10
    assert "nothing differs" in told("again", "last")


def test_what_a_function_printed_and_what_to_do_about_a_broken_rule_are_told(site: Controlled) -> None:
    visit(site, "/prints?q=1")
    assert "\n  | found\\x1b q=1\n" in told("inspect")
    visit(site, "/broken")
    shown = told("inspect")
    advice = site.inspect()["functions"][0]["rule"]["advice"]
    assert advice and f"  what to do   {advice}\n" in shown


def test_the_clock_moves_and_comes_back(site: Controlled) -> None:
    assert "the real time" in told("clock")
    assert "3,600 s ahead" in told("clock", "+1h")
    assert json.loads(told("clock", "--json"))["offset_seconds"] == 3600
    assert "the real time" in told("clock", "reset")
    result = run("clock", "tomorrow")
    assert isinstance(result.exception, CommandError) and "no span of time" in str(result.exception)
    for arguments in (("-1h",), ("-1h", "--json")):
        back = run("clock", *arguments).exception
        assert isinstance(back, CommandError) and "only goes forward" in str(back) and "reset" in str(back)


def test_objects_are_removed(site: Controlled) -> None:
    visit(site, "/a.css")
    assert json.loads(told("invalidate", "/*", "--json"))["paths"] == ["/*"]
    visit(site, "/a.css")
    assert told("invalidate", "/a.css", "/b.css").startswith("1 object removed (I")
    nothing = told("invalidate", "/a.css", "/b*")
    assert nothing.startswith("0 objects removed: nothing in the caches matches /a.css, /b* (I")


@pytest.mark.parametrize("path", ["", "ttl/*", "/a*b"])
def test_what_cloudfronts_api_refuses_is_refused(site: Controlled, path: str) -> None:
    refused = run("invalidate", path).exception
    answer = site.control("POST", "/invalidations", {"paths": [path]})
    assert isinstance(refused, CommandError) and answer.status == 400
    assert refused.message == answer.json()["message"]
    assert path.startswith("/") or f"write /{path}" in str(refused)


def test_what_is_not_there_is_one_message(site: Controlled) -> None:
    for command in ("inspect", "again"):
        error = run(command, "../../x y").exception
        assert isinstance(error, CommandError) and "are kept" in str(error)


def test_without_a_site_that_runs_the_message_says_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as viewers:
        url = f"http://127.0.0.1:{viewers.getsockname()[1]}"
        runs.announce(runs.Run(str(tmp_path / ".edgewise"), url, os.getpid()))
        assert "no control port" in str(run("clock").exception)
        runs.announce(runs.Run(str(tmp_path / ".edgewise"), url, os.getpid(), "http://127.0.0.1:1"))
        assert "does not answer at http://127.0.0.1:1" in str(run("clock").exception)
    assert "no site is running" in str(run("clock").exception)
    (runs.folder() / f"{os.getpid()}.json").unlink()
    assert "no site is running" in str(run("clock").exception)
