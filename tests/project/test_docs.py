"""The documents keep their word: links lead somewhere, paths exist, and nothing a user meets is undocumented."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from edgewise.cli.main import app
from project.tree import ROOT, SRC, files, make_targets, name, prose, syntax, text

PAGES = files("*.md")
ERRORS, CLI = ROOT / "docs/errors.md", ROOT / "docs/cli.md"
FIRST_SCREEN = 45

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)[^)]*\)")
_CODE = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^#+ +(.+?) *#*$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"[<>{}…$ ]|NAME")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), f"{name(page)} links to {link}, which is not there"
        if anchor:
            assert anchor in _anchors(target), (
                f"{name(page)} links to {link}, but {name(target)} has no such heading"
            )


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_paths_in_backticks_exist(page: Path) -> None:
    roots = "|".join(map(re.escape, _folders()))
    looks_like_ours = re.compile(rf"(?:{roots})/\S*|[A-Z]+\.md|Makefile|pyproject\.toml|requirements\.txt")
    for code in _CODE.findall(prose(page)):
        if looks_like_ours.fullmatch(code) and not _PLACEHOLDER.search(code):
            found = [path for folder in (ROOT, page.parent) for path in folder.glob(code.rstrip("/"))]
            assert found or _is_ignored(code), f"{name(page)} names `{code}`, which is not there"


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_first_screen_of_the_readme_has_the_two_commands(target: str) -> None:
    assert target in make_targets()
    first_screen = text(ROOT / "README.md").splitlines()[:FIRST_SCREEN]
    assert any(re.search(rf"\bmake {target}\b", line) for line in first_screen)


def test_the_makefile_calls_real_commands() -> None:
    for command in re.findall(r"\$\(BIN\)/edgewise ([a-z-]+)", text(ROOT / "Makefile")):
        assert command in _cli()


def test_every_error_code_has_a_line_in_the_docs_and_back() -> None:
    defined, lines = _codes(), re.findall(r"^\| `([^`]+)` \|", text(ERRORS), re.MULTILINE)
    documented = set(lines)
    assert len(lines) == len(documented), f"{name(ERRORS)} has two lines for one code"
    for code in sorted(defined.keys() - documented):
        where, meaning = defined[code]
        pytest.fail(
            f"{where} has the code {code!r}. Add to {name(ERRORS)}:\n| `{code}` | {meaning} | What to do. |"
        )
    gone = sorted(documented - defined.keys())
    assert not gone, f"{name(ERRORS)} has lines for codes that nothing raises: {', '.join(gone)}"


def test_every_command_and_option_has_a_line_in_the_docs_and_back() -> None:
    sections = dict(
        re.findall(r"^## `edgewise ([a-z-]+)`\n(.*?)(?=^## |\Z)", text(CLI), re.MULTILINE | re.DOTALL)
    )
    for command, options in sorted(_cli().items()):
        assert command in sections, f"Add a section to {name(CLI)}: ## `edgewise {command}`"
        documented = set(re.findall(r"`(--[a-z-]+)", sections[command]))
        for option in sorted(options - documented):
            pytest.fail(f"Add to {name(CLI)}, under `edgewise {command}`:\n| `{option}` | What it does. |")
        gone = sorted(documented - options)
        assert not gone, (
            f"{name(CLI)} gives `edgewise {command}` options that it does not have: {', '.join(gone)}"
        )
    gone = sorted(sections.keys() - _cli().keys())
    assert not gone, f"{name(CLI)} has sections for commands that are not there: {', '.join(gone)}"


def test_every_benchmark_can_run_and_is_explained() -> None:
    for path in sorted((ROOT / "benchmarks").glob("[a-z]*.py")):
        functions = {node.name for node in syntax(path).body if isinstance(node, ast.FunctionDef)}
        assert "run" in functions, f"{name(path)} has no run()"
        assert f"## `{path.stem}`" in text(ROOT / "benchmarks/README.md"), (
            f"benchmarks/README.md lacks {path.stem}"
        )


def _is_ignored(path: str) -> bool:
    """Whether git leaves it out, as it does with what a command makes when it runs."""
    return subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False).returncode == 0


def _folders() -> set[str]:
    """The folders at the top."""
    return {path.relative_to(ROOT).parts[0] for path in files() if path.parent != ROOT}


@cache
def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings; a repeated heading gets a number."""
    anchors: set[str] = set()
    for heading in _HEADING.findall(prose(page)):
        plain = _LINK.sub(lambda match: match[0][1 : match[0].index("]")], heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        numbered = (f"{slug}-{n}" if n else slug for n in range(len(anchors) + 1))
        anchors.add(next(each for each in numbered if each not in anchors))
    return anchors


@cache
def _cli() -> dict[str, set[str]]:
    """Every command with its options, and those of the commands below it, as they are registered."""
    group: Any = typer.main.get_command(app)
    return {
        command_name: _options(command)
        for command_name, command in group.commands.items()
        if not command.hidden
    }


def _options(command: Any) -> set[str]:
    own = {
        option
        for parameter in command.params
        for option in [*parameter.opts, *parameter.secondary_opts]
        if option.startswith("--") and option != "--help"
    }
    return own.union(*map(_options, getattr(command, "commands", {}).values()))


@cache
def _codes() -> dict[str, tuple[str, str]]:
    """Every error's code: where it is defined, and the first sentence of its class."""
    found = {}
    for path in files("*.py"):
        if SRC not in path.parents:
            continue
        for node in ast.walk(syntax(path)):
            if not isinstance(node, ast.ClassDef):
                continue
            for statement in node.body:
                match statement:
                    case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                        meaning = (ast.get_docstring(node) or "What it means.").partition("\n")[0]
                        found[code] = f"{name(path)}:{statement.lineno}", meaning
    return found
