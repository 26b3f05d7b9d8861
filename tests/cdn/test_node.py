"""Functions in JavaScript: found, started and run where Node and AWS's client for it are installed.

The client itself is not part of the set-up. A stand-in that speaks the Runtime API takes its place in most tests.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from edgewise.cdn.distribution import FunctionDefinition
from edgewise.cdn.errors import RuntimeClientError
from edgewise.cdn.functions.function import Function
from edgewise.cdn.functions.launcher import Launcher
from edgewise.cdn.functions.node_client import FOLDER_VARIABLE

REAL_CLIENT = os.environ.get(FOLDER_VARIABLE)
NODE = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")

STAND_IN = """
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
const [file, name] = process.argv[2].split(".");
const { createRequire } = await import("node:module");
const handler = createRequire(process.cwd() + "/")(`./${file}.js`)[name];
for (;;) {
  const next = await fetch(`${api}/next`);
  const event = await next.json();
  const id = next.headers.get("lambda-runtime-aws-request-id");
  try {
    await fetch(`${api}/${id}/response`, { method: "POST", body: JSON.stringify(await handler(event)) });
  } catch (error) {
    const body = JSON.stringify({ errorType: error.name, errorMessage: error.message });
    const headers = { "Lambda-Runtime-Function-Error-Type": error.name };
    await fetch(`${api}/${id}/error`, { method: "POST", body, headers });
  }
}
"""
HANDLER = """
let calls = 0;
let ticks = 0;
setInterval(() => { ticks += 1; }, 2);
exports.handler = async (event) => {
  calls += 1;
  console.log("said by the handler");
  if (event.uri === "/raise") throw new RangeError("on purpose");
  if (event.uri === "/exit") process.exit(3);
  return { calls, ticks, pid: process.pid, environ: process.env, cwd: process.cwd() };
};
"""


@pytest.fixture(autouse=True)
def no_client_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)


def definition(folder: Path) -> FunctionDefinition:
    code = folder / "code"
    code.mkdir()
    (code / "app.js").write_text(HANDLER)
    return FunctionDefinition("edge", "app.handler", code, runtime="nodejs22.x")


def install_stand_in(folder: Path) -> Path:
    script = folder / "node_modules" / "aws-lambda-ric" / "bin" / "index.mjs"
    script.parent.mkdir(parents=True)
    script.write_text(STAND_IN)
    return script


def run(what: FunctionDefinition, *uris: str, pause: float = 0.0) -> tuple[list[Any], list[str]]:
    """What the handler returned for each event, or the error's type, and what is in its log."""
    messages: list[str] = []

    async def invoke_all() -> list[Any]:
        function = Function(what, "eu-central-1", Launcher(), lambda event: messages.append(event.message))
        answers = []
        for uri in uris:
            ran = await function.invoke(json.dumps({"uri": uri}).encode())
            answers.append(ran.outcome.error_type or json.loads(ran.outcome.payload))
            await asyncio.sleep(pause)
        await function.close()
        return answers

    return asyncio.run(invoke_all()), messages


def test_without_the_client_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\n")
    node.chmod(0o755)
    with pytest.raises(RuntimeClientError) as caught:
        Launcher().check(definition(tmp_path))
    assert "AWS's runtime client for Node is not here" in caught.value.message
    assert "npm install aws-lambda-ric" in (caught.value.hint or "")
    node.unlink()
    with pytest.raises(RuntimeClientError, match="there is no `node` here"):
        Launcher().check(FunctionDefinition("edge", "app.handler", tmp_path, runtime="nodejs22.x"))


def test_a_python_function_needs_no_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    Launcher().check(FunctionDefinition("edge", "app.handler", tmp_path))


@NODE
def test_the_client_is_found_upward_from_the_code_or_by_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    what = definition(tmp_path)
    above = install_stand_in(tmp_path)
    assert Launcher().command(what)[1:] == [str(above), "app.handler"]
    elsewhere = install_stand_in(tmp_path / "elsewhere")
    for named in (tmp_path / "elsewhere", elsewhere.parent.parent):
        monkeypatch.setenv(FOLDER_VARIABLE, str(named))
        assert Launcher().command(what)[1] == str(elsewhere)


def test_an_invocation_without_the_client_fails_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    answers, _ = run(definition(tmp_path), "/")
    assert answers == ["Sandbox.StartFailed"]


@NODE
def test_a_handler_runs_is_frozen_between_invocations_and_is_replaced_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SHELL", "1")
    install_stand_in(tmp_path)
    answers, messages = run(definition(tmp_path), "/", "/", "/raise", "/exit", "/", pause=0.6)
    first, second, raised, ended, replaced = answers
    assert (raised, ended) == ("RangeError", "Runtime.ExitError")
    assert (first["calls"], second["calls"], replaced["calls"]) == (1, 2, 1)
    assert second["pid"] == first["pid"] != replaced["pid"]
    # 300 ticks would fit into the pause.
    assert second["ticks"] - first["ticks"] < 150
    environ = first["environ"]
    assert "SECRET_OF_THE_SHELL" not in environ and "PYTHONPATH" not in environ
    assert environ["AWS_EXECUTION_ENV"] == "AWS_Lambda_nodejs22.x"
    assert environ["LAMBDA_TASK_ROOT"] == first["cwd"] == str(tmp_path / "code")
    assert messages[0] == "INIT_START Runtime Version: nodejs22.x"
    assert "said by the handler" in messages


@NODE
@pytest.mark.skipif(not REAL_CLIENT, reason=f"{FOLDER_VARIABLE} names no folder with AWS's client")
def test_the_real_client_runs_a_handler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(REAL_CLIENT))
    answers, messages = run(definition(tmp_path), "/", "/raise", "/exit", "/")
    first, *failed, replaced = answers
    assert (first["calls"], failed, replaced["calls"]) == (1, ["Unhandled", "Runtime.ExitError"], 1)
    assert any(message.endswith("said by the handler") for message in messages)
