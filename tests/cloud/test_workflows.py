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

from cloud.workflow_sites import made
from edgewise.cli.main import app
from edgewise.cli.saving import queries_of
from edgewise.cloud.errors import WorkflowError
from edgewise.cloud.reading import template_of
from edgewise.cloud.workflows import render_workflows, repository_root, write_files
from edgewise.site import compile_template, load_site

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]
EVERYTHING = """
[log]
delivery = "stdout"

[alarms]
email = "ops@example.com"
dashboard = true

[domain]
names = ["example.com"]
hosted_zone = { name = "example.com", id = "Z0123456789ABCDEFGHIJ" }

[statistics]

[standard_log]
to = "cloudwatch"
"""
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


def policies(repository: Path, role: str) -> list[list[dict[str, Any]]]:
    """The statements of each policy of a role."""
    template = template_of((repository / ".github/edgewise-roles.yaml").read_text())["Resources"]
    names = [one["Ref"] for one in template[role]["Properties"]["ManagedPolicyArns"]]
    return [template[name]["Properties"]["PolicyDocument"]["Statement"] for name in names]


def statements(repository: Path, role: str) -> list[dict[str, Any]]:
    return [one for policy in policies(repository, role) for one in policy]


def resources(statement: dict[str, Any]) -> list[str]:
    """The resources of a statement, as they are written."""
    return [one if isinstance(one, str) else one["Fn::Sub"] for one in statement["Resource"]]


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
        "app-app.yml",
        "app-feed.yml",
        "edge.yml",
    ]
    app_, feed = (workflow(repository, name)["jobs"]["deploy"] for name in ("app-app.yml", "app-feed.yml"))
    assert (app_["runs-on"], app_["env"]["FUNCTION"]) == ("ubuntu-24.04", "journal-app")
    assert (feed["runs-on"], feed["env"]["FUNCTION"]) == ("ubuntu-24.04-arm", "journal-feed")
    build = next(step["run"] for step in feed["steps"] if step.get("name") == "Build the image")
    assert "--platform linux/arm64" in build


