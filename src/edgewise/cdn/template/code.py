"""A function of a template as it runs here, its code on this machine, and whether that changed.

`Code` is a local folder or zip, relative to the template's file, as `aws cloudformation package` takes it,
or `ZipFile` text.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import reprlib
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgewise.cdn.distribution import FunctionDefinition
from edgewise.cdn.limits import MAX_MEMORY_MB, MAX_TIMEOUT
from edgewise.cdn.template.node import Node

_FUNCTION_NAME = re.compile(r"[A-Za-z0-9-_]{1,64}")
# Node needs its runtime client on this machine; starting such a function says so.
_RUNTIMES = ("python", "nodejs")
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
# Seconds; Lambda quotas. A replica at the edge has less.
_REGIONAL_TIMEOUT = 900


def function_definition(properties: Node, folder: Path, *, at_edge: bool = True) -> FunctionDefinition:
    """A template's `AWS::Lambda::Function` as it runs at the edge, or in its region; `folder` is where `Code` starts.

    At the edge it has no variables of its own. Raises `TemplateError`.
    """
    settings = function_settings(properties, at_edge=at_edge)
    return FunctionDefinition(**settings, code=_code_folder(properties, folder, settings["runtime"]))


def function_settings(properties: Node, *, at_edge: bool) -> dict[str, Any]:
    """What a `FunctionDefinition` has besides the code. Raises `TemplateError`."""
    runtime = properties.text("Runtime", "no runtime")
    if not runtime.startswith(_RUNTIMES):
        raise properties.not_here(f"only Python and Node functions run here, this is {runtime}", "Runtime")
    handler = properties.text("Handler", "")
    if "." not in handler:
        raise properties.error(f"{handler!r} is not module.function", "Handler")
    # A name that AWS would make is cut to the length that names may have.
    name = properties.text("FunctionName", f"local-{properties.key.split('.')[1][-58:]}")
    if not _FUNCTION_NAME.fullmatch(name):
        raise properties.error("a function's name is 1 to 64 letters, digits, - and _", "FunctionName")
    memory, timeout = properties.integer("MemorySize", 128), properties.integer("Timeout", 3)
    service, longest = ("Lambda@Edge", MAX_TIMEOUT) if at_edge else ("Lambda", _REGIONAL_TIMEOUT)
    if not 1 <= timeout <= longest:
        raise properties.error(f"{service} takes 1 to {longest} seconds, not {timeout}", "Timeout")
    if not 128 <= memory <= MAX_MEMORY_MB:
        raise properties.error(f"Lambda takes 128 to {MAX_MEMORY_MB} MB, not {memory}", "MemorySize")
    return {
        "name": name,
        "handler": handler,
        "runtime": runtime,
        "memory_mb": memory,
        "timeout": float(timeout),
        "at_edge": at_edge,
        "variables": {} if at_edge else _variables(properties),
    }


def _variables(properties: Node) -> dict[str, str]:
    environment = properties.child("Environment")
    given = environment.child("Variables") if environment else None
    if given is None:
        return {}
    names = given.names_besides(set())
    for name in names:
        if not _VARIABLE.fullmatch(name):
            raise given.error("a variable's name is a letter, then letters, digits and _", name)
    return {name: given.text(name, "") for name in names}


def _code_folder(properties: Node, folder: Path, runtime: str) -> Path:
    code = properties.value("Code")
    if isinstance(code, dict) and isinstance(code.get("ZipFile"), str):
        write = _write_python if runtime.startswith("python") else _write_javascript
        return _inline(properties, code["ZipFile"], write)
    path = code_path(properties, folder)
    if path.is_dir():
        return path
    try:
        return _unpacked(path.read_bytes(), _extract)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError) as error:
        raise properties.error(f"the zip {path} cannot be unpacked: {error}", "Code") from error


def code_path(properties: Node, folder: Path) -> Path:
    """The folder or the file that `Code` names. Raises `TemplateError` when there is none."""
    code = properties.value("Code")
    if not isinstance(code, str):
        hint = "a local folder or zip, relative to the template, as `aws cloudformation package` takes it"
        raise properties.not_here("Code is not on this machine", "Code", hint)
    try:
        path = (folder / code).resolve()
        is_there = path.is_dir() or path.is_file()
    except (OSError, RuntimeError, ValueError) as error:
        # A name that no file can have (NUL, half a surrogate pair, too long), or links that lead in a circle.
        raise properties.error(f"{reprlib.repr(code)} cannot be a path: {error}", "Code") from None
    if not is_there:
        raise properties.error(f"there is no folder or zip {path}", "Code")
    return path


def _inline(properties: Node, text: str, write: Callable[[bytes, Path], None]) -> Path:
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise properties.error(f"the inline code is no text: {error}", "Code.ZipFile") from None
    return _unpacked(content, write)


# Inline code is always the module `index`.
def _write_python(text: bytes, folder: Path) -> None:
    (folder / "index.py").write_bytes(text)


def _write_javascript(text: bytes, folder: Path) -> None:
    (folder / "index.js").write_bytes(text)


def _extract(archive: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        opened.extractall(folder)


def _unpacked(content: bytes, write: Callable[[bytes, Path], None]) -> Path:
    """A folder made from a zip or from inline text; the same content is unpacked once."""
    digest = hashlib.sha256(content).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "edgewise" / "code" / digest
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            fresh = Path(scratch) / "code"
            fresh.mkdir()
            write(content, fresh)
            try:
                fresh.rename(folder)
            except OSError:
                # Another process was faster with the same content.
                if not folder.is_dir():
                    raise
    return folder


def fingerprint(folder: Path) -> int:
    """A number that changes when a file of the folder is added, removed or written (names, times, sizes)."""
    seen = []
    pending = [str(folder)]
    while pending:
        # A folder that is gone, as a file that is gone, is a change like any other.
        with contextlib.suppress(OSError), os.scandir(pending.pop()) as found:
            entries = list(found)
            if any(entry.name == "pyvenv.cfg" for entry in entries):
                continue  # a virtual environment: many files, and none that anybody edits
            for entry in entries:
                if entry.name in ("__pycache__", ".git"):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                    continue
                # A link that leads nowhere, as editors leave them, or a file that has gone since.
                with contextlib.suppress(OSError):
                    status = entry.stat()
                    seen.append((entry.path, status.st_mtime_ns, status.st_size))
    return hash(tuple(sorted(seen)))
