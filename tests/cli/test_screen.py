"""What `edgewise up` shows: nothing from outside drives the terminal, nothing that hangs stops the site."""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path

import pytest

from edgewise.cdn import FunctionRun, LogEvent, Notice, Trace
from edgewise.cdn.failure import Explanation
from edgewise.cdn.message import Request
from edgewise.cdn.viewerfacts import viewer_facts
from edgewise.cli.running.addresses import certified, https_url, url
from edgewise.cli.running.functionlog import FunctionLog
from edgewise.cli.running.screen import Screen
from edgewise.cli.running.sources import SourceNames
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


# How Lambda's own lines begin, in these tests; functions may print the same.
OF_LAMBDA = ("INIT_", "START ", "END ", "REPORT ")


def said(*messages: str, group: str = "/aws/lambda/us-east-1.f", stream: str = "s") -> list[LogEvent]:
    return [
        LogEvent("eu-central-1", group, stream, 0.0, message, by_lambda=message.startswith(OF_LAMBDA))
        for message in messages
    ]


def logged(*events: LogEvent, code: str = "/s") -> str:
    """What a person sees of some lines of the logs of functions that are in the folder `code`."""

    def show(screen: Screen) -> None:
        screen.function_log.folders = [Path(code)]
        for event in events:
            screen.log(event)

    return shown(show).partition("127.0.0.1:1\n\n")[2]


def test_a_traceback_of_a_function_is_lines() -> None:
    text = logged(
        *said('[ERROR] ValueError: no\rTraceback:\r\xa0\xa0File "a.py"\r\xa0\xa0\xa0\xa0boom\nsecond\x07')
    )
    assert text == (
        'f | [ERROR] ValueError: no\nf | Traceback:\nf |   File "a.py"\nf |     boom\nf | second\\x07\n'
    )


WARNING = (
    "[WARNING]\t2026-01-01T00:00:00.000Z\t\tLAMBDA_WARNING: Unhandled exception. The most likely cause is …\r"
)
FAILED = "[ERROR] Runtime.UserCodeSyntaxError: no\rTraceback (most recent call last):\r\xa0\xa0def (:"
REPORT = (
    "INIT_REPORT Init Duration: 1.00 ms\tPhase: {}\tStatus: error\tError Type: Runtime.UserCodeSyntaxError"
)


def test_a_start_that_fails_is_told_once_though_lambda_repeats_it() -> None:
    repeated = (WARNING, FAILED, REPORT.format("invoke"), "START RequestId: 1 Version: 1")
    text = logged(*said("INIT_START Runtime", WARNING, FAILED, REPORT.format("init"), *repeated))
    assert text.count("UserCodeSyntaxError: no") == 1
    assert "INIT_REPORT" not in text and "WARNING" not in text and "f | \n" not in text


def test_a_start_that_says_nothing_itself_is_told_by_its_report() -> None:
    report = "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout"
    assert "Status: timeout" in logged(*said("INIT_START Runtime", report))


def test_a_failing_import_of_an_app_is_a_traceback_once_and_whole() -> None:
    frame = ['  File "/s/api.py", line 3, in f', "    f()"]
    traceback = [
        "Traceback (most recent call last):",
        *frame,
        *frame,
        "ModuleNotFoundError: No module named 'x'",
    ]
    ended = "INIT_REPORT Init Duration: 1.00 ms\tPhase: {}\tStatus: error\tError Type: Runtime.ExitError"
    repeated = (*traceback, "of the second alone", ended.format("invoke"), "START RequestId: 1 Version: 1")
    text = logged(*said("INIT_START Runtime", *traceback, ended.format("init"), *repeated))
    told = [line.removeprefix("f | ") for line in text.splitlines() if "INIT_REPORT" not in line]
    assert told == [*traceback, "of the second alone"]


def test_the_next_request_that_fails_is_told_again() -> None:
    first = ("INIT_START Runtime", FAILED, REPORT.format("init"), FAILED, REPORT.format("invoke"))
    text = logged(*said(*first, WARNING + FAILED, REPORT.format("invoke")), *said(FAILED, stream="other"))
    assert text.count("UserCodeSyntaxError: no") == 3 and "WARNING" not in text


def test_another_failure_of_the_repeated_start_is_told() -> None:
    text = logged(*said("INIT_START Runtime", FAILED, REPORT.format("init"), "[ERROR] OSError: other"))
    assert "UserCodeSyntaxError" in text and "OSError: other" in text


def test_what_the_line_of_a_request_says_is_not_said_by_cloudfronts_log_too() -> None:
    assert logged(*said("(id==) ERROR Validation error", group="/aws/cloudfront/LambdaEdge/E")) == ""


RAISED = (
    '[ERROR] ValueError: no\rTraceback (most recent call last):\r\xa0\xa0File "/s/edgewise/edge/app.py", line 85, in '
    "__call__\r\xa0\xa0\xa0\xa0answer = step()\r"
)


