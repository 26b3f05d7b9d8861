"""Functions run for real: one invocation at a time, frozen between them, replaced when they fail."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from edgewise.cdn.distribution import FunctionDefinition
from edgewise.cdn.functions import environment
from edgewise.cdn.functions.failed import THROTTLED
from edgewise.cdn.functions.function import Function
from edgewise.cdn.functions.launcher import Launcher
from support.running import (
    PASS_ON,
    RunningCdn,
    associations,
    behavior,
    function,
    running_cdn,
    running_origin,
    template,
)

# Answers every request itself, with what `what` says about the environment.
REPORT = """
import json, os, sys, threading, time
calls, stood_still, last = 0, 0.0, time.monotonic()
def look():
    global stood_still, last
    now = time.monotonic()
    stood_still, last = max(stood_still, now - last), now
def tick():
    while True:
        time.sleep(0.002)
        look()
threading.Thread(target=tick, daemon=True).start()

def handler(event, context):
    global calls
    calls += 1
    look()
    uri = event["Records"][0]["cf"]["request"]["uri"]
    if uri == "/raise":
        raise ValueError("on purpose")
    if uri == "/exit":
        os._exit(3)
    if uri == "/hang":
        time.sleep(60)
    if uri == "/sleep":
        time.sleep(0.2)
    print("said by the handler")
    return {"status": "200", "body": json.dumps({
        "stood_still": stood_still, "calls": calls, "pid": os.getpid(), "environ": dict(os.environ), "cwd": os.getcwd(),
        "name": context.function_name, "version": context.function_version, "arn": context.invoked_function_arn,
        "left": context.get_remaining_time_in_millis(), "path": sys.path,
    })}
