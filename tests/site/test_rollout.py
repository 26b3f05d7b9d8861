"""What `[rollout]` in the site file means: what is refused and why, and what is baked into the functions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from edgewise.edge.settings import Settings
from edgewise.rollout.rules import RANGES, Rules
from edgewise.site import Bundle, Judge, Secret, Sessions, SiteError, bundle_settings, load_site
from edgewise.site.check_judge import JUDGE_RULES
from edgewise.site.raw import RawJudge
from edgewise.site.reader import shapes_of
from edgewise.site.regions import POSITIONS, nearest_replicas

SITE = """\
name = "shop"

[origins.v1]
domain = "v1.example.com"
protocol = "match-viewer"

[origins.v2]
domain = "v2.example.com"

[origins.files]
folder = "."

[default]
origin = "v1"

[[behaviors]]
path = "/files/*"
origin = "files"

[rollout]
stable = "v1"
new = "v2"
key = { from = "ssm", name = "/shop/rollout-key" }
"""
Edit = Callable[..., Path]


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    """The site's folder, with text of its file replaced, and more text at its end."""

    def change(old: str = "", new: str = "", more: str = "") -> Path:
        assert old in SITE
        (tmp_path / "edgewise.toml").write_text(SITE.replace(old, new, 1) + more)
        return tmp_path

    return change


def test_the_defaults(edit: Edit) -> None:
    rollout = load_site(edit()).rollout
    assert rollout is not None
    assert (rollout.stable, rollout.new, rollout.state) == ("v1", "v2", "dynamodb")
    assert (rollout.header, rollout.cookie) == ("X-App-Version", "edgewise-release")
    assert (rollout.session_minutes, rollout.ttl_seconds) == (1440, 15)
    assert (rollout.table, rollout.parameter) == ("shop-release", "/shop/release")
    assert (rollout.regions, rollout.exclude_paths) == (("us-east-1",), ())
    assert rollout.key == Secret("ssm", "/shop/rollout-key")
    assert (rollout.sessions, rollout.judge) == (None, None)


def test_everything_that_can_be_said(edit: Edit) -> None:
    more = (
        'header = "X-Version"\ncookie = "release"\nsession_minutes = 0x3C\nttl_seconds = 5\nstate = "ssm"\n'
        'regions = ["eu-west-1", "us-east-1", "eu-west-1"]\nexclude_paths = ["/health", "/health"]\n'
        '[rollout.sessions]\ncookie = "sid"\ndeadline_ms = 20\n'
        "[rollout.judge]\nleast_requests = 200\nlatency_factor = 0\n"
    )
    rollout = load_site(edit(more=more)).rollout
    assert rollout is not None
    assert (rollout.header, rollout.cookie, rollout.state) == ("X-Version", "release", "ssm")
    assert (rollout.session_minutes, rollout.ttl_seconds) == (60, 5)
    assert (rollout.regions, rollout.exclude_paths) == (("us-east-1", "eu-west-1"), ("/health",))
    assert rollout.sessions == Sessions("shop-sessions", "sid", 20)
    assert rollout.judge == Judge({"least_requests": 200, "latency_factor": 0})


def test_a_rollout_runs_where_its_stable_version_is_served_and_nowhere_else(edit: Edit) -> None:
    site = load_site(edit())
    assert site.triggers_of(site.default) == ("viewer-request", "origin-request", "viewer-response")
    assert site.triggers_of(site.behaviors[0]) == ()
    logged = load_site(edit(more="[log]\n"))
    assert logged.triggers_of(logged.behaviors[0]) == ("viewer-request", "origin-response")


