"""The repository's own files, as git sees them: tracked ones and new ones that are not ignored."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src/edgewise"


@cache
def files(pattern: str = "*") -> list[Path]:
    """Every file whose name matches, sorted, with its whole path."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    paths = {ROOT / name for name in listed.split("\0") if name}
    return sorted(path for path in paths if path.is_file() and path.match(pattern))


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(text(path), str(path))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


_FENCE = re.compile(r"^( *)(```+|~~~+)([\w-]*)[^\n]*\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)


def prose(path: Path) -> str:
    """A Markdown file without its fenced blocks."""
    return _FENCE.sub("", text(path))


def commands(path: Path) -> list[list[str]]:
    """The `edgewise …` and `make …` commands that a Markdown file's shell blocks show, as words."""
    found = []
    for _, _, language, body in _FENCE.findall(text(path)):
        if language in ("console", "sh", "shell", "bash"):
            lines = (
                line.removeprefix("$ ").removeprefix(".venv/bin/").partition(" #")[0].split()
                for line in body.splitlines()
            )
            found += [words for words in lines if words and words[0] in ("edgewise", "make")]
    return found


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):", text(ROOT / "Makefile"), re.MULTILINE))
