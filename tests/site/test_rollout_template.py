"""What a rollout adds to the template: policies that keep versions apart, tables, what roles may do, the judge."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgewise.cdn import load_template
from edgewise.cdn.policies import MANAGED_CACHE_POLICIES, MANAGED_ORIGIN_REQUEST_POLICIES
from edgewise.cdn.template.distribution import read_distribution
from edgewise.check import check_template
from edgewise.site import compile_template, load_site, needed_on_aws, write_template
from edgewise.site.policies import CACHE_POLICIES, ORIGIN_REQUEST_POLICIES

SITE = """\
name = "shop"

[origins.v1]
domain = "v1.my-shop.com"

[origins.v2]
domain = "v2.my-shop.com"

[default]
origin = "v1"
viewer_protocol = "redirect-to-https"
{behavior}
[log]
{log}
[rollout]
stable = "v1"
new = "v2"
key = {{ from = "ssm", name = "/shop/rollout-key" }}
{rollout}
"""
JUDGED = {
    "log": 'delivery = "openobserve"\nurl = "https://logs.example.com"\nregion = "eu-west-2"\n'
    'token = { from = "ssm", name = "/shop/token" }\n',
    "rollout": '[rollout.judge]\nuser = "judge@example.com"\nleast_requests = 200\n'
    'password = { from = "secrets-manager", name = "shop/judge" }\n',
}
Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A site's folder; the arguments are more lines for parts of its file."""

    def make(behavior: str = "", log: str = "", rollout: str = "") -> Path:
        (tmp_path / "edgewise.toml").write_text(SITE.format(behavior=behavior, log=log, rollout=rollout))
        return tmp_path

    return make


def compiled(folder: Path) -> dict[str, Any]:
    resources: dict[str, Any] = compile_template(load_site(folder), code_hash="0")["Resources"]
    return resources


def as_read(folder: Path) -> Any:
    """The default behavior as the local CDN reads it from the template's text."""
    file = folder / "template.yaml"
    write_template(load_site(folder), file)
    return read_distribution(load_template(file))[0].behaviors[-1]


@pytest.mark.parametrize("name", [name for name in CACHE_POLICIES if name != "disabled"])
def test_a_cache_keeps_the_versions_apart_and_is_otherwise_as_cloudfronts_own(
    folder: Folder, name: str
) -> None:
    managed = MANAGED_CACHE_POLICIES[CACHE_POLICIES[name].id]
    cache = as_read(folder(f'cache = "{name}"')).cache_policy
    assert set(cache.headers) == {*managed.headers, "x-app-version"}
    assert (cache.default_ttl, cache.max_ttl) == (managed.default_ttl, managed.max_ttl)
    assert cache.min_ttl == 0, "an app's no-cache and its cookies are left alone"
    assert (cache.cookies, cache.queries) == (managed.cookies, managed.queries)
    assert (cache.gzip, cache.brotli) == (managed.gzip, managed.brotli)


@pytest.mark.parametrize("name", [*ORIGIN_REQUEST_POLICIES, "none"])
def test_where_nothing_is_cached_the_version_is_forwarded(folder: Folder, name: str) -> None:
    forward = as_read(folder(f'forward = "{name}"')).origin_request_policy
    assert forward.takes_header("x-app-version")
    if name != "none":
        managed = MANAGED_ORIGIN_REQUEST_POLICIES[ORIGIN_REQUEST_POLICIES[name].id]
        assert (forward.cookies, forward.queries) == (managed.cookies, managed.queries)
        assert (
            all(forward.takes_header(one) for one in managed.header_names) or managed.headers == "allExcept"
        )
        assert forward.takes_header("accept-language") == managed.takes_header("accept-language")


def test_other_behaviors_keep_cloudfronts_own_policies(folder: Folder) -> None:
    other = '[origins.api]\ndomain = "api.example.com"\n'
    other += '[[behaviors]]\npath = "/api/*"\norigin = "api"\ncache = "optimized"\nforward = "none"\n'
    config = compiled(folder(other))["Distribution"]["Properties"]["DistributionConfig"]
    assert config["CacheBehaviors"][0]["CachePolicyId"] == CACHE_POLICIES["optimized"].id
    assert "OriginRequestPolicyId" not in config["CacheBehaviors"][0]
    triggers = [one["EventType"] for one in config["CacheBehaviors"][0]["LambdaFunctionAssociations"]]
    assert triggers == ["viewer-request", "origin-response"]