"""

# Time for a machine that is busy, and not too long for those who wait for its end.
SHORT = {"Function": function(Timeout=4)}

REGIONS = ("eu-central-1", "us-east-1", "ap-northeast-1")

CLIENTS = pytest.mark.parametrize("own_client", [False, True], ids=["awslambdaric", "own"])


def answering(
    folder: Path,
    code: str = REPORT,
    *,
    own_client: bool = False,
    functions: dict[str, Any] | None = None,
    **options: Any,
) -> AbstractContextManager[RunningCdn]:
    text = template(behavior(LambdaFunctionAssociations=associations("viewer-request")), functions=functions)
    return running_cdn(folder, text, {"app.py": code}, own_runtime_client=own_client, **options)


@CLIENTS
def test_a_background_thread_does_not_run_between_invocations_and_globals_stay(
    tmp_path: Path, own_client: bool
) -> None:
    with answering(tmp_path, own_client=own_client) as cdn:
        first = cdn.request("/").json()
        time.sleep(1.0)
        second = cdn.request("/").json()
    assert second["pid"] == first["pid"]
    assert second["calls"] == first["calls"] + 1
    # Its thread would have gone on every two thousandths of a second.
    assert second["stood_still"] > 0.5


@CLIENTS
@pytest.mark.parametrize(
    ("path", "error"),
    [("/raise", "on purpose"), ("/exit", "Runtime.ExitError"), ("/hang", "Sandbox.Timedout")],
)
def test_a_function_that_fails_gives_503_and_the_next_request_is_served(
    tmp_path: Path, own_client: bool, path: str, error: str
) -> None:
    with answering(tmp_path, own_client=own_client, functions=SHORT) as cdn:
        answer = cdn.request(path)
        following = cdn.request("/")
    assert (answer.status, answer.cache) == (503, "LambdaExecutionError")
    assert b"The Lambda function associated with the CloudFront distribution is invalid" in answer.body
    assert following.status == 200
    assert error in cdn.traces[0].detail


@CLIENTS
@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import no_such_module\n", "Runtime.ImportModuleError"),
        ("def handler(:\n", "Runtime.UserCodeSyntaxError"),
        ("other = 1\n", "Runtime.HandlerNotFound"),
        ("raise RuntimeError('at the start')\n", "at the start"),
    ],
)
def test_a_function_that_does_not_start_gives_503_until_it_is_mended(
    tmp_path: Path, own_client: bool, code: str, error: str
) -> None:
    with answering(tmp_path, code, own_client=own_client) as cdn:
        broken = cdn.request("/")
        (tmp_path / "code" / "app.py").write_text(REPORT)
        mended = cdn.request("/")
    assert broken.status == 503
    assert error in cdn.traces[0].detail
    assert mended.status == 200


@CLIENTS
def test_a_result_that_is_not_json_is_an_error_of_the_function(tmp_path: Path, own_client: bool) -> None:
    with answering(
        tmp_path, "def handler(event, context):\n    return object()\n", own_client=own_client
    ) as cdn:
        answer = cdn.request("/")
    assert answer.status == 503
    assert "Runtime.MarshalError" in cdn.traces[0].detail


def test_the_environment_is_that_of_the_edge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SHELL", "1")
    with answering(tmp_path) as cdn:
        seen = cdn.request("/").json()
    environ = seen["environ"]
    assert "SECRET_OF_THE_SHELL" not in environ
    assert not any(name.startswith(("AWS_ACCESS", "AWS_SECRET", "AWS_SESSION")) for name in environ)
    assert environ["AWS_REGION"] == "eu-central-1"
    assert environ["AWS_LAMBDA_FUNCTION_NAME"] == seen["name"] == "us-east-1.edge"
    assert environ["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/us-east-1.edge"
    assert seen["arn"] == "arn:aws:lambda:eu-central-1:123456789012:function:us-east-1.edge:1"
    assert seen["cwd"] == environ["LAMBDA_TASK_ROOT"] == str(tmp_path / "code")
    assert 0 < seen["left"] <= 20_000
    assert not any(path.endswith("site-packages") for path in seen["path"])


def test_a_function_has_the_credentials_of_its_role_where_there_are_some(tmp_path: Path) -> None:
    credentials = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s3cret", "AWS_SESSION_TOKEN": "t"}
    with answering(tmp_path, credentials=credentials) as cdn:
        environ = cdn.request("/").json()["environ"]
    assert {name: environ[name] for name in credentials} == credentials


def test_a_function_cannot_import_what_lambda_does_not_have(tmp_path: Path) -> None:
    with answering(tmp_path, "import duckdb\n" + REPORT) as cdn:
        assert cdn.request("/").status == 503
    assert "duckdb" in cdn.traces[0].detail


@CLIENTS
def test_the_log_has_start_end_and_report_around_what_the_function_printed(
    tmp_path: Path, own_client: bool
) -> None:
    with answering(tmp_path, own_client=own_client) as cdn:
        cdn.request("/")
    init, start, said, end, report = cdn.messages()
    request_id = start.split()[2]
    assert init.startswith("INIT_START Runtime Version: python3.13")
    assert start == f"START RequestId: {request_id} Version: 1"
    assert said == "said by the handler"
    assert end == f"END RequestId: {request_id}"
    assert report.startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    assert "\tMemory Size: 128 MB\t" in report and "\tInit Duration: " in report
    assert {(event.region, event.group) for event in cdn.logs} == {
        ("eu-central-1", "/aws/lambda/us-east-1.edge")
    }


def test_a_timeout_is_in_the_log(tmp_path: Path) -> None:
    with answering(tmp_path, functions={"Function": function(Timeout=1)}) as cdn:
        cdn.request("/hang")
    assert any(message.endswith("Task timed out after 1.00 seconds") for message in cdn.messages())


@CLIENTS
def test_an_edit_takes_effect_on_the_next_request(tmp_path: Path, own_client: bool) -> None:
    code = "def handler(event, context):\n    return {'status': '200', 'body': '%s ' + context.function_version}\n"
    with answering(tmp_path, code % "old", own_client=own_client) as cdn:
        before = cdn.request("/").body
        (tmp_path / "code" / "app.py").write_text(code % "new")
        after = cdn.request("/").body
        (tmp_path / "code" / "other.py").write_text("")
        added = cdn.request("/").body
    assert (before, after, added) == (b"old 1", b"new 2", b"new 3")


def test_an_environment_serves_one_invocation_at_a_time_and_others_are_started(tmp_path: Path) -> None:
    with answering(tmp_path, max_environments=3) as cdn, ThreadPoolExecutor(6) as pool:
        answers = [answer.json() for answer in pool.map(cdn.request, ["/sleep"] * 6)]
    by_pid = {answer["pid"] for answer in answers}
    assert 1 < len(by_pid) <= 3
    assert len({(answer["pid"], answer["calls"]) for answer in answers}) == 6


def test_a_second_invocation_reuses_the_environment(tmp_path: Path) -> None:
    text = template(behavior(LambdaFunctionAssociations=associations("viewer-request", "origin-request")))
    with running_origin() as origin, running_cdn(tmp_path, text, origins={"app": origin.url}) as cdn:
        for _ in range(5):
            assert cdn.request("/").status == 200
    assert sum(message.startswith("INIT_START") for message in cdn.messages()) == 1


def test_an_environment_beyond_its_lifetime_is_replaced(tmp_path: Path) -> None:
    with answering(tmp_path, lifetime=0.5) as cdn:
        first = cdn.request("/").json()
        time.sleep(0.6)
        second = cdn.request("/").json()
    assert second["pid"] != first["pid"] and second["calls"] == 1


def test_closing_ends_every_process_even_a_frozen_and_a_hanging_one(tmp_path: Path) -> None:
    with answering(tmp_path) as cdn, ThreadPoolExecutor(2) as pool:
        frozen = cdn.request("/").json()["pid"]
        hanging = [pool.submit(cdn.request, "/hang") for _ in range(2)]
        _wait_for(lambda: sum(message.startswith("START") for message in cdn.messages()) == 3)
        running = _children()
        cdn.close()
        for request in hanging:
            with pytest.raises((ConnectionError, http.client.HTTPException)):
                request.result(30)
    assert frozen in running and len(running) == 2
    assert not _alive(frozen)
    assert _children() == []


def test_a_killed_frozen_environment_is_replaced(tmp_path: Path) -> None:
    with answering(tmp_path) as cdn:
        first = cdn.request("/").json()["pid"]
        os.kill(first, 9)
        _wait_for(lambda: not _alive(first))
        second = cdn.request("/").json()
    assert second["pid"] != first
    assert second["calls"] == 1


@pytest.mark.parametrize("flood", ["os.write(1, b'y\\n' * 32768)", "os.write(1, b'y' * 65536)"])
def test_a_function_that_prints_for_ever_runs_out_of_time_and_hurts_nobody_else(
    tmp_path: Path, flood: str
) -> None:
    code = REPORT.replace(
        'if uri == "/hang":', f'while uri == "/flood":\n        {flood}\n    if uri == "/hang":'
    )
    with answering(tmp_path, code, functions=SHORT) as cdn, ThreadPoolExecutor(1) as pool:
        cdn.request("/")
        flooding = pool.submit(cdn.request, "/flood")
        others = [cdn.request("/").status for _ in range(5)]
        assert flooding.result(30).status == 503
    assert others == [200] * 5
    assert any(message.endswith("Task timed out after 4.00 seconds") for message in cdn.messages())


def test_requests_that_wait_for_a_start_that_fails_are_all_answered(tmp_path: Path) -> None:
    with answering(tmp_path, max_environments=1) as cdn, ThreadPoolExecutor(4) as pool:
        shutil.rmtree(tmp_path / "code")
        answers = list(pool.map(cdn.request, ["/"] * 4))
    assert [answer.status for answer in answers] == [503] * 4


def test_two_functions_on_one_behavior(tmp_path: Path) -> None:
    mark = """