@pytest.mark.parametrize(
    ("old", "new", "key", "says"),
    [
        ('stable = "v1"', 'stable = "v3"', "rollout.stable", 'unknown origin "v3"'),
        ('new = "v2"', 'new = "files"', "rollout.new", "is a bucket"),
        ('new = "v2"', 'new = "v1"', "rollout.new", "this is the stable version"),
        ('new = "v2"\n', "", "rollout.new", "missing"),
        ('"v2.example.com"', '"V1.example.com"', "origins.v2.domain", "the domain of the stable version"),
        (
            'protocol = "match-viewer"\n\n[origins.v2]\n',
            'protocol = "http-only"\n\n[origins.v2]\nprotocol = "match-viewer"\n',
            "origins.v2.protocol",
            "cannot tell how the viewer came",
        ),
        (
            '[default]\norigin = "v1"',
            '[default]\norigin = "v2"',
            "rollout.stable",
            "no behavior has the origin",
        ),
        ('origin = "v1"\n', 'origin = "v1"\nfunctions = false\n', "default.functions", "functions are off"),
        (
            '[default]\norigin = "v1"\n',
            '[default]\norigin = "v1"\n[[behaviors]]\npath = "/new/*"\norigin = "v2"\n',
            "behaviors[0].origin",
            "everybody would meet it",
        ),
        (
            'origin = "v1"\n',
            'origin = "v1"\ncache = "11111111-2222-3333-4444-555555555555"\n',
            "default.cache",
            "a policy of your own",
        ),
        (
            'origin = "v1"\n',
            'origin = "v1"\nforward = "11111111-2222-3333-4444-555555555555"\n',
            "default.forward",
            "a policy of your own",
        ),
    ],
)
def test_versions_that_cannot_be_steered_are_refused(
    edit: Edit, old: str, new: str, key: str, says: str
) -> None:
    with pytest.raises(SiteError) as raised:
        load_site(edit(old, new))
    assert (raised.value.key, says in raised.value.message) == (key, True), str(raised.value)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ('header = "Host"', "header", "not a header that a function may add"),
        ('header = "X-Edge-Version"', "header", "not a header that a function may add"),
        ('header = "X-Edgewise-Decision"', "header", "not a header that a function may add"),
        ('cookie = "a b"', "cookie", "cannot be the name of a cookie"),
        ('cookie = "__Host-release"', "cookie", "cannot be the name of a cookie"),
        ("session_minutes = 0", "session_minutes", "out of range"),
        ("ttl_seconds = 4", "ttl_seconds", "Expected 5 to 300"),
        ("ttl_seconds = nan", "ttl_seconds", "out of range"),
        ('state = "redis"', "state", "unknown value"),
        ('regions = ["us-east-1", "eu-west-9"]', "regions[1]", 'unknown region "eu-west-9"'),
        ('regions = ["eu-west-1"]', "regions", "us-east-1 is not among them"),
        ('exclude_paths = ["health"]', "exclude_paths[0]", "is not a path"),
        ('exclude_paths = ["/health*"]', "exclude_paths[0]", "no pattern"),
        ("[rollout.sessions]", "sessions.cookie", "missing"),
        ('[rollout.sessions]\ncookie = "edgewise-release"', "sessions.cookie", "the rollout's own cookie"),
        ('[rollout.sessions]\ncookie = "s"\ndeadline_ms = 2000', "sessions.deadline_ms", "out of range"),
        ("[rollout.judge]\nleast_visitors = inf", "judge.least_visitors", "out of range"),
        ("[rollout.judge]\nleast_visitors = 2.5", "judge.least_visitors", "no whole number"),
        ("[rollout.judge]\nlatency_factor = 1", "judge.latency_factor", "out of range"),
        ('[rollout.judge]\nuser = "me"', "judge", "go together"),
        (
            '[rollout.judge]\nuser = "me"\npassword = { from = "ssm", name = "/p" }',
            "judge.password",
            "`openobserve`",
        ),
        ('[persistence]\nheader = "x-app-version"', "header", "the header of `persistence` too"),
    ],
)
def test_a_wrong_value_is_told_with_its_key_and_what_was_expected(
    edit: Edit, line: str, key: str, says: str
) -> None:
    with pytest.raises(SiteError) as raised:
        load_site(edit(more=f"{line}\n"))
    assert raised.value.key == f"rollout.{key}"
    assert says in str(raised.value)


def test_the_key_itself_is_never_shown(edit: Edit) -> None:
    with pytest.raises(SiteError) as raised:
        load_site(edit('"/shop/rollout-key"', '"s3cret and more"'))
    assert raised.value.key == "rollout.key.name" and "s3cret" not in str(raised.value)


def test_what_is_baked_into_the_functions(edit: Edit) -> None:
    more = 'regions = ["us-east-1", "eu-west-1"]\n[rollout.sessions]\ncookie = "sid"\n'
    site = load_site(edit(more=more))
    baked = bundle_settings(site)["rollout"]
    replicas = baked.pop("replicas")
    assert baked == {
        "stable": "v1",
        "new": "v2",
        "origins": {
            "v1": {"domain": "v1.example.com", "protocol": "match-viewer"},
            "v2": {"domain": "v2.example.com", "protocol": "https-only"},
        },
        "header": "X-App-Version",
        "cookie": "edgewise-release",
        "session_s": 86400,
        "ttl_s": 15,
        "key": {"from": "ssm", "name": "/shop/rollout-key"},
        "key_region": "us-east-1",
        "state": {"from": "dynamodb", "table": "shop-release"},
        "sessions": {"table": "shop-sessions", "cookie": "sid", "deadline_ms": 50},
        "exclude_paths": [],
        "endpoint": None,
    }
    assert (replicas["eu-central-1"], replicas["us-west-2"]) == ("eu-west-1", "us-east-1")