def test_cfn_lint_takes_the_roles_of_a_site_with_everything(tmp_path: Path) -> None:
    roles = made(tmp_path, "[log]\n", EVERYTHING) / ".github/edgewise-roles.yaml"
    for policy in policies(tmp_path, "DeployRole"):
        # As IAM counts it, which takes 6,144 characters a policy.
        written = re.sub(r'{"Fn::Sub":("[^"]*")}', r"\1", json.dumps(policy, separators=(",", ":")))
        written = written.replace("${AWS::Partition}", "aws").replace("${AWS::AccountId}", "1" * 12)
        assert len(written) < 6_000
    # And the one template that is written by hand, since cfn-lint takes a while to begin.
    command = [BIN / "cfn-lint", roles, ROOT / "examples/memory/balancer.yaml"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("name", ["app.yml", "edge.yml"])
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
    for name in ("app.yml", "edge.yml"):
        for job in workflow(repository, name)["jobs"].values():
            asks = any("configure-aws-credentials" in str(step.get("uses")) for step in job["steps"])
            assert ("id-token" in job["permissions"]) == asks


def test_a_workflow_runs_for_its_own_files(repository: Path) -> None:
    # YAML reads the key `on` as true.
    edge, app_ = workflow(repository, "edge.yml")[True], workflow(repository, "app.yml")[True]
    assert edge["push"]["paths"] == ["site/**", "!site/app/**", ".github/workflows/edge.yml"]
    assert app_["push"] == {"branches": ["main"], "paths": ["site/app/**", ".github/workflows/app.yml"]}


def test_the_cache_is_emptied_where_there_is_one(repository: Path, tmp_path: Path) -> None:
    assert "--paths '/feed/*' '/files/*' " in (repository / ".github/workflows/edge.yml").read_text()
    assert "--paths '/feed/*' " in (repository / ".github/workflows/app.yml").read_text()
    uncached = made(tmp_path, 'cache = "optimized"', 'cache = "disabled"')
    assert "invalidation" not in (uncached / ".github/workflows/app.yml").read_text()
    assert "invalidation" not in (uncached / ".github/workflows/edge.yml").read_text()


def test_roles_are_for_this_repository_and_branch(repository: Path) -> None:
    template = template_of((repository / ".github/edgewise-roles.yaml").read_text())
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


def test_a_pull_request_may_change_nothing(repository: Path) -> None:
    for one in statements(repository, "PlanRole"):
        for action in one["Action"]:
            assert action.partition(":")[2].startswith(("Describe", "Get", "List")), action


def test_roles_touch_what_bears_the_sites_name(tmp_path: Path) -> None:
    repository = made(tmp_path, "[log]\n", EVERYTHING)
    # These know no resource, or their resource is the account's.
    nameless = {
        "ecr:GetAuthorizationToken",
        "logs:DeleteResourcePolicy",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:PutResourcePolicy",
    }
    # What AWS gives a number instead of a name, and Glue's one catalog.
    numbered = (":cloudfront:", ":acm:", ":delivery:*", ":catalog", "hostedzone/Z0123456789ABCDEFGHIJ")
    for role in ("PlanRole", "DeployRole", "AppRole"):
        for one in statements(repository, role):
            for where in resources(one):
                assert "EXAMPLE" not in where
                if not (set(one["Action"]) <= nameless or any(part in where for part in numbered)):
                    assert re.search(r"[:/*]journal([-_./]|$)", where), where


def test_alarms_in_all_regions_may_be_made(tmp_path: Path) -> None:
    repository = made(tmp_path, "[log]\n", EVERYTHING)
    (alarms,) = (
        resources(one)
        for one in statements(repository, "DeployRole")
        if "cloudwatch:PutMetricAlarm" in one["Action"]
    )
    arn = "arn:${AWS::Partition}:cloudwatch:*:${AWS::AccountId}:alarm:journal"
    assert set(alarms) == {f"{arn}-*", f"{arn}.*", arn}


def test_no_stack_of_another_site_is_meant(repository: Path) -> None:
    stacks = [
        where.rpartition(":")[2]
        for one in statements(repository, "DeployRole")
        for where in resources(one)
        if any(action.startswith("cloudformation:") for action in one["Action"])
    ]
    assert sorted(stacks) == ["stack/journal-app/*", "stack/journal/*"]


def test_the_commands_files_are_written_anew_and_others_never(tmp_path: Path) -> None:
    repository = made(tmp_path)
    edge = repository / ".github/workflows/edge.yml"
    before = edge.read_text()
    edge.write_text(before.partition("\n")[0] + "\nname: old\n")
    again = TyperRunner().invoke(app, ["ci", str(repository / "site")])
    assert (again.exit_code, edge.read_text()) == (0, before)

    edge.write_text("name: mine\n")
    roles = repository / ".github/edgewise-roles.yaml"
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
    repository = made(tmp_path)
    edge = repository / ".github/workflows/edge.yml"
    before = edge.read_text()
    other = repository / "site/edgewise.toml"
    other.write_text(other.read_text().replace('name = "journal"', 'name = "almanac"'))
    with pytest.raises(WorkflowError, match="for this site"):
        TyperRunner().invoke(app, ["ci", str(repository / "site")], catch_exceptions=False)
    assert edge.read_text() == before


def test_a_folder_that_is_in_no_repository_is_one(tmp_path: Path) -> None:
    assert repository_root(tmp_path) == tmp_path.resolve()


@pytest.mark.parametrize("branch", ["main'", 'a"b', "$(reboot)", "${{ github.token }}", ""])
def test_a_branch_with_signs_that_mean_something_is_refused(branch: str, tmp_path: Path) -> None:
    repository = made(tmp_path)
    with pytest.raises(WorkflowError, match="branch"):
        TyperRunner().invoke(
            app, ["ci", str(repository / "site"), "--branch", branch], catch_exceptions=False
        )