def handler(event, context):
    response = event["Records"][0]["cf"]["response"]
    response["headers"]["x-marked-by"] = [{"value": context.function_name}]
    return response
"""
    text = template(
        behavior(
            LambdaFunctionAssociations=[
                *associations("viewer-request", function="One"),
                *associations("origin-response", function="Two"),
            ]
        ),
        functions={
            "One": function(FunctionName="one", Handler="one.handler"),
            "Two": function(FunctionName="two", Handler="two.handler"),
        },
    )
    files = {"one.py": PASS_ON, "two.py": mark}
    with running_origin() as origin, running_cdn(tmp_path, text, files, origins={"app": origin.url}) as cdn:
        answer = cdn.request("/")
    assert answer.headers["X-Marked-By"] == "us-east-1.two"
    assert [run.trigger for run in cdn.traces[0].functions] == ["viewer-request", "origin-response"]


@CLIENTS
def test_an_environment_that_crashed_starts_within_its_next_invocation(
    tmp_path: Path, own_client: bool
) -> None:
    with answering(tmp_path, own_client=own_client) as cdn:
        cdn.request("/exit")
        assert cdn.request("/").status == 200
    _, _, exited, end, report, start, said, _, second = cdn.messages()
    request_id = end.split()[2]
    assert exited == (
        f"RequestId: {request_id} Error: Runtime exited with error: exit status 3\nRuntime.ExitError"
    )
    assert report.endswith("\tStatus: error\tError Type: Runtime.ExitError")
    assert start.startswith("START") and said == "said by the handler"
    # No start is reported: its time is the invocation's.
    assert "Init Duration" in report and "Init Duration" not in second
    assert len({event.stream for event in cdn.logs}) == 1


def test_a_crash_can_make_the_next_invocation_run_out_of_time(tmp_path: Path) -> None:
    mark = tmp_path / "started-once"
    code = (
        f"import os, time\nif os.path.exists({str(mark)!r}): time.sleep(20)\nopen({str(mark)!r}, 'w')\n"
        + REPORT
    )
    with answering(tmp_path, code, functions={"Function": function(Timeout=2)}) as cdn:
        cdn.request("/exit")
        answer = cdn.request("/")
    assert answer.status == 503
    failed, start, late, end, report = cdn.messages()[-5:]
    assert failed.startswith("INIT_REPORT Init Duration: ")
    assert failed.endswith(" ms\tPhase: invoke\tStatus: timeout")
    assert start.startswith("START") and late.endswith("Task timed out after 2.00 seconds")
    assert end.startswith("END")
    assert "\tDuration: 2000.00 ms\tBilled Duration: 2000 ms\t" in report
    assert report.endswith("\tStatus: timeout")


@CLIENTS
def test_a_start_that_fails_once_is_repeated_within_the_invocation(tmp_path: Path, own_client: bool) -> None:
    mark = tmp_path / "started-once"
    code = (
        f"import os\nif not os.path.exists({str(mark)!r}):\n    open({str(mark)!r}, 'w')\n    os._exit(1)\n"
        + REPORT
    )
    with answering(tmp_path, code, own_client=own_client) as cdn:
        assert cdn.request("/").status == 200
    first, failed, start, *_, report = cdn.messages()
    assert first.startswith("INIT_START")
    assert failed.startswith("INIT_REPORT Init Duration: ")
    assert failed.endswith(" ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError")
    assert start.startswith("START")
    assert report.startswith("REPORT") and "Init Duration" not in report


def test_a_start_that_takes_too_long_is_repeated_under_the_timeout_of_the_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "INIT_TIMEOUT", 0.3)
    with answering(tmp_path, "import time\ntime.sleep(1)\n" + REPORT) as cdn:
        assert cdn.request("/").status == 200
    _, failed, start, *_, report = cdn.messages()
    assert failed.endswith(" ms\tPhase: init\tStatus: timeout")
    assert start.startswith("START")
    # The time of the second start is the invocation's, and leaves it less to run.
    assert float(report.split("\t")[1].split()[1]) >= 1000


@CLIENTS
def test_a_function_that_uses_more_memory_than_it_may_is_ended(tmp_path: Path, own_client: bool) -> None:
    code = REPORT.replace(
        'if uri == "/hang":',
        'if uri == "/grow":\n        globals()["kept"] = b"x" * 200_000_000\n    if uri == "/hang":',
    )
    with answering(tmp_path, code, own_client=own_client) as cdn:
        answers = [cdn.request(path).status for path in ("/grow", "/")]
    assert answers == [503, 200]
    assert "Runtime.OutOfMemory" in cdn.traces[0].detail
    killed = next(message for message in cdn.messages() if "Error: Runtime exited" in message)
    assert killed.endswith(" Error: Runtime exited with error: signal: killed\nRuntime.OutOfMemory")
    report = next(message for message in cdn.messages() if message.startswith("REPORT"))
    assert "\tMemory Size: 128 MB\tMax Memory Used: 128 MB\t" in report
    assert report.endswith("\tStatus: error\tError Type: Runtime.OutOfMemory")


def test_the_memory_of_child_processes_counts(tmp_path: Path) -> None:
    grow = "import time; kept = b'x' * 200_000_000; time.sleep(60)"
    code = REPORT.replace(
        'if uri == "/hang":',
        f'if uri == "/grow":\n        import subprocess\n        subprocess.run([sys.executable, "-c", "{grow}"])\n'
        '    if uri == "/hang":',
    )
    with answering(tmp_path, code, functions={"Function": function(Timeout=20)}) as cdn:
        assert cdn.request("/grow").status == 503
    assert "Runtime.OutOfMemory" in cdn.traces[0].detail


def test_a_large_result_passes(tmp_path: Path) -> None:
    code = PASS_ON.replace(
        "return", 'cf["request"]["headers"]["x-big"] = [{"value": "x" * 20_000}]\n    return', 1
    )
    text = template(behavior(LambdaFunctionAssociations=associations("origin-request")))
    with (
        running_origin() as origin,
        running_cdn(tmp_path, text, {"app.py": code}, origins={"app": origin.url}) as cdn,
    ):
        headers = dict(cdn.request("/").json()["headers"])
    assert len(headers["x-big".title()]) == 20_000


@pytest.mark.parametrize(
    "new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
def test_a_function_on_either_event_loop(
    tmp_path: Path, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def run(function: Function) -> list[str]:
        async def said(uri: str) -> str:
            event = {"Records": [{"cf": {"request": {"uri": uri}}}]}
            ran = await function.invoke(json.dumps(event).encode())
            return ran.outcome.error_type or str(json.loads(ran.outcome.payload)["status"])

        first = await said("/")
        ticks = await asyncio.gather(*(said("/sleep") for _ in range(5)))
        return [first, *ticks, await said("/exit"), await said("/hang"), await said("/")]

    with alone(tmp_path, max_environments=2) as function, asyncio.Runner(loop_factory=new_loop) as runner:
        outcomes = runner.run(run(function))
        runner.run(function.close())
    assert outcomes == ["200"] * 6 + ["Runtime.ExitError", "Sandbox.Timedout", "200"]
    assert _children() == []


def test_beyond_its_concurrency_a_function_is_throttled(tmp_path: Path) -> None:
    async def run(function: Function) -> list[str]:
        event = json.dumps({"Records": [{"cf": {"request": {"uri": "/sleep"}}}]}).encode()
        together = await asyncio.gather(*(function.invoke(event) for _ in range(4)))
        later = await function.invoke(event)
        await function.close()
        return [ran.outcome.error_type for ran in (*together, later)]

    # The limit counts requests that wait, too: one environment, two executions.
    with alone(tmp_path, max_environments=1, concurrency=2) as function:
        assert asyncio.run(run(function)) == ["", "", THROTTLED, THROTTLED, ""]


def test_a_function_that_was_closed_starts_nothing(tmp_path: Path) -> None:
    async def run(function: Function) -> tuple[str, list[int]]:
        await function.close()
        ran = await function.invoke(b"{}")
        return ran.outcome.error_type, _children()

    with alone(tmp_path) as function:
        assert asyncio.run(run(function)) == ("Sandbox.Closed", [])


def test_functions_cost_nothing_before_they_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tmp_path / "made"
    made.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(made))
    launcher = Launcher()
    definition = FunctionDefinition("edge", "app.handler", tmp_path)
    functions = [Function(definition, region, launcher, print) for region in REGIONS for _ in range(50)]
    assert len(functions) == 150 and list(made.iterdir()) == []
    launcher.close()


def test_a_function_behind_a_function_url_has_its_own_name_and_variables(tmp_path: Path) -> None:
    async def run(function: Function) -> Any:
        event = json.dumps({"Records": [{"cf": {"request": {"uri": "/"}}}]}).encode()
        ran = await function.invoke(event)
        await function.close()
        return json.loads(json.loads(ran.outcome.payload)["body"])

    with alone(tmp_path, at_edge=False, variables={"STAGE": "test", "AWS_REGION": "mars"}) as function:
        seen = asyncio.run(run(function))
    assert seen["name"] == "edge" and seen["arn"].endswith(":function:edge:1")
    assert (seen["environ"]["STAGE"], seen["environ"]["AWS_REGION"]) == ("test", "eu-central-1")


@contextmanager
def alone(
    folder: Path, *, max_environments: int = 4, concurrency: int | None = None, **definition: Any
) -> Iterator[Function]:
    """A function without a CDN around it."""
    (folder / "app.py").write_text(REPORT)
    launcher = Launcher()
    try:
        yield Function(
            FunctionDefinition("edge", "app.handler", folder, timeout=4.0, **definition),
            REGIONS[0],
            launcher,
            lambda event: None,
            max_environments=max_environments,
            concurrency=concurrency,
        )
    finally:
        launcher.close()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _children() -> list[int]:
    """The runtime clients that this process has started and that still live (Linux)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                command = (entry / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(stat[1]) == os.getpid() and b"_client.py\0app.handler" in command and stat[0] != "Z":
                found.append(int(entry.name))
    return found


def _wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
