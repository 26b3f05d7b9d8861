"""What an author of steps, and a visitor, see of the application."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

import edgewise.edge
from edge.doubles import ENVIRON, Context, HandClock, Output, load_event
from edgewise.edge import Edge, EdgeError, Request, Response

TRIGGERS = ("viewer-request", "origin-request", "origin-response", "viewer-response")


def decorator(edge: Edge, trigger: str) -> Any:
    return getattr(edge, trigger.replace("-", "_"))


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_without_steps_cloudfront_gets_back_what_it_sent(edge: Edge, trigger: str) -> None:
    event = load_event(trigger)
    sent = event["Records"][0]["cf"]["response" if trigger.endswith("response") else "request"]
    answer = edge(event, Context())
    assert answer is sent
    assert answer == load_event(trigger)["Records"][0]["cf"][trigger.split("-")[1]]


def test_steps_run_in_order_and_change_the_request_in_place(edge: Edge) -> None:
    seen: list[str] = []

    @edge.viewer_request
    def first(request: Request) -> None:
        seen.append("first")
        request.path = "/changed"

    @edge.viewer_request
    def second(request: Request) -> None:
        seen.append(f"second {request.path}")
        request.headers.set("X-Seen", "yes")

    answer = edge(load_event("viewer-request"), Context())
    assert seen == ["first", "second /changed"]
    assert answer["uri"] == "/changed"
    assert answer["headers"]["x-seen"] == [{"key": "X-Seen", "value": "yes"}]
    assert (
        answer["headers"]["host"]
        == load_event("viewer-request")["Records"][0]["cf"]["request"]["headers"]["host"]
    )


def test_a_decorated_step_stays_the_function_it_was(edge: Edge) -> None:
    def step(request: Request) -> None: ...

    assert edge.viewer_request(step) is step
    assert edge.viewer_request(optional=True)(step) is step


def test_a_response_ends_the_steps_and_is_recorded(edge: Edge, output: Output) -> None:
    @edge.viewer_request
    def to_login(request: Request) -> Response:
        return request.redirect("/login", 303)

    @edge.viewer_request
    def never(request: Request) -> None:
        raise AssertionError("a step after the answer ran")

    assert edge(load_event("viewer-request"), Context()) == {
        "status": "303",
        "headers": {"location": [{"key": "Location", "value": "/login"}]},
        "body": "",
        "bodyEncoding": "text",
    }
    assert output.records[0]["status"] == 303


def test_a_response_step_changes_the_response_in_place(edge: Edge, output: Output) -> None:
    @edge.origin_response
    def cache_longer(request: Request, response: Response) -> None:
        assert request.path == "/shirts/17"
        response.headers.set("Cache-Control", "max-age=60")
        response.status = 404

    answer = edge(load_event("origin-response"), Context())
    assert (answer["status"], answer["headers"]["cache-control"][0]["value"]) == ("404", "max-age=60")
    assert "statusDescription" not in answer
    assert [entry["value"] for entry in answer["headers"]["set-cookie"]] == ["a=1; Path=/", "b=2; Path=/"]
    assert output.records[0]["status"] == 404


def test_at_origin_response_an_answer_takes_the_place_of_the_origins(edge: Edge) -> None:
    @edge.origin_response
    def gone(request: Request, response: Response) -> Response:
        return request.respond(410, "gone")

    @edge.origin_response
    def mark(request: Request, response: Response) -> None:
        response.headers.set("X-Status", str(response.status))

    answer = edge(load_event("origin-response"), Context())
    assert (answer["status"], answer["body"]) == ("410", "gone")
    # Deleting these two is a 502; what else the origin said is gone.
    assert set(answer["headers"]) == {"via", "transfer-encoding", "content-type", "x-status"}


def test_a_step_that_raises_fails_the_invocation_after_its_record(edge: Edge, output: Output) -> None:
    @edge.viewer_request
    def broken(request: Request) -> None:
        raise LookupError("no such shirt")

    with pytest.raises(LookupError, match="no such shirt"):
        edge(load_event("viewer-request"), Context())
    (record,) = output.records
    assert record["failed_steps"] == 1
    assert re.fullmatch(r"broken: LookupError at test_app\.py:\d+", record["failure"])


def test_an_optional_step_that_raises_is_counted_and_the_next_one_runs(edge: Edge, output: Output) -> None:
    @edge.viewer_request(optional=True)
    def broken(request: Request) -> None:
        raise LookupError("no such shirt")

    @edge.viewer_request
    def after(request: Request) -> None:
        request.headers.set("X-After", "1")

    assert "x-after" in edge(load_event("viewer-request"), Context())["headers"]
    edge(load_event("viewer-request"), Context())
    first, second = output.records
    assert first["failure"].startswith("broken: LookupError at test_app.py:")
    assert [first["failed_steps"], second["failed_steps"]] == [1, 2]


def test_a_failure_is_told_once_and_stays_counted(edge: Edge, output: Output) -> None:
    @edge.viewer_response(optional=True)
    def broken(request: Request, response: Response) -> None:
        raise LookupError("no such shirt")

    edge(load_event("viewer-response"), Context())
    edge(load_event("viewer-request"), Context())
    told, counted = output.records  # a viewer response has a record only because a step failed there
    assert told["trigger"] == "viewer-response"
    assert told["failure"].startswith("broken: LookupError at test_app.py:")
    assert counted["failed_steps"] == 1
    assert "failure" not in counted


@pytest.mark.parametrize("value", [{"status": "200"}, "text", 7])
def test_a_step_that_returns_something_else_is_told_what_to_return(edge: Edge, value: object) -> None:
    edge.viewer_request(lambda request: value)
    with pytest.raises(
        EdgeError, match=r"the step <lambda> at test_app.py:154 returned \w+; return a Response, or nothing"
    ):
        edge(load_event("viewer-request"), Context())


def test_a_folder_of_the_authors_beside_the_runtime_is_not_taken_for_it(edge: Edge, output: Output) -> None:
    code = "def step(request):\n    raise LoadError(request.headers.get('cookie'))"
    file = str(Path(edgewise.edge.__file__).parent) + "_of_mine/app.py"
    names: dict[str, Any] = {"LoadError": edgewise.edge.LoadError}
    exec(compile(code, file, "exec"), names)
    edge.viewer_request(optional=True)(names["step"])
    edge(load_event("viewer-request"), Context())
    assert output.records[0]["failure"] == "step: LoadError at app.py:2"


def test_an_error_without_readable_text_is_still_reported(edge: Edge, output: Output) -> None:
    class Unspeakable(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    @edge.viewer_request(optional=True)
    def broken(request: Request) -> None:
        raise Unspeakable

    edge(load_event("viewer-request"), Context())
    assert output.records[0]["failure"].startswith("broken: Unspeakable at test_app.py:")


def test_standard_output_that_fails_never_fails_the_request(clock: HandClock) -> None:
    written: list[str] = []

    def write(line: str) -> None:
        if not written:
            written.append("")
            raise OSError(28, "disk full")
        written.append(line)

    edge = Edge(clock=clock, write=write, environ=ENVIRON)
    for _ in range(2):
        assert edge(load_event("viewer-request"), Context())["uri"] == "/shirts/17"
    record = json.loads(written[1])
    assert record["failure"].startswith("log: OSError 28 at test_app.py:")
    assert (record["failed_steps"], record["dropped"], record["sent"]) == (1, 1, 0)


def test_a_record_that_cannot_be_built_never_fails_the_request(edge: Edge, output: Output) -> None:
    event = load_event("origin-response")
    event["Records"][0]["cf"]["response"]["status"] = "odd"
    assert edge(event, Context()) is event["Records"][0]["cf"]["response"]
    edge(load_event("viewer-request"), Context())
    (record,) = output.records
    assert record["failure"].startswith("log: ValueError at response.py:")


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_facts_that_only_the_log_needs_may_be_missing(edge: Edge, output: Output, trigger: str) -> None:
    cf = load_event(trigger)["Records"][0]["cf"]
    cf["config"] = {"eventType": trigger}
    cf["request"] = {"uri": "/"}
    for number in range(2):
        answer = edge({"Records": [{"cf": cf}]}, Context(f"{number}f9c1f2e-0000"))
        assert answer is cf["response" if trigger.endswith("response") else "request"]
    ids = [record["record_id"] for record in output.records]
    assert len(set(ids)) == len(ids) == (2 if trigger in ("viewer-request", "origin-response") else 0)


@pytest.mark.parametrize("event", [{}, {"Records": []}, {"Records": [{"s3": {}}]}, {"test": "event"}])
def test_an_event_of_another_service_is_refused_by_name(edge: Edge, event: dict[str, Any]) -> None:
    with pytest.raises(EdgeError, match="not an event of CloudFront"):
        edge(event, Context())


@pytest.mark.parametrize("trigger", ["viewer-whatever", "environment", "memory", "-use", 7, None])
def test_an_unknown_trigger_is_refused(edge: Edge, trigger: Any) -> None:
    event = load_event("viewer-request")
    event["Records"][0]["cf"]["config"]["eventType"] = trigger
    with pytest.raises(EdgeError, match="not an event of CloudFront"):
        edge(event, Context())


def test_settings_are_read_from_the_bundle(tmp_path: Path, output: Output) -> None:
    settings = {"site": "shop", "hash": "0123456789ab", "log": {"delivery": "stdout"}}
    (tmp_path / "edgewise_settings.json").write_text(json.dumps(settings))
    edge = Edge(write=output, environ={"LAMBDA_TASK_ROOT": str(tmp_path)})
    edge(load_event("viewer-request"), Context())
    assert output.records[0]["settings_hash"] == "0123456789ab"


def test_settings_without_a_log_make_no_records(output: Output) -> None:
    edge = Edge({"site": "shop", "hash": "0123456789ab"}, write=output, environ=ENVIRON)
    edge(load_event("viewer-request"), Context())
    assert output.lines == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "cannot be read"),
        ("[]", "no JSON object"),
        ('{"log": true}', "log.delivery"),
        ('{"log": {"delivery": "pigeon"}}', "log.delivery"),
        ('{"log": {"delivery": "openobserve"}}', "url"),
        ('{"log": {"delivery": "openobserve", "url": "http://store:port"}}', "url"),
        ('{"log": {"delivery": "openobserve", "url": "http://u:secret@store"}}', "url"),
        ('{"log": {"delivery": "openobserve", "url": "http://store", "budget_ms": "50"}}', "budget_ms"),
        ('{"log": {"delivery": "openobserve", "url": "http://store", "stream": "a b"}}', "stream"),
        ('{"log": {"delivery": "openobserve", "url": "http://store", "password": "secret\\n"}}', "password"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_unusable_settings_are_said_once_and_the_site_stays_up(
    tmp_path: Path, output: Output, text: str, reason: str
) -> None:
    (tmp_path / "edgewise_settings.json").write_text(text)
    edge = Edge(write=output, environ={"LAMBDA_TASK_ROOT": str(tmp_path)})
    for _ in range(2):
        edge(load_event("viewer-request"), Context())
    (note,) = output.notes
    assert re.match(r"edgewise: edgewise_settings\.json: .*" + re.escape(reason), note)
    assert "secret" not in note
    assert len(output.records) == 2


def test_settings_and_standard_output_may_both_fail(tmp_path: Path) -> None:
    (tmp_path / "edgewise_settings.json").write_text("{")
    written: list[str] = []

    def write(line: str) -> None:
        written.append(line)
        if len(written) == 1:
            raise OSError("disk full")

    edge = Edge(write=write, environ={"LAMBDA_TASK_ROOT": str(tmp_path)})
    assert edge(load_event("viewer-request"), Context())["uri"] == "/shirts/17"
    assert json.loads(written[1])["failure"].startswith("log: OSError at test_app.py:")


class Pipe(io.RawIOBase):
    """The reading end of standard output: what arrives, and in how many writes."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.writes.append(bytes(data))
        return len(data)


def test_a_line_does_not_stay_in_the_buffer_of_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = Pipe()
    edge = Edge(environ=ENVIRON)
    with io.TextIOWrapper(io.BufferedWriter(pipe), encoding="utf-8") as stdout:
        monkeypatch.setattr("sys.stdout", stdout)
        edge(load_event("viewer-request"), Context())
        (line,) = pipe.writes
        monkeypatch.undo()
    assert line.endswith(b"}\n")


def test_a_line_on_standard_output_is_one_write(capsys: pytest.CaptureFixture[str]) -> None:
    Edge(environ=ENVIRON)(load_event("viewer-request"), Context())
    written = capsys.readouterr().out
    assert written.endswith("}\n")
    assert written.count("\n") == 1
    json.loads(written)
