"""A function's code on this machine: the folder a template's `Code` names, and whether it changed.

`Code` is a local folder or zip, relative to the template's file, as `aws cloudformation package` takes it,
or `ZipFile` text.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from edgewise.cdn.distribution import FunctionDefinition
from edgewise.cdn.node import Node


def function_definition(properties: Node, folder: Path) -> FunctionDefinition:
    """A template's `AWS::Lambda::Function` as it runs at the edge; `folder` is where `Code` starts.

    Raises `TemplateError`.
    """
    runtime = properties.text("Runtime", "no runtime")
    if not runtime.startswith("python"):
        raise properties.error(f"only Python functions run here, this is {runtime}", "Runtime")
    handler = properties.text("Handler", "")
    if "." not in handler:
        raise properties.error(f"{handler!r} is not module.function", "Handler")
    return FunctionDefinition(
        name=properties.text("FunctionName", f"local-{properties.key.split('.')[1]}"),
        handler=handler,
        code=_code_folder(properties, folder),
        runtime=runtime,
        memory_mb=properties.integer("MemorySize", 128),
        timeout=float(properties.integer("Timeout", 3)),
    )


def _code_folder(properties: Node, folder: Path) -> Path:
    code = properties.value("Code")
    if isinstance(code, dict) and isinstance(code.get("ZipFile"), str):
        return _unpacked(code["ZipFile"].encode(), _write_inline)
    if not isinstance(code, str):
        hint = "a local folder or zip, relative to the template, as `aws cloudformation package` takes it"
        raise properties.error("Code is not on this machine", "Code", hint)
    path = (folder / code).resolve()
    if path.is_dir():
        return path
    if path.is_file() and zipfile.is_zipfile(path):
        return _unpacked(path.read_bytes(), _extract)
    raise properties.error(f"there is no folder or zip {path}", "Code")


def _write_inline(text: bytes, folder: Path) -> None:
    # Inline code is always the module `index`.
    (folder / "index.py").write_bytes(text)


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
            fresh.rename(folder)
    return folder


def fingerprint(folder: Path) -> int:
    """A number that changes when a file of the folder is added, removed or written (names, times, sizes)."""
    seen = []
    pending = [str(folder)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.name in ("__pycache__", ".git"):
                    continue
                if entry.is_dir():
                    pending.append(entry.path)
                else:
                    status = entry.stat()
                    seen.append((entry.path, status.st_mtime_ns, status.st_size))
    return hash(tuple(sorted(seen)))
