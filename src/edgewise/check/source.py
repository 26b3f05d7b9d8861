"""A function's code where it is on this machine: its files, its size, and its own Python modules, parsed.

The code is read and never run: a template that is checked may be a stranger's.
"""

from __future__ import annotations

import ast
import io
import os
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

_INLINE = "index.py"
_MAX_MEMBER = 10 * 1024 * 1024
_LEFT_OUT = frozenset({"__pycache__", ".git"})


@dataclass(frozen=True, slots=True)
class CodeTree:
    """The files of a function by their path inside it (with `/`), where they are, and how to read one.

    `packed_size` is the zip's size in bytes if the code is a zip already. `missing` is the path of a local `Code`
    that is not there, or cannot be opened.
    """

    names: frozenset[str] = frozenset()
    read: Callable[[str], bytes] = field(default=lambda name: b"")
    where: str = ""
    packed_size: int | None = None
    missing: str = ""

    def place(self, name: str) -> str:
        """A file's path as it is shown."""
        return f"{self.where}/{name}" if self.where else name

    def zip_size(self, enough: int) -> int:
        """The size of the zip in bytes; counting stops beyond `enough`."""
        if self.packed_size is not None:
            return self.packed_size
        size = 0
        for name in sorted(self.names):
            # What a zip's directories say of one file: its name twice and about a hundred bytes.
            size += len(zlib.compress(self.read(name))) + 2 * len(name) + 100
            if size > enough:
                break
        return size


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file. `tree` is None where it cannot be parsed: `error` says why, at `line`."""

    name: str
    place: str
    tree: ast.Module | None
    error: str = ""
    line: int = 1


def code_tree(code: Any, folder: Path) -> CodeTree | None:
    """The files that a `Code` property names, None when they are not on this machine."""
    if isinstance(code, Mapping) and isinstance(code.get("ZipFile"), str):
        text = code["ZipFile"].encode(errors="replace")
        return CodeTree(frozenset({_INLINE}), lambda name: text, packed_size=len(text))
    if not isinstance(code, str) or "://" in code:
        return None
    path = folder / code
    try:
        return _folder_tree(path) if path.is_dir() else _zip_tree(path)
    except (OSError, ValueError, zipfile.BadZipFile, RuntimeError):
        return CodeTree(missing=str(path))


def _folder_tree(folder: Path) -> CodeTree:
    names = set()
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        paths = (Path(root) / name for name in files)
        # A pipe or a device would be read for ever; no zip holds one.
        names |= {path.relative_to(folder).as_posix() for path in paths if path.is_file()}

    def read(name: str) -> bytes:
        try:
            return (folder / name).read_bytes()
        except OSError:
            # Gone since, or not for us to read: it has no size then, and no source.
            return b""

    return CodeTree(frozenset(names), read, str(folder))


def _zip_tree(file: Path) -> CodeTree:
    if not file.is_file():
        return CodeTree(missing=str(file))
    content = file.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = frozenset(name for name in archive.namelist() if not name.endswith("/"))

    def read(name: str) -> bytes:
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                # A member that claims to be larger is no source, and may be made to fill the memory.
                fits = archive.getinfo(name).file_size <= _MAX_MEMBER
                return archive.read(name) if fits else b""
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError):
            return b""

    return CodeTree(names, read, str(file), packed_size=len(content))


def handler_file(tree: CodeTree, handler: str) -> str | None:
    """The file of a handler's module (`folder/module.function`); None if it is not there or not Python source."""
    module = handler.rpartition(".")[0].replace(".", "/")
    return next((name for name in (f"{module}.py", f"{module}/__init__.py") if name in tree.names), None)


def is_compiled(tree: CodeTree, handler: str) -> bool:
    """Whether the handler's module may be there in a form that has no source."""
    stem = handler.rpartition(".")[0].replace(".", "/")
    return any(name.startswith(f"{stem}.") and name.endswith((".so", ".pyc")) for name in tree.names)


def handler_modules(tree: CodeTree, handler: str) -> tuple[Module, ...]:
    """The handler's module and those it imports, one after another, without what was installed beside them."""
    first = handler_file(tree, handler)
    foreign = _installed(tree)
    found: dict[str, Module] = {}
    pending = [first] if first else []
    while pending:
        name = pending.pop(0)
        if name in found:
            continue
        found[name] = _parse(tree, name)
        pending.extend(
            imported
            for imported in _imported_files(found[name], tree)
            if imported.partition("/")[0].removesuffix(".py") not in foreign
        )
    return tuple(found.values())


def _installed(tree: CodeTree) -> frozenset[str]:
    """Top-level names that are libraries: what pip installed, and the edge runtime that Edgewise bundles."""
    names = {"edgewise"}
    for name in tree.names:
        if name.endswith(".dist-info/RECORD"):
            lines = tree.read(name).decode(errors="replace").splitlines()
            names |= {line.partition(",")[0].partition("/")[0].removesuffix(".py") for line in lines}
    return frozenset(names)


def _parse(tree: CodeTree, name: str) -> Module:
    try:
        with warnings.catch_warnings():
            # What a compiler thinks of a stranger's escapes is not asked for here.
            warnings.simplefilter("ignore")
            return Module(name, tree.place(name), ast.parse(tree.read(name)))
    except SyntaxError as error:
        return Module(name, tree.place(name), None, error.msg, error.lineno or 1)
    except (ValueError, RecursionError, MemoryError) as error:
        return Module(name, tree.place(name), None, str(error))


def _imported_files(module: Module, tree: CodeTree) -> Iterator[str]:
    for dotted in _imports(module):
        path = dotted.replace(".", "/")
        yield from (name for name in (f"{path}.py", f"{path}/__init__.py") if name in tree.names)


def _imports(module: Module) -> Iterator[str]:
    """The dotted names of all modules that may be meant by a module's imports."""
    package = PurePosixPath(module.name).parent.parts
    for node in ast.walk(module.tree) if module.tree else ():
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            if base:
                yield base
            yield from (f"{base}.{alias.name}".removeprefix(".") for alias in node.names)
