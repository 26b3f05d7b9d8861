"""Workflows for GitHub: what is written where, that GitHub takes it, and what the roles may do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner
from typer.testing import CliRunner as TyperRunner

from cloud.iam import Role
from cloud.workflow_sites import EVERYTHING, made
from edgewise.cli.main import app
from edgewise.cli.saving import queries_of
from edgewise.cloud.errors import WorkflowError
from edgewise.cloud.reading import template_of
from edgewise.cloud.workflows import render_workflows, repository_root, write_files
from edgewise.site import compile_template, load_site

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]
TWO_APPS = (
    '[[behaviors]]\npath = "/feed/*"\norigin = "app"',
    '[origins.feed]\nimage = "app"\narchitecture = "arm64"\n\n[[behaviors]]\npath = "/feed/*"\norigin = "feed"',
)
PINNED = r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a site in a folder of it, and its workflows."""
    return made(tmp_path_factory.mktemp("repository"))


def workflow(repository: Path, name: str) -> dict[Any, Any]:
    document: dict[Any, Any] = yaml.safe_load((repository / ".github/workflows" / name).read_text())
    return document


@pytest.fixture(scope="module")
def everything(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workflows of the examples, of a site with two apps, and of the one above, in one folder."""
    folder = tmp_path_factory.mktemp("workflows") / ".github" / "workflows"
    folder.mkdir(parents=True)
    two = made(tmp_path_factory.mktemp("two"), *TWO_APPS)
    for file in (*(repository / ".github/workflows").iterdir(), *(two / ".github/workflows").iterdir()):
        (folder / f"{file.parts[-4]}-{file.name}").write_text(file.read_text())
    for example in sorted((ROOT / "examples").glob("*/edgewise.toml")):
        site = load_site(example.parent)
        template = compile_template(site, code_hash="0" * 12, queries=queries_of(site))
        for path, text in render_workflows(site, [template], ROOT, "main").items():
            if path.suffix == ".yml":
                (folder / f"{site.name}-{path.name}").write_text(text)
    return folder


def test_githubs_schema_takes_the_workflows(everything: Path) -> None:
    files = map(str, sorted(everything.iterdir()))
    result = CliRunner().invoke(check_jsonschema, ["--builtin-schema", "vendor.github-workflows", *files])
    assert result.exit_code == 0, result.output


def test_zizmor_finds_nothing(everything: Path) -> None:
    command = [BIN / "zizmor", "--offline", "--no-progress", everything]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout
    assert "No findings to report" in result.stdout


def test_each_app_has_a_workflow_of_its_own_on_a_machine_like_its_function(tmp_path: Path) -> None:
    repository = made(tmp_path, *TWO_APPS)
    assert sorted(file.name for file in (repository / ".github/workflows").iterdir()) == [
        "app-journal-app.yml",
        "app-journal-feed.yml",
        "edge-journal.yml",
    ]
    app_, feed = (
        workflow(repository, name)["jobs"]["deploy"]
        for name in ("app-journal-app.yml", "app-journal-feed.yml")
    )
    assert (app_["runs-on"], app_["env"]["FUNCTION"]) == ("ubuntu-24.04", "journal-app")
    assert (feed["runs-on"], feed["env"]["FUNCTION"]) == ("ubuntu-24.04-arm", "journal-feed")
    build = next(step["run"] for step in feed["steps"] if step.get("name") == "Build the image")
    assert "--platform linux/arm64" in build


def test_cfn_lint_takes_the_roles_of_a_site_with_everything(tmp_path: Path) -> None:
    roles = made(tmp_path, "[log]\n", EVERYTHING) / ".github/edgewise-roles-journal.yaml"
    for policy in Role(roles, "DeployRole", "journal-ci").policies():
        # As IAM counts it, which takes 6,144 characters a policy.
        written = re.sub(r'{"Fn::Sub":("[^"]*")}', r"\1", json.dumps(policy, separators=(",", ":")))
        written = written.replace("${AWS::Partition}", "aws").replace("${AWS::AccountId}", "1" * 12)
        assert len(written) < 6_000
    # And the one template that is written by hand, since cfn-lint takes a while to begin.
    command = [BIN / "cfn-lint", roles, ROOT / "examples/memory/balancer.yaml"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("name", ["app-journal-app.yml", "edge-journal.yml"])
def test_actions_are_named_by_commits_and_jobs_say_what_they_may(repository: Path, name: str) -> None:
    text = (repository / ".github/workflows" / name).read_text()
    used = [line.split("uses: ")[1] for line in text.splitlines() if "uses: " in line]
    assert used
    for one in used:
        assert re.search(PINNED, one), one
    document = workflow(repository, name)
    assert document["permissions"] == {}
    for job in document["jobs"].values():
        assert set(job["permissions"]) <= {"contents", "id-token"}
        assert job["permissions"]["contents"] == "read"
    assert "secrets." not in text


def test_only_jobs_that_ask_aws_get_a_token(repository: Path) -> None:
    for name in ("app-journal-app.yml", "edge-journal.yml"):
        for job in workflow(repository, name)["jobs"].values():
            asks = any("configure-aws-credentials" in str(step.get("uses")) for step in job["steps"])
            assert ("id-token" in job["permissions"]) == asks


def test_a_workflow_runs_for_its_own_files(repository: Path) -> None:
    # YAML reads the key `on` as true.
    edge, app_ = (workflow(repository, name)[True] for name in ("edge-journal.yml", "app-journal-app.yml"))
    assert edge["push"]["paths"] == [
        "site/**",
        "!site/app/**",
        ".github/workflows/edge-journal.yml",
        ".github/edgewise-requirements.txt",
    ]
    paths = ["site/app/**", ".github/workflows/app-journal-app.yml"]
    assert app_["push"] == {"branches": ["main"], "paths": paths}


def test_the_cache_is_emptied_where_there_is_one(repository: Path, tmp_path: Path) -> None:
    assert "--paths '/feed/*' '/files/*' " in (repository / ".github/workflows/edge-journal.yml").read_text()
    assert "--paths '/feed/*' " in (repository / ".github/workflows/app-journal-app.yml").read_text()
    uncached = made(tmp_path, 'cache = "optimized"', 'cache = "disabled"')
    assert "invalidation" not in (uncached / ".github/workflows/app-journal-app.yml").read_text()
    assert "invalidation" not in (uncached / ".github/workflows/edge-journal.yml").read_text()


@pytest.mark.parametrize(
    ("dockerfile", "asked"),
    [
        ("FROM scratch\nENV AWS_LWA_READINESS_CHECK_PATH=/feed/latest\n", "/feed/latest"),
        ("FROM scratch\nENV AWS_LWA_READINESS_CHECK_PATH=/health\n", "/feed/"),  # no visitor gets there
        ("FROM scratch\n", "/feed/"),
    ],
)
def test_after_an_update_the_app_is_asked_for_what_tells_that_it_is_ready(
    dockerfile: str, asked: str, tmp_path: Path
) -> None:
    repository = made(tmp_path, 'origin = "app"\ncache = "disabled"', 'origin = "files"\ncache = "disabled"')
    next(repository.glob("**/Dockerfile")).write_text(dockerfile)
    site = load_site(next(repository.glob("**/edgewise.toml")).parent)
    template = compile_template(site, code_hash="0" * 12, queries=queries_of(site))
    files = render_workflows(site, [template], repository, "main")
    assert f"_SMOKE_PATH || '{asked}' }}}}" in files[Path(".github/workflows/app-journal-app.yml")]


def test_what_is_asked_for_may_be_a_variable_of_the_site_file(tmp_path: Path) -> None:
    region = 'region = "eu-central-1"'
    told = f'{region}\nenvironment = {{ AWS_LWA_READINESS_CHECK_PATH = "/feed/now" }}'
    workflow = made(tmp_path, region, told) / ".github/workflows/app-journal-app.yml"
    assert "_SMOKE_PATH || '/feed/now' }}" in workflow.read_text()


def test_roles_are_for_this_repository_and_branch(repository: Path) -> None:
    template = template_of((repository / ".github/edgewise-roles-journal.yaml").read_text())
    subjects = {
        name: role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]
        for name, role in template["Resources"].items()
        if role["Type"] == "AWS::IAM::Role"
    }
    sub, aud = "token.actions.githubusercontent.com:sub", "token.actions.githubusercontent.com:aud"
    main = {"Fn::Sub": "repo:${Repository}:ref:refs/heads/main"}
    assert subjects == {
        "PlanRole": {
            "StringEquals": {aud: "sts.amazonaws.com", sub: {"Fn::Sub": "repo:${Repository}:pull_request"}}
        },
        "DeployRole": {"StringEquals": {aud: "sts.amazonaws.com", sub: main}},
        "AppRole": {"StringEquals": {aud: "sts.amazonaws.com", sub: main}},
    }


def test_the_commands_files_are_written_anew_and_others_never(tmp_path: Path) -> None:
    repository = made(tmp_path)
    edge = repository / ".github/workflows/edge-journal.yml"
    before = edge.read_text()
    edge.write_text(before.partition("\n")[0] + "\nname: old\n")
    again = TyperRunner().invoke(app, ["ci", str(repository / "site")])
    assert (again.exit_code, edge.read_text()) == (0, before)

    edge.write_text("name: mine\n")
    roles = repository / ".github/edgewise-roles-journal.yaml"
    roles.unlink()
    with pytest.raises(WorkflowError, match="yours by now"):
        TyperRunner().invoke(app, ["ci", str(repository / "site")], catch_exceptions=False)
    assert edge.read_text() == "name: mine\n"
    assert not roles.exists(), "nothing is written when one cannot be"


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    target = tmp_path / "theirs.yml"
    target.write_text("# Ours.\n")
    (tmp_path / "ours.yml").symlink_to(target)
    with pytest.raises(WorkflowError):
        write_files(tmp_path, {Path("ours.yml"): "# Ours.\nnew\n"})
    assert target.read_text() == "# Ours.\n"


def test_another_sites_workflows_are_not_overwritten(tmp_path: Path) -> None:
    """Site `a` with an app `b-c`, and site `a-b` with an app `c`."""
    file = tmp_path / "app-a-b-c.yml"
    file.write_text("# Made for a-b.\n")
    with pytest.raises(WorkflowError, match="for this site"):
        write_files(tmp_path, {Path("app-a-b-c.yml"): "# Made for a.\n"})
    assert file.read_text() == "# Made for a-b.\n"


def test_files_that_were_made_for_the_site_as_it_was_go_and_no_others(tmp_path: Path) -> None:
    repository = made(tmp_path, *TWO_APPS)
    folder = repository / ".github/workflows"
    begin = (folder / "edge-journal.yml").read_text().partition("\n")[0]
    (folder / "app.yml").write_text(f"{begin}\nname: app\n")
    (folder / "tests.yml").write_text("name: tests\n")
    (folder / "edge-almanac.yml").write_text(begin.replace("journal", "almanac") + "\n")
    old, new = TWO_APPS
    file = repository / "site/edgewise.toml"
    file.write_text(file.read_text().replace(new, old))

    told = TyperRunner().invoke(app, ["ci", str(repository / "site")])
    assert told.exit_code == 0
    assert told.output.count("Removed") == 2
    assert sorted(one.name for one in folder.iterdir()) == [
        "app-journal-app.yml",
        "edge-almanac.yml",
        "edge-journal.yml",
        "tests.yml",
    ]


@pytest.mark.parametrize("branch", ["main", "release/1.2", "v2_x-y"])
def test_a_branch_is_named(branch: str, tmp_path: Path) -> None:
    repository = made(tmp_path)
    run = TyperRunner().invoke(app, ["ci", str(repository / "site"), "--branch", branch])
    assert run.exit_code == 0
    assert workflow(repository, "edge-journal.yml")[True]["push"]["branches"] == [branch]


def test_a_folder_that_is_in_no_repository_is_one(tmp_path: Path) -> None:
    assert repository_root(tmp_path) == tmp_path.resolve()


@pytest.mark.parametrize(
    "branch",
    [
        "main'",
        'a"b',
        "$(reboot)",
        "${{ github.token }}",
        "",
        "a b",
        "-a",
        "/a",
        "a/",
        "a..b",
        "a//b",
        "a.lock",
        "a/.b",
    ],
)
def test_what_git_takes_for_no_branch_or_means_something_is_refused(branch: str, tmp_path: Path) -> None:
    repository = made(tmp_path)
    with pytest.raises(WorkflowError, match="branch"):
        TyperRunner().invoke(
            app, ["ci", str(repository / "site"), "--branch", branch], catch_exceptions=False
        )