def test_a_traceback_leads_through_the_users_files_only() -> None:
    text = logged(*said(RAISED + '\xa0\xa0File "/s/app.py", line 3, in helper\r\xa0\xa0\xa0\xa0raise it'))
    assert text.splitlines() == [
        "f | [ERROR] ValueError: no",
        "f | Traceback (most recent call last):",
        'f |   File "/s/app.py", line 3, in helper',
        "f |     raise it",
    ]
    assert "edgewise/edge/app.py" in logged(*said(RAISED)), "nothing else says where"


def test_a_file_of_the_user_is_no_file_of_the_library_whatever_his_folders_are_called() -> None:
    library = RAISED.replace("/s/edgewise/edge/", "/s/edgewise/edge/edgewise/edge/")
    raised = library + '\xa0\xa0File "/s/edgewise/edge/app.py", line 3, in helper\r\xa0\xa0\xa0\xa0raise it'
    text = logged(*said(raised), code="/s/edgewise/edge")
    assert 'File "/s/edgewise/edge/app.py", line 3' in text and "line 85" not in text


def test_what_a_function_prints_is_shown_though_it_looks_like_lambdas_own_lines() -> None:
    lines = ("START RequestId: mine", "a\tPhase: invoke\tb", "INIT_START of my own", "REPORT RequestId: mine")
    events = [LogEvent("r", "/aws/lambda/us-east-1.f", "s", 0.0, line) for line in lines]
    assert logged(*events).count("f | ") == 4


def test_an_environment_that_no_request_needs_is_forgotten() -> None:
    log = FunctionLog()
    for n in range(1_000):
        for event in said("INIT_START Runtime", stream=f"{n}"):
            log.shown(event)
    lines = (FAILED, REPORT.format("init"), FAILED)
    kept = [[log.shown(event) for event in said(*lines, stream=f"{n}")][-1] for n in range(1_000)]
    assert 0 < kept.count("") <= 256


def test_a_traceback_of_nothing_is_not_shown() -> None:
    said_by_aws = "[ERROR] Runtime.HandlerNotFound: no\rTraceback (most recent call last):\r"
    assert logged(*said(said_by_aws)) == "f | [ERROR] Runtime.HandlerNotFound: no\n"


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site with a built folder that has a file more than its sources; it is the current folder."""
    site = tmp_path / "my-site"
    for file in ("edge/app.py", ".edgewise/build/edge/app.py", ".edgewise/build/edge/edgewise/app.py"):
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).touch()
    (tmp_path / "link").symlink_to(site)
    monkeypatch.chdir(site)
    return site / ".edgewise/build/edge"


@pytest.mark.parametrize(
    "given", ["{site}", ".", "../my-site", "{site}/../my-site", "{site}/../link", "../link"]
)
@pytest.mark.parametrize("said", ["{site}", "{given}"])
def test_a_built_file_is_named_by_its_source_however_the_site_was_named(
    built: Path, given: str, said: str
) -> None:
    site = Path.cwd()
    given = given.format(site=site)
    named = SourceNames(Path(given) / ".edgewise/build/edge", Path(given) / "edge")
    text = f'File "{Path(said.format(site=site, given=given)) / ".edgewise/build/edge/app.py"}", line 7'
    shown = named(text).removeprefix('File "').removesuffix('", line 7')
    assert Path(shown).samefile(site / "edge/app.py") and ".edgewise" not in shown and ".." not in shown


def test_a_file_that_has_no_source_keeps_its_name(built: Path) -> None:
    named = SourceNames(built, Path("edge"))
    library = f"({built}/edgewise/app.py:85)"
    assert named(library) == library
    assert named(f"in {built}, see") == f"in {Path.cwd() / 'edge'}, see"
    assert named(f"file://{built}/app.py:3:1") == f"file://{Path.cwd() / 'edge/app.py'}:3:1"
    assert named(f"{built}r/app.py") == f"{built}r/app.py"


@pytest.mark.parametrize(
    ("host", "http", "https"),
    [
        ("127.0.0.1", "http://127.0.0.1:80", "https://localhost:80"),
        ("0.0.0.0", "http://127.0.0.1:80", "https://localhost:80"),
        ("192.0.2.7", "http://192.0.2.7:80", "https://192.0.2.7:80"),
        ("::1", "http://[::1]:80", "https://[::1]:80"),
        ("::", "http://[::1]:80", "https://[::1]:80"),
        ("my_host", "http://my_host:80", "https://my_host:80"),
    ],
)
def test_the_address_shown_is_one_that_answers(host: str, http: str, https: str) -> None:
    assert (url("http", host, 80), https_url(host, 80)) == (http, https)
    assert ("192.0.2.7" in certified(host)) == (host == "192.0.2.7") and "my_host" not in certified(host)


def test_records_and_lambdas_own_lines_are_left_to_the_log_files() -> None:
    for message in ("START RequestId: 1", "REPORT RequestId: 1", '{"schema":"edge/1"}'):
        event = LogEvent("r", "/aws/lambda/us-east-1.f", "s", 0.0, message, by_lambda="RequestId" in message)
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
