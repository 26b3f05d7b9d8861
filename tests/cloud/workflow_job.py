"""Runs a job of a workflow as GitHub would: its steps that are shell, with `aws` and others played by small scripts."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMIT = "5f3c1e0a9d7b2c4e6f8a0b1c3d5e7f9a1b3c5d7e"
BEFORE = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/journal-app@sha256:0123"
# What they were asked is in $CALLS, a line a call; one that has $REFUSED in it fails.
_TOLD = """#!/bin/sh
echo "${0##*/} $*" >> "$CALLS"
case "$*" in *"$REFUSED"*) echo refused >&2; exit 254 ;; esac
"""
_PROGRAMS = {
    "aws": _TOLD
    + f"""case "$*" in
  "lambda get-function "*) echo {BEFORE} ;;
  *FilesBucketName*) echo journal-files ;;
  *DomainName*) echo site.example ;;
  *DistributionId*) echo E1 ;;
  "sts get-caller-identity "*) echo 111122223333 ;;
  "cloudfront create-invalidation "*) echo I1 ;;
  "ecr describe-images "*) [ -n "$THERE" ] || exit 254 ;;
esac
""",
    "docker": _TOLD,
    "edgewise": _TOLD + 'echo "  ~ the association moves from version 12 to 13"\n',
    "python": _TOLD,
    "sleep": "#!/bin/sh\n",
}
_IF_NOT_WELL = "(failure() || cancelled()) && steps.update.outcome != 'skipped'"


@dataclass
class Run:
    """What became of a job: the calls of programs, the names of steps that ran, whether all was well, the summary."""

    calls: list[str]
    ran: list[str]
    well: bool
    summary: str


class Job:
    """A job of a workflow. GitHub's expressions are few, and each is known here; another one is an error.

    `outputs` are those of steps that are something else than what the step says.
    """

    def __init__(
        self, folder: Path, workflow: Mapping[str, Any], job: str, outputs: Mapping[str, str] | None = None
    ) -> None:
        described = workflow["jobs"][job]
        self._steps = described["steps"]
        self._folder = folder
        self._given = outputs or {}
        bin_ = folder / "bin"
        bin_.mkdir()
        for name, text in _PROGRAMS.items():
            (bin_ / name).write_text(text)
            (bin_ / name).chmod(0o755)
        for name in ("calls", "summary"):
            (folder / name).touch()
        self._environment = {
            **workflow.get("env", {}),
            **described.get("env", {}),
            "PATH": f"{bin_}:{os.environ['PATH']}",
            "CALLS": str(folder / "calls"),
            "REFUSED": "never refused",
            "AWS_REGION": "eu-central-1",
            "GITHUB_SHA": COMMIT,
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "RUNNER_TEMP": str(folder),
        }

    def run(self, **environment: str) -> Run:
        """Run it, with these variables besides."""
        outputs: dict[str, str] = {}
        ran: list[str] = []
        begun, well = set(), True
        for step in self._steps:
            if "run" not in step or not _is_due(step.get("if"), well, begun):
                continue
            done = self._step(step, outputs, environment)
            ran.append(step.get("name", step["run"]))
            begun.add(step.get("id"))
            well = well and done
            outputs |= self._given
        calls, summary = ((self._folder / name).read_text() for name in ("calls", "summary"))
        return Run(calls.splitlines(), ran, well, summary)

    def _step(self, step: Mapping[str, Any], outputs: dict[str, str], environment: Mapping[str, str]) -> bool:
        output = self._folder / "output"
        output.write_text("")
        own = {name: _evaluated(text, outputs) for name, text in step.get("env", {}).items()}
        result = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            env={**self._environment, **own, "GITHUB_OUTPUT": str(output), **environment},
            cwd=self._folder,
            capture_output=True,
            timeout=60,
            check=False,
        )
        for line in output.read_text().splitlines():
            name, _, value = line.partition("=")
            outputs[f"steps.{step['id']}.outputs.{name}"] = value
        return result.returncode == 0


def _is_due(condition: str | None, well: bool, begun: set[str | None]) -> bool:
    if condition in (None, "github.event_name == 'pull_request'"):
        return well
    assert condition == _IF_NOT_WELL
    return not well and "update" in begun


def _evaluated(text: str, outputs: Mapping[str, str]) -> str:
    def value(expression: re.Match[str]) -> str:
        if expression[1] == "vars.EDGEWISE_JOURNAL_SMOKE_PATH || '/'":
            return "/"
        return outputs[expression[1]]

    return re.sub(r"\$\{\{ (.*?) \}\}", value, text)