def test_a_run_on_this_machine_reads_one_region_there_and_the_key_by_its_plain_name(edit: Edit) -> None:
    arn = "arn:aws:secretsmanager:eu-west-2:111122223333:secret:shop/key-AbCdEf"
    site = load_site(
        edit(
            '{ from = "ssm", name = "/shop/rollout-key" }', f'{{ from = "secrets-manager", name = "{arn}" }}'
        )
    )
    there, here = (bundle_settings(site, aws=aws)["rollout"] for aws in (None, "http://127.0.0.1:5000"))
    assert there["key"] == {"from": "secrets-manager", "name": arn}
    assert here["key"] == {"from": "secrets-manager", "name": "shop/key"}
    assert there["key_region"] == here["key_region"] == "eu-west-2"
    assert (here["endpoint"], here["replicas"]) == ("http://127.0.0.1:5000", {})


@pytest.mark.parametrize(
    ("secret", "name"),
    [
        (Secret("ssm", "/a/b"), "/a/b"),
        (Secret("ssm", "arn:aws:ssm:eu-west-2:111122223333:parameter/a/b"), "/a/b"),
        (Secret("secrets-manager", "a/b"), "a/b"),
        (Secret("secrets-manager", "arn:aws:secretsmanager:us-east-1:111122223333:secret:a-b-x1Y2z3"), "a-b"),
    ],
)
def test_the_plain_name_of_a_secret(secret: Secret, name: str) -> None:
    assert secret.plain_name == name


@pytest.mark.parametrize(
    "more",
    [
        "",
        'state = "ssm"\nsession_minutes = 1\nttl_seconds = 5\n',
        "session_minutes = 576000\nttl_seconds = 300\n[rollout.sessions]\ncookie = 'a!#~'\ndeadline_ms = 1000\n",
        'exclude_paths = ["/", "/é"]\n[rollout.sessions]\ncookie = "s"\ndeadline_ms = 5\n',
    ],
)
@pytest.mark.parametrize("aws", [None, "http://127.0.0.1:5000"])
def test_the_runtime_takes_what_is_baked(edit: Edit, more: str, aws: str | None) -> None:
    baked = bundle_settings(load_site(edit(more=more)), aws=aws)
    read = Settings(baked).rollout
    assert read is not None and (read["stable"], read["new"]) == ("v1", "v2")


def test_the_site_takes_the_rules_that_the_judge_knows_and_says_its_defaults() -> None:
    assert JUDGE_RULES == RANGES
    helps = {name: shape.key.help for name, shape in shapes_of(RawJudge).items()}
    for rule in fields(Rules):
        least, most = RANGES[rule.name]
        assert f"{least:g} to {most:.10g}" in helps[rule.name], rule.name
        assert helps[rule.name].endswith(f"default {rule.default:g}"), rule.name


def test_only_a_site_with_a_rollout_ships_the_code_for_one(edit: Edit, tmp_path: Path) -> None:
    site = load_site(edit(more="[log]\n"))
    Bundle(site, tmp_path / "with", bundle_settings(site)).refresh()
    assert (tmp_path / "with/edgewise/edge/rollout/__init__.py").is_file()
    assert json.loads((tmp_path / "with/edgewise_settings.json").read_text())["rollout"]["stable"] == "v1"
    (tmp_path / "edgewise.toml").write_text(SITE.split("[rollout]")[0] + "[log]\n")
    plain = load_site(tmp_path)
    Bundle(plain, tmp_path / "without", bundle_settings(plain)).refresh()
    assert not (tmp_path / "without/edgewise/edge/rollout").exists()


def test_each_region_reads_the_nearest_replica() -> None:
    replicas = nearest_replicas(("us-east-1", "eu-west-1", "ap-southeast-1"))
    assert replicas.keys() == POSITIONS.keys()
    near = {
        "us-east-1": ["us-east-2", "us-west-1", "us-west-2", "sa-east-1", "ca-central-1"],
        "eu-west-1": ["eu-central-1", "eu-west-2", "eu-north-1"],
        "ap-southeast-1": ["ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-southeast-2"],
    }
    for replica, regions in near.items():
        assert {replicas[region] for region in (replica, *regions)} == {replica}
    assert set(nearest_replicas(("us-east-1",)).values()) == {"us-east-1"}
