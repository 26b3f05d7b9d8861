"""`edgewise query` and `edgewise logs` as a user runs them."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer

from edgewise.cli.logs import Following, conditions, line
from edgewise.cli.query import microseconds
from support.command import edgewise

EDGEWISE = [sys.executable, "-m", "edgewise"]


def now() -> int:
    return time.time_ns() // 1000


def access(name: str, **fields: Any) -> dict[str, Any]:
    record = {
        "_timestamp": now(),
        "record_id": f"{name}:access",
        "request_id": name,
        "method": "GET",
        "path": "/",
    }
    return (
        record
        | {"status": 200, "duration_ms": 1.5, "result": "Miss", "functions_ms": 0.5, "cold_starts": 0}
        | fields
    )


def edge(name: str, **fields: Any) -> dict[str, Any]:
    record = {"_timestamp": now(), "record_id": f"{name}:viewer-request", "request_id": name, "path": "/"}
    return record | {"trigger": "viewer-request", "method": "GET", "cold": True} | fields


def test_query_with_a_server_and_without(tmp_path: Path, start_store: Any) -> None:
    server = start_store(tmp_path)
    server.post("access", [access("a"), access("b", path="/\x1b[31m[red]x", status=404, _timestamp=1)])
    sql = "SELECT request_id, path, status, host FROM requests ORDER BY 1"
    arguments = ("query", sql, "--store", str(tmp_path))
    alive = edgewise(*arguments, "--json")
    assert [json.loads(row) for row in alive.stdout.splitlines()] == [
        {"request_id": "a", "path": "/", "status": 200, "host": None},
        {"request_id": "b", "path": "/\x1b[31m[red]x", "status": 404, "host": None},
    ]
    odd = "SELECT 'nan'::DOUBLE AS n, [1.5, 'inf'::DOUBLE] AS l"
    assert json.loads(edgewise("query", odd, "--json", "--store", str(tmp_path)).stdout) == {
        "n": None,
        "l": [1.5, None],
    }
    recent = edgewise(*arguments, "--json", "--since", "1h")
    assert [json.loads(row)["request_id"] for row in recent.stdout.splitlines()] == ["a"]
    server.stop()
    table = edgewise(*arguments)
    assert (table.returncode, table.stderr) == (0, "")
    assert table.stdout.split("\n")[0].split() == ["request_id", "path", "status", "host"]
    assert "\x1b" not in table.stdout and "[red]x" in table.stdout
    assert edgewise(*arguments, "--json").stdout == alive.stdout


def test_errors_are_one_message(tmp_path: Path) -> None:
    for arguments, code in [
        (("query", "SELECT 1", "--store", str(tmp_path / "none")), "store.missing"),
        (("logs", "--store", "http://u:p@127.0.0.1:1"), "store"),
        (("query", "SELECT 1", "--store", "http://127.0.0.1:1"), "store"),
    ]:
        result = edgewise(*arguments)
        assert result.returncode == 1
        assert result.stderr.startswith(f"error[{code}]"), result.stderr
        assert "Traceback" not in result.stderr


def test_logs_and_their_filters(tmp_path: Path, start_store: Any) -> None:
    server = start_store(tmp_path)
    server.post(
        "access",
        [access("a"), access("b", path="/api/x", status=503), access("c", path="/api/y", status=404)],
    )
    server.post("edge", [edge("a"), edge("old", _timestamp=now() - 10**9)])

    def names(*options: str) -> list[str]:
        result = edgewise("logs", "--store", str(tmp_path), "--json", *options)
        assert result.returncode == 0, result.stderr
        return [json.loads(row)["request_id"] for row in result.stdout.splitlines()]

    try:
        assert names() == ["old", "a", "b", "c"]
        assert names("--since", "10m") == ["a", "b", "c"]
        assert names("--path", "/api/*") == ["b", "c"]
        assert names("--path", "/api/*", "--status", "404") == ["c"]
        assert names("--status", "5xx") == ["b"]
        assert names("--status", ">=400") == ["b", "c"]
        text = edgewise("logs", "--store", str(tmp_path), "--status", "200").stdout
        assert text.split(maxsplit=1)[1] == "GET    200      1.5 ms  Miss     /  functions 0.5 cold\n"
    finally:
        server.stop()


def test_follow_prints_each_request_once_and_ends_quietly(tmp_path: Path, start_store: Any) -> None:
    server = start_store(tmp_path)
    server.post("edge", [edge("a"), edge("lonely")])
    server.post("access", [access("a")])
    command = [*EDGEWISE, "logs", "--follow", "--since", "1h", "--json", "--store", str(tmp_path)]
    following = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert following.stdout is not None
        seen = [json.loads(following.stdout.readline()) for _ in range(2)]
        server.post("access", [access("lonely"), access("z")])
        seen.append(json.loads(following.stdout.readline()))
        following.send_signal(signal.SIGINT)
        rest, errors = following.communicate(timeout=60)
    finally:
        if following.poll() is None:
            following.kill()
            following.communicate()
        server.stop()
    assert [(row["request_id"], row["recorded_by"]) for row in seen] == [
        ("a", "edge+access"),
        ("lonely", "edge"),
        ("z", "access"),
    ]
    assert (rest, errors, following.returncode) == ("", "", 0)


def test_following_waits_a_second_for_the_access_record() -> None:
    following = Following()
    young = {"request_id": "a", "_timestamp": 10, "recorded_by": "edge"}
    assert following.due([young], 20) == []
    assert following.due([young], 1_000_010) == [young]
    assert following.due([{**young, "recorded_by": "edge+access"}], 1_000_020) == []


def test_spans_and_statuses() -> None:
    assert microseconds("90s") == 90_000_000
    assert microseconds("2d") == 172_800_000_000
    assert conditions("it's*", "<500") == "path GLOB 'it''s*' AND status < 500"
    assert conditions(None, None) == "true"
    for wrong in ("6xx", "abc", "404; DROP", ">=4xx"):
        with pytest.raises(typer.BadParameter):
            conditions(None, wrong)
    with pytest.raises(typer.BadParameter):
        microseconds("10 minutes")


def test_follow_ends_when_nobody_reads_any_more(tmp_path: Path, start_store: Any) -> None:
    server = start_store(tmp_path)
    command = [*EDGEWISE, "logs", "--follow", "--since", "1m", "--store", str(tmp_path)]
    following = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        server.post("access", [access("a")])
        assert following.stdout is not None and following.stderr is not None
        assert "GET" in following.stdout.readline()
        following.stdout.close()
        assert following.wait(timeout=60) == 0
        assert following.stderr.read() == ""
    finally:
        following.kill()
        following.wait()
        following.stderr.close()
        server.stop()


def test_a_wide_row_is_one_line_in_a_file_and_a_block_on_a_terminal(tmp_path: Path, start_store: Any) -> None:
    server = start_store(tmp_path)
    server.post("access", [access("a", path="/" + "x" * 100)])
    command = [*EDGEWISE, "query", "SELECT request_id, path, status FROM requests", "--store", str(tmp_path)]
    environment = {**os.environ, "COLUMNS": "80", "TERM": "dumb"}
    try:
        piped = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        outer, inner = pty.openpty()
        subprocess.run(command, env=environment, stdout=inner, timeout=60, check=True)
        os.close(inner)
        shown = os.read(outer, 4096).decode().replace("\r", "")
        os.close(outer)
    finally:
        server.stop()
    assert [row.split() for row in piped.stdout.splitlines()][2] == ["a", "/" + "x" * 100, "200"]
    assert shown.splitlines()[1:] == ["request_id  a", "path        /" + "x" * 100, "status      200"]


def test_a_question_that_fails_says_what_can_be_asked(tmp_path: Path, start_store: Any) -> None:
    server = start_store(tmp_path)
    server.post("access", [access("a")])
    try:
        for sql, word in (("SELECT nope FROM requests", '"nope"'), ("SELEC 1", "SELEC")):
            said = edgewise("query", sql, "--store", str(tmp_path)).stderr
            assert word in said and "\n  One SELECT over requests, access, edge" in said
        for sql, near in (
            ("SELECT pth FROM requests", "path"),
            ("SELECT a.pth FROM access AS a", "path"),
            ("SELECT 1 FROM access WHERE statsu = 1", "status"),
            ("SELECT 1 FROM reqests", "requests"),
        ):
            said = edgewise("query", sql, "--store", str(tmp_path)).stderr
            assert f"Did you mean {near}?" in said and "Traceback" not in said
    finally:
        server.stop()


def test_a_line_has_a_date_when_it_is_not_of_today() -> None:
    assert line({"_timestamp": 86_400_000_000 * 15}).startswith("1970-01-1")
    assert line({"_timestamp": now()})[:3].removesuffix(":").isdigit()


def test_a_visitor_who_left_first_is_status_000() -> None:
    assert " 000 " in line({"_timestamp": now(), "method": "GET", "status": 0})
    assert conditions(None, "000") == "status = 0"


def test_a_line_obeys_nobody() -> None:
    text = line({"_timestamp": 0, "path": "/\x1b[2J\n", "query": "a=\u202e", "method": "GET"})
    assert all(character.isprintable() for character in text)
    assert text.endswith("GET      -        - ms  -        /\\x1b[2J\\x0a?a=\\u202e")
