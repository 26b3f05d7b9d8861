"""Words that must not be in the repository: this machine's places, package indexes, promises to finish later."""

from __future__ import annotations

import re

import pytest

from project.tree import ROOT, files, name, text

# Put together from pieces, so that this file does not find itself.
FORBIDDEN = {
    "a path of somebody's machine": [
        r"(?<![\w.])/" + word + r"\b" for word in ("wo" + "rk/", "ro" + "ot/", "tmp/pl" + "an")
    ],
    "a package index": [
        "--index" + "-url",
        "--extra-index" + "-url",
        "--find" + "-links",
        "index" + r"-url *=",
        "pythonhosted" + r"\.org",
        r"://py" + r"pi\.",
        "registry" + r"\.npm",
        "/simple" + "/",
    ],
    "a promise to finish later": [r"\bTO" + r"DO\b", r"\bFIX" + r"ME\b", r"\bXX" + r"X\b"],
}

# Their bytes spell anything now and then.
PICTURES = {".png"}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_has_words_that_do_not_belong(what: str) -> None:
    pattern = re.compile("|".join(FORBIDDEN[what]))
    found = [
        f"{name(path)}:{number}: {match[0]}"
        for path in files()
        if path.suffix not in PICTURES and pattern.search(text(path))
        for number, line in enumerate(text(path).splitlines(), start=1)
        if (match := pattern.search(line))
    ]
    assert not found, f"{what}:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a path of somebody's machine", "see /" + "work/shared"),
        ("a package index", "pip install --index" + "-url x"),
        ("a promise to finish later", "# TO" + "DO: later"),
    ],
)
def test_the_patterns_find_what_they_are_for(what: str, line: str) -> None:
    assert re.search("|".join(FORBIDDEN[what]), line)


def test_every_requirement_is_pinned_and_hashed() -> None:
    joined = text(ROOT / "requirements.txt").replace("\\\n", " ")
    requirements = [
        line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    assert requirements
    for requirement in requirements:
        assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z,]+\])?==\S+ ", requirement), requirement
        assert "--hash=sha256:" in requirement, requirement
        assert "://" not in requirement, requirement


def test_nothing_that_a_program_made_is_kept() -> None:
    kept = [name(path) for path in files() if {"__pycache__", ".edgewise", ".venv"} & set(path.parts)]
    assert not kept


def test_no_file_is_large() -> None:
    large = [name(path) for path in files() if path.stat().st_size > 500_000]
    assert not large
