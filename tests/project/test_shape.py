"""The rules of the house that a reader of the code relies on: sizes, contracts of packages, the island."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path

import pytest

from project.tree import ROOT, SRC, files, name, syntax, text

SOURCE_LINES, TEST_LINES = 400, 600
# Path → why this one may be longer.
LONGER: dict[str, str] = {}

PYTHON = files("*.py")
SOURCES = [path for path in PYTHON if SRC in path.parents]
PACKAGES = [path for path in SOURCES if path.name == "__init__.py"]
EDGE = SRC / "edge"


def test_files_can_be_held_in_mind() -> None:
    too_long = {name(path): _lines(path) for path in PYTHON if _lines(path) > _limit(path)}
    unexplained = {path: lines for path, lines in too_long.items() if path not in LONGER}
    assert not unexplained, f"at most {SOURCE_LINES} lines ({TEST_LINES} in tests), so split: {unexplained}"
    assert LONGER.keys() <= too_long.keys(), "an exception is no longer needed"


def test_modules_say_in_their_first_lines_what_they_are_for() -> None:
    silent = [name(path) for path in SOURCES if text(path).strip() and not ast.get_docstring(syntax(path))]
    assert not silent


@pytest.mark.parametrize("path", PACKAGES, ids=name)
def test_a_package_names_its_contract(path: Path) -> None:
    exported, names = _public_names(syntax(path)), _dunder_all(syntax(path))
    if names is None:
        assert not exported, f"{name(path)} exports {', '.join(sorted(exported))} but has no __all__"
    else:
        assert names == sorted(names, key=_as_ruff_sorts), f"__all__ of {name(path)} is not sorted"
        assert set(names) >= exported, (
            f"__all__ of {name(path)} lacks {', '.join(sorted(exported - set(names)))}"
        )


def test_importing_a_package_does_nothing() -> None:
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef)
    busy = [
        f"{name(path)}:{node.lineno}"
        for path in PACKAGES
        for node in syntax(path).body
        if not isinstance(node, allowed) and not _is_docstring(node) and not _is_for_typing(node)
    ]
    assert not busy


def test_the_top_package_has_only_its_version() -> None:
    docstring, *rest = syntax(SRC / "__init__.py").body
    assert _is_docstring(docstring)
    assert [ast.unparse(node).partition(" =")[0] for node in rest] == ["__version__"]


def test_the_edge_imports_the_standard_library_and_itself() -> None:
    foreign = [
        f"{name(path)} imports {module}"
        for path in SOURCES
        if EDGE in path.parents
        for node in ast.walk(syntax(path))
        for module in _imported(node, path)
        if module.split(".")[:2] != ["edgewise", "edge"]
        and module.partition(".")[0] not in sys.stdlib_module_names
    ]
    assert not foreign


def test_the_continuous_integration_command_runs() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert "make test" in text(ROOT / ".ci/run")


def _lines(path: Path) -> int:
    return len(text(path).splitlines())


def _limit(path: Path) -> int:
    return TEST_LINES if name(path).startswith("tests/") else SOURCE_LINES


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_for_typing(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _imported(node: ast.AST, path: Path) -> list[str]:
    """The whole names of the modules that a node imports."""
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(level=0, module=str(module)):
            return [module]
        case ast.ImportFrom(level=level, module=module):
            package = ["edgewise", *path.parent.relative_to(SRC).parts]
            return [".".join([*package[: len(package) - level + 1], *([module] if module else [])])]
    return []


def _public_names(module: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in module.body:
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
    return {each for each in names if not each.startswith("_") and each != "TYPE_CHECKING"}


def _dunder_all(module: ast.Module) -> list[str] | None:
    for node in module.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def _as_ruff_sorts(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name
