"""The steps of the site's workflow, run as GitHub runs them: what is asked of whom, and in which order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from cloud.workflow_job import Job
from cloud.workflow_sites import made
from edgewise.cli.main import app


@pytest.fixture(scope="module")
def workflow(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = made(tmp_path_factory.mktemp("repository")) / ".github/workflows/edge-journal.yml"
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    return document


def test_a_pull_request_is_told_what_would_change(tmp_path: Path, workflow: dict[str, Any]) -> None:
    run = Job(tmp_path, workflow, "plan").run()
    assert run.well
    assert run.calls[-1] == "edgewise deploy site --plan-only"
    assert "from version 12 to 13" in run.summary


def test_a_plan_that_fails_fails_the_job(tmp_path: Path, workflow: dict[str, Any]) -> None:
    assert not Job(tmp_path, workflow, "plan").run(REFUSED="--plan-only").well


def test_the_branch_is_deployed_then_files_then_the_cache(tmp_path: Path, workflow: dict[str, Any]) -> None:
    run = Job(tmp_path, workflow, "deploy").run()
    assert run.well
    acts = [call for call in run.calls if "describe-stacks" not in call][1:]
    assert acts == [
        "edgewise deploy site --yes",
        "aws s3 sync site/files s3://journal-files",
        "aws cloudfront create-invalidation --distribution-id E1 --paths /feed/* /files/* "
        "--query Invalidation.Id --output text",
        "aws cloudfront wait invalidation-completed --distribution-id E1 --id I1",
    ]


def test_nothing_is_brought_to_a_bucket_that_nobody_knows(tmp_path: Path, workflow: dict[str, Any]) -> None:
    run = Job(tmp_path, workflow, "deploy").run(REFUSED="FilesBucketName")
    assert not run.well
    assert not any(call.startswith("aws s3 sync") for call in run.calls)


def test_the_site_is_checked_before_anything(tmp_path: Path, workflow: dict[str, Any]) -> None:
    run = Job(tmp_path, workflow, "check").run()
    assert run.calls[1:] == ["edgewise check site", "edgewise build site"]
    assert all(workflow["jobs"][job]["needs"] == "check" for job in ("plan", "deploy"))


@pytest.mark.parametrize("job", ["check", "plan", "deploy"])
def test_what_takes_a_role_is_installed_by_its_hash_and_by_no_name(
    tmp_path: Path, workflow: dict[str, Any], job: str
) -> None:
    installs = [call for call in Job(tmp_path, workflow, job).run().calls if " pip " in call]
    assert installs == [
        "python -m pip install --quiet --require-hashes --requirement .github/edgewise-requirements.txt"
    ]


def test_the_command_tells_that_the_hashes_are_not_there(tmp_path: Path) -> None:
    repository = made(tmp_path)
    told = CliRunner().invoke(app, ["ci", str(repository / "site")])
    assert ".github/edgewise-requirements.txt is not there" in told.output
    (repository / ".github/edgewise-requirements.txt").write_text("")
    assert "is not there" not in CliRunner().invoke(app, ["ci", str(repository / "site")]).output