def test_the_tables_have_a_replica_in_each_region_and_sessions_expire(folder: Folder) -> None:
    more = 'regions = ["us-east-1", "eu-west-1"]\n[rollout.sessions]\ncookie = "session"\n'
    resources = compiled(folder(rollout=more))
    release, sessions = (resources[name]["Properties"] for name in ("ReleaseTable", "SessionsTable"))
    for table, name, key in ((release, "shop-release", "id"), (sessions, "shop-sessions", "token")):
        assert table["TableName"] == name
        assert table["KeySchema"] == [{"AttributeName": key, "KeyType": "HASH"}]
        assert [one["Region"] for one in table["Replicas"]] == ["us-east-1", "eu-west-1"]
    assert sessions["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert "TimeToLiveSpecification" not in release


def permissions(role: dict[str, Any]) -> dict[str, tuple[list[str], list[str]]]:
    """What a role may do: actions and resources by the names of its policies."""
    found = {}
    for policy in role["Properties"]["Policies"]:
        (statement,) = policy["PolicyDocument"]["Statement"]
        resources = [one["Fn::Sub"] if isinstance(one, dict) else one for one in statement["Resource"]]
        found[policy["PolicyName"]] = (statement["Action"], resources)
    return found


def test_the_functions_may_read_the_release_the_sessions_and_the_key_and_no_more(folder: Folder) -> None:
    role = compiled(folder(rollout='[rollout.sessions]\ncookie = "session"\n'))["FunctionRole"]
    account = "${AWS::AccountId}"
    assert {name: value for name, value in permissions(role).items() if name != "logs"} == {
        "release": (
            ["dynamodb:GetItem"],
            [f"arn:${{AWS::Partition}}:dynamodb:*:{account}:table/shop-release"],
        ),
        "sessions": (
            ["dynamodb:GetItem"],
            [f"arn:${{AWS::Partition}}:dynamodb:*:{account}:table/shop-sessions"],
        ),
        "rollout-key": (
            ["ssm:GetParameter"],
            [f"arn:${{AWS::Partition}}:ssm:us-east-1:{account}:parameter/shop/rollout-key"],
        ),
    }


def test_a_release_in_a_parameter_needs_no_table(folder: Folder) -> None:
    resources = compiled(folder(rollout='state = "ssm"'))
    assert "ReleaseTable" not in resources
    parameter = "arn:${AWS::Partition}:ssm:us-east-1:${AWS::AccountId}:parameter/shop/release"
    assert permissions(resources["FunctionRole"])["release"] == (["ssm:GetParameter"], [parameter])


def test_a_judge_that_can_ask_for_its_evidence_runs_every_minute(folder: Folder) -> None:
    place = folder(**JUDGED)
    out = place / "out/template.yaml"
    write_template(load_site(place), out)
    resources = load_template(out).resources
    function = resources["JudgeFunction"]["Properties"]
    assert resources["JudgeSchedule"]["Properties"]["ScheduleExpression"] == "rate(1 minute)"
    code = out.parent / function["Code"]
    module, _, handler = function["Handler"].rpartition(".")
    assert f"def {handler}(" in (code / f"{module.replace('.', '/')}.py").read_text()
    assert json.loads((code / "edgewise_judge.json").read_text()) == {
        "site": "shop",
        "stable": "v1",
        "new": "v2",
        "state": {"from": "dynamodb", "table": "shop-release"},
        "region": "us-east-1",
        "endpoint": None,
        "openobserve": {
            "url": "https://logs.example.com",
            "organization": "default",
            "stream": "edge",
            "user": "judge@example.com",
            "password": {"from": "secrets-manager", "name": "shop/judge"},
            "region": "eu-west-2",
        },
        "rules": {"least_requests": 200},
        "behaviors": [["*", "origin"]],
    }
    may = permissions(resources["JudgeRole"])
    assert may["release"][0] == ["dynamodb:GetItem", "dynamodb:PutItem"]
    assert may["password"][0] == ["secretsmanager:GetSecretValue"]
    assert "JudgeFunction" not in compiled(folder())


def test_the_judges_folder_is_enough_to_import_it(folder: Folder) -> None:
    place = folder(**JUDGED)
    write_template(load_site(place), place / "template.yaml")
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import sys; sys.path.insert(0, {str(place / 'functions/judge')!r}); ",
    ]
    command[-1] += "import edgewise.rollout.function as judge; print(judge.__file__)"
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout.startswith(str(place)), done.stderr


def test_what_aws_must_have_besides_is_told(folder: Folder) -> None:
    needed = needed_on_aws(load_site(folder(**JUDGED)))
    assert "the secret /shop/rollout-key of ssm in us-east-1" in needed
    assert "the secret shop/judge of secrets-manager in eu-west-2" in needed


def test_the_judges_folder_holds_nothing_of_others_and_is_not_written_over_others(folder: Folder) -> None:
    place = folder(**JUDGED)
    judge = place / "functions/judge"
    judge.mkdir(parents=True)
    (judge / "mine.txt").write_text("mine")
    with pytest.raises(Exception, match="not a file that Edgewise made"):
        write_template(load_site(place), place / "template.yaml")
    assert [file.name for file in judge.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("more", [{}, {"behavior": 'forward = "none"'}, JUDGED, {"rollout": 'state = "ssm"'}])
def test_the_check_finds_nothing_in_it(folder: Folder, more: dict[str, str]) -> None:
    place = folder(**more)
    write_template(load_site(place), place / "template.yaml")
    found = check_template(load_template(place / "template.yaml"))
    assert [
        one for one in found if one.rule.id != "EDGE303"
    ] == []  # the store's host is one for documentation
