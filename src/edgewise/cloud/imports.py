"""Whether a package can be imported by each Python that Lambda runs and this machine has.

Each try is a fresh interpreter that sees the unpacked zip, the standard library and nothing else. What Lambda brings
besides (boto3) is not there: a handler that imports it is told apart from one that fails.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# "Lambda runtimes" in the Lambda Developer Guide: those that this project supports too.
MINORS: Final = (11, 12, 13, 14)
PATIENCE_S: Final = 30.0
# What the managed runtime contains.
_LAMBDAS_OWN: Final = frozenset({"awslambdaric", "boto3", "botocore", "jmespath", "s3transfer", "urllib3"})
_MARK: Final = "edgewise-import "
_TRY: Final = f"""
import importlib, json, os, sys
folder, handler = sys.argv[1:]
sys.path.insert(0, folder)
module, _, name = handler.rpartition(".")
try:
    getattr(importlib.import_module(module.replace("/", ".")), name)
    told = {{}}
except BaseException as error:
    last = error.__traceback__
    while last.tb_next:
        last = last.tb_next
    told = {{
        "error": f"{{type(error).__name__}}: {{error}}",
        "missing": getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None,
        "file": getattr(error, "filename", None) or last.tb_frame.f_code.co_filename,
        "line": getattr(error, "lineno", None) or last.tb_lineno,
    }}
print("\\n{_MARK}" + json.dumps(told), flush=True)
os._exit(0)  # threads of the handler's are not waited for, as Lambda does not
"""


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter on this machine; `minor` is 13 for one of 3.13."""

    minor: int
    program: str

    @property
    def runtime(self) -> str:
        """Lambda's name for it."""
        return f"python3.{self.minor}"


@dataclass(frozen=True, slots=True)
class Tried:
    """What one Python said to one handler: nothing in `error` if it imports.

    `missing` is a module that Lambda brings and that is not here: nothing is known then. `file` is relative to the
    zip, where it is inside.
    """

    handler: str
    runtime: str
    error: str = ""
    missing: str = ""
    file: str = ""
    line: int | None = None


def pythons(path: str | None = None) -> list[Python]:
    """The Pythons of Lambda's on `path` (by default PATH) that start, one for each version, and this one."""
    folders = (os.environ.get("PATH", "") if path is None else path).split(os.pathsep)
    found = {minor: program for minor in MINORS if (program := _program(minor, folders))}
    if sys.version_info[1] in MINORS:
        found.setdefault(sys.version_info[1], sys.executable)
    return [Python(minor, found[minor]) for minor in sorted(found)]


def _program(minor: int, folders: list[str]) -> str | None:
    """The first that starts and is of that version: version managers put names on PATH that are neither."""
    for folder in folders:
        program = shutil.which(f"python3.{minor}", path=folder)
        if program and _is_of(program, minor):
            return program
    return None


def _is_of(program: str, minor: int) -> bool:
    ask = [program, "-I", "-S", "-c", "import sys; print(sys.version_info[1])"]
    try:
        said = subprocess.run(ask, capture_output=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.returncode == 0 and said.stdout.strip() == str(minor).encode()


def try_imports(package: Path, handlers: tuple[str, ...], tried_by: list[Python]) -> Iterator[Tried]:
    """Unpack a zip as Lambda does, and import each handler with each Python."""
    # realpath: a folder of links (macOS's) would not be the one that tracebacks name.
    with tempfile.TemporaryDirectory(prefix="edgewise-build-") as scratch:
        folder = os.path.realpath(scratch)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(folder)
        for python in tried_by:
            for handler in handlers:
                yield _tried(python, handler, folder)


def _tried(python: Python, handler: str, folder: str) -> Tried:
    command = [python.program, "-I", "-S", "-B", "-c", _TRY, folder, handler]
    environ = {
        "AWS_REGION": "us-east-1",
        "LAMBDA_TASK_ROOT": folder,
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
    }
    try:
        done = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return Tried(handler, python.runtime, f"not imported within {PATIENCE_S:g} s")
    said = done.stdout.decode(errors="replace").rpartition(_MARK)
    if not said[1]:
        return Tried(handler, python.runtime, f"the interpreter ended with {done.returncode}")
    told = json.loads(said[2])
    if str(told.get("missing")).partition(".")[0] in _LAMBDAS_OWN:
        return Tried(handler, python.runtime, missing=told["missing"])
    file = str(told.get("file", "")).removeprefix(f"{folder}/")
    return Tried(handler, python.runtime, told.get("error", ""), file=file, line=told.get("line"))
