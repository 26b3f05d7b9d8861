"""What the author of a function is told when it fails: in which file, which limit, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.running import associations, behavior, function, running_cdn, template

CLIENTS = pytest.mark.parametrize("own_client", [False, True], ids=["awslambdaric", "own"])

FAILS = """
import datetime, os, sys, time

def handler(event, context):
    uri = event["Records"][0]["cf"]["request"]["uri"]
    if uri == "/hang":
        time.sleep(60)
    if uri == "/exit":
        sys.exit(3)
    if uri == "/grow":
        kept = b"x" * 200_000_000
        time.sleep(60)
    if uri == "/set":
        return {"status": "200", "body": {1, 2}}
    if uri == "/nan":
        return {"status": float("nan")}
    if uri == "/library":
        from edgewise.edge import broken
        broken.fail()
    raise ValueError("on purpose")
"""


def failing(folder: Path, *paths: str, own_client: bool, code: str = FAILS) -> list[tuple[str, str]]:
    """What is told of each request: the error in one line, and what to do."""
    text = template(
        behavior(LambdaFunctionAssociations=associations("viewer-request")),
        functions={"Function": function(Timeout=3, MemorySize=130)},
    )
    library = folder / "code" / "edgewise" / "edge"
    library.mkdir(parents=True)
    (library / "broken.py").write_text("def fail():\n    raise ValueError('by the library')\n")
    with running_cdn(folder, text, {"app.py": code}, own_runtime_client=own_client) as cdn:
        for path in paths:
            assert cdn.request(path).status in (502, 503)
    told = [trace.detail.partition("\n") for trace in cdn.traces]
    return [(error, what_to_do) for error, _, what_to_do in told]


@CLIENTS
def test_a_limit_that_was_reached_is_named_with_the_file(tmp_path: Path, own_client: bool) -> None:
    (slow, faster), (large, smaller) = failing(tmp_path, "/hang", "/grow", own_client=own_client)
    file = str(tmp_path / "code" / "app.py")
    assert "Sandbox.Timedout: " in slow and f"Task timed out after 3.00 seconds ({file})" in slow
    assert "3 s, its `Timeout`" in faster
    assert "Runtime.OutOfMemory: " in large and large.endswith(f" MB ({file})")
    assert int(large.partition("it had ")[2].partition(" ")[0]) > 130
    assert "130 MB, its `MemorySize`" in smaller


@CLIENTS
def test_what_ends_without_a_traceback_names_the_file_and_what_to_do(
    tmp_path: Path, own_client: bool
) -> None:
    (ended, end), (unfit, fit) = failing(tmp_path, "/exit", "/set", own_client=own_client)
    for error, kind in ((ended, "Runtime.ExitError"), (unfit, "Runtime.MarshalError")):
        assert kind in error and error.endswith(f"({tmp_path / 'code' / 'app.py'})")
    assert "sys.exit" in end and "make a list of a set" in fit


def test_an_exception_names_its_line_and_needs_no_advice(tmp_path: Path) -> None:
    (raised, nothing), (inside, _) = failing(tmp_path, "/", "/library", own_client=False)
    file, code = tmp_path / "code" / "app.py", FAILS.splitlines()
    assert raised.endswith(f"ValueError: on purpose ({file}:{len(code)})") and not nothing
    assert inside.endswith(f"by the library ({file}:{len(code) - 1})"), (
        "the user's own line, not the library's"
    )


@CLIENTS
@pytest.mark.parametrize(
    ("code", "line", "what_to_do"),
    [
        ("a = 1\ndef handler(:\n", ":2", ""),
        ("import no_such_module\n", "", "it can import nothing from elsewhere"),
        ("other = 1\n", "", "`Handler` in the template is app.handler"),
    ],
)
def test_a_function_that_does_not_start_is_told_with_its_whole_path(
    tmp_path: Path, own_client: bool, code: str, line: str, what_to_do: str
) -> None:
    ((error, advice),) = failing(tmp_path, "/", own_client=own_client, code=code)
    assert error.endswith(f" ({tmp_path / 'code' / 'app.py'}{line})")
    assert "(app.py" not in error and what_to_do in advice


def test_nan_is_a_result_that_is_no_json_and_a_set_is_none_at_all(tmp_path: Path) -> None:
    (unfit, _), (nan, _) = failing(tmp_path, "/set", "/nan", own_client=False)
    assert "Runtime.MarshalError" in unfit and "the JSON output is not parsable" in nan
