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
from typing import Any

from edgewise.cdn.distribution import FunctionDefinition
from edgewise.cdn.errors import TemplateError
from edgewise.cdn.template import Template


def function_definition(template: Template, name: str) -> FunctionDefinition:
    """A template's `AWS::Lambda::Function` as it runs at the edge. Raises `TemplateError`."""
    properties = template.properties(name)
    key = f"Resources.{name}.Properties"
    runtime = str(properties.get("Runtime", ""))
    if not runtime.startswith("python"):
        hint = "functions of this template that no behavior uses are never looked at"
        raise TemplateError(
            f"only Python functions run here, this is {runtime or 'no runtime'}",
            file=template.file,
            key=f"{key}.Runtime",
            hint=hint,
        )
    handler = str(properties.get("Handler", ""))
    if "." not in handler:
        raise TemplateError(f"{handler!r} is not module.function", file=template.file, key=f"{key}.Handler")
    return FunctionDefinition(
        name=str(properties.get("FunctionName") or f"local-{name}"),
        handler=handler,
        code=_code_folder(template, properties.get("Code"), f"{key}.Code"),
        runtime=runtime,
        memory_mb=int(properties.get("MemorySize", 128)),
        timeout=float(properties.get("Timeout", 3)),
    )


def _code_folder(template: Template, code: Any, key: str) -> Path:
    if isinstance(code, dict) and "ZipFile" in code:
        return _unpacked(str(code["ZipFile"]).encode(), _write_inline)
    if not isinstance(code, str):
        hint = "a local folder or zip, relative to the template, as `aws cloudformation package` takes it"
        raise TemplateError("Code is not on this machine", file=template.file, key=key, hint=hint)
    path = (template.file.parent / code).resolve()
    if path.is_dir():
        return path
    if path.is_file() and zipfile.is_zipfile(path):
        return _unpacked(path.read_bytes(), _extract)
    raise TemplateError(f"there is no folder or zip {path}", file=template.file, key=key)


def _write_inline(text: bytes, folder: Path) -> None:
    # Inline code is always the module `index`.
    (folder / "index.py").write_bytes(text)


def _extract(archive: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        opened.extractall(folder)


def _unpacked(content: bytes, write: Callable[[bytes, Path], None]) -> Path:
    """A folder made from a zip or from inline text; the same content is unpacked once."""
    digest = hashlib.sha256(content).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"edgewise-{os.getuid()}" / digest
    if not folder.is_dir():
        folder.parent.mkdir(mode=0o700, exist_ok=True)
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
