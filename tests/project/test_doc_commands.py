"""Every command that a document shows is one: ours by the real parser, AWS's by botocore's models, others by a list."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from edgewise.cli.main import app
from project.aws_commands import trouble
from project.shell import invocations
from project.tree import ROOT, files, make_targets, name, scripts, text

PAGES = [page for page in files("*.md") if scripts(page)]
WORKFLOWS = sorted((ROOT / "src/edgewise/cloud/workflows/files").glob("*.yml"))
# Their first lines tell how they are deployed.
TEMPLATES = [ROOT / "src/edgewise/cloud/workflows/files/roles.yaml", ROOT / "examples/memory/balancer.yaml"]

# What the parser raises for what it does not take.
USAGE_ERROR: Any = typer.BadParameter.__bases__[0]

# Programs of others, and what may be asked of them; None is anything.
OTHERS: dict[str, str | None] = {
    "cfn-lint": None,
    "curl": None,
    "docker": r"(build|login|push|run|tag)\b",
    "export": None,
    "flock": None,
    "gh": r"variable set\b",
    "jq": None,
    "openssl": r"rand\b",
    "pip": r"install\b",
    "python": None,
    "python3": r"-m venv\b",
    "terraform": r"(-chdir=\S+ )?(init|plan|apply|destroy|output|validate|fmt|test|import|state)\b",
}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_of_documents_are_real(page: Path) -> None:
    for script in scripts(page):
        for words in invocations(script):
            if wrong := _wrong(words):
                pytest.fail(f"{name(page)} says `{' '.join(words)}`: {wrong}")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=name)
def test_commands_of_workflows_are_real(workflow: Path) -> None:
    plain = re.sub(r"(?m)^ *%[A-Z_]+%$|^#: .*$", "", text(workflow)).replace("%PATHS%", "[]")
    document = yaml.safe_load(re.sub(r"%[A-Z_]+%", "X", plain))
    found = [
        words
        for job in document["jobs"].values()
        for step in job["steps"]
        for words in invocations(step.get("run", ""))
        if words[0] in ("aws", "edgewise")
    ]
    assert found
    for words in found:
        assert not _wrong(words), f"{name(workflow)} says `{' '.join(words)}`: {_wrong(words)}"


@pytest.mark.parametrize("template", TEMPLATES, ids=name)
def test_commands_in_the_comments_of_templates_are_real(template: Path) -> None:
    script = "\n".join(re.findall(r"(?m)^# {3,}(.+)$", text(template)))
    assert "aws cloudformation deploy" in script
    for words in invocations(script):
        assert not _wrong(words), f"{name(template)} says `{' '.join(words)}`: {_wrong(words)}"


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("edgewise deploy --plan-onyl", "No such option"),
        ("edgewise deploi", "No such command"),
        ("edgewise rollout start --steps", "requires an argument"),
        ("edgewise init", "Missing argument"),
        ("aws cloudfrnt list-distributions", "no service"),
        ("aws cloudfront lst-distributions", "no operation"),
        ("aws lambda get-function", "needs --function-name"),
        ("aws lambda get-function --function-name a --nmae b", "it has no --nmae"),
        ("aws lambda wait function-up --function-name a", "no waiter"),
        ("make tea", "no such target"),
        ("terraform aply", "not among"),
        ("rm -rf build", "not among"),
    ],
)
def test_what_is_wrong_is_found(words: str, wrong: str) -> None:
    assert wrong in (_wrong(words.split()) or "")


def test_commands_inside_others_are_found() -> None:
    script = (
        'id=$(aws sts get-caller-identity --query "a | b") && A=1 edgewise up \\\n  --port 1 | jq . > file\n'
        'curl "$(edgewise rollout link v2)"'
    )
    assert invocations(script) == [
        ["aws", "sts", "get-caller-identity", "--query", "a | b"],
        ["edgewise", "up", "--port", "1"],
        ["jq", "."],
        ["curl", "$(edgewise rollout link v2)"],
        ["edgewise", "rollout", "link", "v2"],
    ]


def _wrong(words: list[str]) -> str | None:
    program, *arguments = words
    match program.removeprefix(".venv/bin/").rpartition("/")[2]:
        case "edgewise":
            return _parsed(arguments)
        case "aws":
            return trouble(arguments)
        case "make":
            targets = [word for word in arguments if "=" not in word and not word.startswith("-")]
            unknown = [word for word in targets if word not in make_targets()]
            return f"no such target: {unknown}" if unknown else None
        case other:
            asked = OTHERS.get(other, "")
            known = other in OTHERS and (asked is None or re.match(asked, " ".join(arguments)))
            return None if known else "not among the commands that are known here"


def _parsed(arguments: list[str]) -> str | None:
    """What the command line has against it; nothing is run."""
    command, path, context = _program(), "edgewise", None
    try:
        while hasattr(command, "resolve_command"):
            context = command.make_context(path, arguments, parent=context)
            arguments = [*context._protected_args, *context.args]
            if not arguments:
                return None
            path, command, arguments = command.resolve_command(context, arguments)
        command.make_context(path, arguments, parent=context)
    except USAGE_ERROR as error:
        return error.format_message()
    except typer.Exit:
        # `--help` and `--version` have said what they say.
        return None
    return None


@cache
def _program() -> Any:
    return typer.main.get_command(app)
