"""What `edgewise up` shows: nothing from outside drives the terminal, nothing that hangs stops the site."""

from __future__ import annotations

import contextlib
import io
import json
import os

from edgewise.cdn import FunctionRun, LogEvent, Notice, Trace
from edgewise.cdn.failure import Explanation
from edgewise.cdn.message import Request
from edgewise.cdn.viewerfacts import viewer_facts
from edgewise.cli.running.screen import Screen
from edgewise.cli.terminal import printable


def trace(uri: str = "/a", **values: object) -> Trace:
    request = Request("GET", uri)
    made = Trace(
        "id==",
        1_800_000_000.0,
        request,
        viewer_facts(request),
        "E",
        "d.cloudfront.net",
        "FRA56-P2",
        "eu-central-1",
    )
    for name, value in values.items():
        setattr(made, name, value)
    return made


def shown(show: object, *, as_json: bool = False, ready: bool = True) -> str:
    output = io.StringIO()
    screen = Screen(output, as_json=as_json, color=False)
    if ready:
        screen.ready(url="http://127.0.0.1:1")
    show(screen)  # type: ignore[operator]
    screen.close()
    return output.getvalue()


def test_a_request_is_one_line_with_its_functions() -> None:
    runs = [
        FunctionRun("viewer-request", "shop", 1.25, True),
        FunctionRun("origin-response", "shop", 0.5, False),
    ]
    text = shown(lambda screen: screen.request(trace(status=200, duration_ms=12.34, functions=runs)))
    line = text.splitlines()[-1]
    assert "GET    200     12.3 ms  Miss     /a  viewer-request 1.2 cold, origin-response 0.5" in line


def test_control_characters_from_outside_are_shown_and_not_obeyed() -> None:
    text = shown(lambda screen: screen.request(trace("/\x1b]0;owned\x07\x9b31m", status=200)))
    assert "\x1b" not in text and "\x07" not in text and "\x9b" not in text
    assert "/\\x1b]0;owned\\x07\\x9b31m" in text
    assert printable("a\tb\u202ec") == "a   b\\u202ec"


def test_a_traceback_of_a_function_is_lines() -> None:
    event = LogEvent(
        "eu-central-1", "/aws/lambda/us-east-1.f", "s", 0.0, "[ERROR] ValueError: no\rTraceback:\r  line"
    )
    text = shown(lambda screen: screen.log(event))
    assert "f | [ERROR] ValueError: no\nf | Traceback:\nf |   line\n" in text


def test_records_and_lambdas_own_lines_are_left_to_the_log_files() -> None:
    for message in ("START RequestId: 1", "REPORT RequestId: 1", '{"schema":"edge/1"}'):
        event = LogEvent("r", "/aws/lambda/us-east-1.f", "s", 0.0, message)
        assert message not in shown(lambda screen, event=event: screen.log(event))


def test_the_first_object_is_the_ready_one_whatever_came_before() -> None:
    output = io.StringIO()
    screen = Screen(output, as_json=True, color=False)
    screen.message("before")
    screen.ready(url="http://127.0.0.1:1", store="http://127.0.0.1:2")
    screen.notices([Notice("Resources.D", "not simulated")])
    screen.close()
    events = [json.loads(line) for line in output.getvalue().splitlines()]
    assert [event["event"] for event in events] == ["ready", "message", "notice"]


def test_notices_that_say_the_same_are_one_line_for_a_person() -> None:
    keys = ("Resources.D.Properties.A", "Resources.D.Properties.B")
    text = shown(lambda screen: screen.notices([Notice(key, "not simulated") for key in keys]))
    assert text.endswith("notice: not simulated\n        (D.A, D.B)\n")


def test_a_reader_that_hangs_does_not_block_the_site() -> None:
    reading, writing = os.pipe()
    output = os.fdopen(writing, "w")
    screen = Screen(output, as_json=True, color=False)
    screen.ready(url="http://127.0.0.1:1")
    for _ in range(30_000):
        screen.request(trace(status=200))
    seen = os.read(reading, 4096)
    os.close(reading)  # nobody reads any more: the writing thread ends
    screen.close()
    with contextlib.suppress(BrokenPipeError):
        output.close()
    assert seen.startswith(b'{"event": "ready"')


def test_a_broken_rule_is_explained_below_its_request() -> None:
    made = trace("/")
    made.detail = "ERROR Validation error: Lambda function result failed validation."
    explanation = Explanation("read-only-header", "Via", "https://docs.example/page.html", "Leave it alone.")
    made.functions = [FunctionRun("viewer-request", "shop", 0.5, False, made.detail, explanation=explanation)]
    text = shown(lambda screen: screen.request(made))
    assert "rule read-only-header (Via): Leave it alone." in text
    assert "https://docs.example/page.html" in text
    event = json.loads(shown(lambda screen: screen.request(made), as_json=True).splitlines()[-1])
    assert event["functions"][0]["rule"] == "read-only-header"
