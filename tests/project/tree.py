"""The repository's own files, as git sees them: tracked ones and new ones that are not ignored."""

from __future__ import annotations

import ast
import re
import subprocess
import textwrap
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


def blocks(path: Path, *languages: str) -> list[str]:
    """The fenced blocks of a Markdown file in these languages."""
    return [
        textwrap.dedent(body) for _, _, language, body in _FENCE.findall(text(path)) if language in languages
    ]


def scripts(path: Path) -> list[str]:
    """What a Markdown file's shell blocks tell to type: all of them, or the lines behind a prompt."""
    typed = [_typed(block) for block in blocks(path, "console")]
    return [script for script in (*blocks(path, "sh", "shell", "bash"), *typed) if script]


def _typed(block: str) -> str:
    """What stands behind prompts, with the lines that a backslash or an open quote continues it with."""
    typed: list[str] = []
    goes_on = False
    for line in block.splitlines():
        if goes_on:
            typed[-1] += "\n" + line
        elif line.startswith("$ "):
            typed.append(line[2:])
        else:
            continue
        goes_on = typed[-1].endswith("\\") or any(typed[-1].count(quote) % 2 for quote in "\"'")
    return "\n".join(typed)


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):", text(ROOT / "Makefile"), re.MULTILINE))
