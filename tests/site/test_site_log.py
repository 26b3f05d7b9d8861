"""`[log]` and `[persistence]` of the site file: what is refused, what the role may do for it, what the edge takes."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.edge.settings import PERSISTENCE_HEADER, REFUSED_HEADERS, Settings
from edgewise.site import Site, SiteError, SiteProblems, bundle_settings, compile_template, limits, load_site
from edgewise.site.check import check_site

from .conftest import SITE

Edit = Callable[[str, str], Path]
MACHINE = "arn:aws:states:eu-west-2:111122223333:stateMachine:records"


def with_log(edit: Edit, log: str) -> Site:
    return load_site(edit("[log]", f"[log]\n{log}"))


@pytest.mark.parametrize(
    ("log", "key", "hint"),
    [
        ('delivery = "opensearch"', "log.delivery", "Did you mean `openobserve`?"),
        ('url = "https://logs.example.com"', "log.url", "This one is `stdout`"),
        ('token = { from = "ssm", name = "t" }', "log.token", "This one is `stdout`"),
        ('delivery = "openobserve"\nurl = "https://me:w0rd@logs.example.com"', "log.url", "without a user"),
        ('delivery = "openobserve"\ntoken = "w0rd"', "log.token", "expected a table"),
        ('delivery = "openobserve"\ntoken = { name = "t" }', "log.token.from", "missing"),
        (
            'delivery = "openobserve"\ntoken = { from = "vault", name = "t" }',
            "log.token.from",
            "secrets-manager",
        ),
        (
            'delivery = "openobserve"\ntoken = { from = "ssm", name = "w0r d" }',
            "log.token.name",
            "never the secret",
        ),
        (
            'delivery = "openobserve"\ntoken = { from = "ssm", name = "arn:aws:secretsmanager:us-east-1:111122223333:'
            'secret:w0rd-AbCdEf" }',
            "log.token.name",
            "in `ssm`",
        ),
        (
            'visitor = true\nkey = { from = "secrets-manager", name = "arn:aws:secretsmanager:us-east-1:111122223333:'
            'secret:key" }',
            "log.key.name",
            "whole ARN",
        ),
        (
            'visitor = true\nkey = { from = "ssm", name = "/demo/key", kms_key = "alias/mine" }',
            "log.key.kms_key",
            "arn:aws:kms:REGION",
        ),
        ('delivery = "firehose"', "log.stream_name", "missing"),
        ('delivery = "firehose"\nstream_name = "a b"', "log.stream_name", "letters"),
        ('delivery = "step-functions"\nstate_machine_arn = "r"', "log.state_machine_arn", "arn:aws:states"),
        ('delivery = "eventbridge"\nbus = "a b"', "log.bus", "event bus"),
        ('delivery = "eventbridge"\nregion = "London"', "log.region", "us-east-1"),
        ('delivery = "eventbridge"\nregion = "cn-north-1"', "log.region", "us-east-1"),
        ('delivery = "eventbridge"\nregion = "eu-centrall-9"', "log.region", "Did you mean `eu-central-"),
        (
            'delivery = "step-functions"\n'
            'state_machine_arn = "arn:aws:states:eu-centrall-9:111122223333:stateMachine:m"',
            "log.state_machine_arn",
            "arn:aws:states:REGION",
        ),
        (
            'visitor = true\nregion = "eu-west-1"\nkey = { from = "ssm", name = "/demo/key", '
            'kms_key = "arn:aws:kms:us-east-1:111122223333:key/1234" }',
            "log.key.kms_key",
            "key of its own region",
        ),
        ('delivery = "eventbridge"\nbudget_ms = 0', "log.budget_ms", "1 to 5000"),
        ("budget_ms = 50", "log.budget_ms", "Remove `budget_ms`"),
        ("wait = true", "log.wait", "Remove `wait`"),
        ("sample = 1.5", "log.sample", "0 to 1"),
        ("sample = nan", "log.sample", "0 to 1"),
        ('sample = "half"', "log.sample", "expected a number"),
        ("sample = true", "log.sample", "expected a number"),
        ('client_address = "mask"', "log.client_address", "keep, truncate, hash, drop"),
        ('query = "dorp"', "log.query", "Did you mean `drop`?"),
        ('query = "page"', "log.query", 'Expected a list, ["page"], or one of: keep, drop.'),
        ("query = 7", "log.query", "a text or a list of texts"),
        ("query = [7]", "log.query[0]", "expected a text"),
        ('headers = ["Cookie"]', "log.headers[0]", "credential"),
        ('headers = ["dnt", "x_app"]', "log.headers[1]", "hyphens"),
        (f"headers = {[f'x-{letter}' for letter in 'abcdefghijk']}", "log.headers", "at most 10"),
        ('key = { from = "ssm", name = "/demo/key" }', "log.key", "visitor = true"),
        ('[persistence]\nheader = "X-Edge-Born"', "persistence.header", "X-Environment-Born"),
    ],
)
def test_a_mistake_is_named(edit: Edit, log: str, key: str, hint: str) -> None:
    with pytest.raises(SiteError) as caught:
        with_log(edit, log)
    assert not isinstance(caught.value, SiteProblems), caught.value
    assert caught.value.key == key
    assert hint in str(caught.value)
    assert "w0rd" not in str(caught.value)


def policies(site: Site) -> dict[str, tuple[Any, Any]]:
    """What the functions' role may do, by the name of the policy."""
    role = compile_template(site, code_hash="0")["Resources"]["FunctionRole"]["Properties"]
    statements = {one["PolicyName"]: one["PolicyDocument"]["Statement"] for one in role["Policies"]}
    assert statements.pop("logs")
    assert all(len(one) == 1 and one[0]["Effect"] == "Allow" for one in statements.values())
    return {name: (one["Action"], one["Resource"]) for name, (one,) in statements.items()}


@pytest.mark.parametrize(
    ("log", "action", "resource"),
    [
        (
            'delivery = "firehose"\nstream_name = "records"',
            "firehose:PutRecordBatch",
            {"Fn::Sub": "arn:${AWS::Partition}:firehose:us-east-1:${AWS::AccountId}:deliverystream/records"},
        ),
        (
            f'delivery = "step-functions"\nstate_machine_arn = "{MACHINE}"',
            "states:StartExecution",
            MACHINE,
        ),
        (
            'delivery = "eventbridge"\nregion = "eu-west-2"',
            "events:PutEvents",
            {"Fn::Sub": "arn:${AWS::Partition}:events:eu-west-2:${AWS::AccountId}:event-bus/default"},
        ),
    ],
)
def test_the_role_may_bring_records_to_one_place(edit: Edit, log: str, action: str, resource: Any) -> None:
    assert policies(with_log(edit, log)) == {"records": ([action], [resource])}


def test_the_role_may_read_the_secrets_that_are_named_and_no_others(edit: Edit) -> None:
    site = with_log(
        edit,
        'delivery = "openobserve"\nurl = "https://logs.example.com"\nvisitor = true\nregion = "eu-west-2"\n'
        'token = { from = "secrets-manager", name = "demo/token" }\nkey = { from = "ssm", name = "/demo/key" }',
    )
    arn = "arn:${AWS::Partition}:%s:eu-west-2:${AWS::AccountId}:%s"
    secret = {"Fn::Sub": arn % ("secretsmanager", "secret:demo/token-??????")}
    assert policies(site) == {
        "token": (["secretsmanager:GetSecretValue"], [secret]),
        "key": (["ssm:GetParameter"], [{"Fn::Sub": arn % ("ssm", "parameter/demo/key")}]),
    }


@pytest.mark.parametrize(
    ("secret", "resource"),
    [
        (
            'from = "secrets-manager", name = "/demo/key"',
            "secretsmanager:us-east-1:${AWS::AccountId}:secret:/demo/key-??????",
        ),
        ('from = "ssm", name = "/demo/key"', "ssm:us-east-1:${AWS::AccountId}:parameter/demo/key"),
        ('from = "ssm", name = "key"', "ssm:us-east-1:${AWS::AccountId}:parameter/key"),
    ],
)
def test_a_secret_is_meant_as_the_service_writes_its_arn(edit: Edit, secret: str, resource: str) -> None:
    site = with_log(edit, f"visitor = true\nkey = {{ {secret} }}")
    (_, (allowed,)) = policies(site)["key"]
    assert allowed == {"Fn::Sub": "arn:${AWS::Partition}:" + resource}


def test_a_whole_arn_is_taken_as_it_is_and_a_key_of_ones_own_may_decrypt(edit: Edit) -> None:
    secret = "arn:aws:secretsmanager:eu-west-2:111122223333:secret:demo/key-AbC123"
    kms = "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    site = with_log(
        edit, f'visitor = true\nkey = {{ from = "secrets-manager", name = "{secret}", kms_key = "{kms}" }}'
    )
    assert policies(site) == {
        "key": (["secretsmanager:GetSecretValue"], [secret]),
        "kms": (["kms:Decrypt"], [kms]),
    }
    assert bundle_settings(site)["log"]["privacy"]["key"] == {"from": "secrets-manager", "name": secret}


def test_one_key_for_two_secrets_is_one_permission(edit: Edit) -> None:
    kms = "arn:aws:kms:us-east-1:111122223333:key/1234"
    own = f'kms_key = "{kms}"'
    site = with_log(
        edit,
        f'delivery = "openobserve"\nurl = "https://logs.example.com"\ntoken = {{ from = "ssm", name = "/t", {own} }}\n'
        f'visitor = true\nkey = {{ from = "ssm", name = "/k", {own} }}',
    )
    assert [name for name, (actions, _) in policies(site).items() if actions == ["kms:Decrypt"]] == ["kms"]


def test_a_log_on_standard_output_needs_no_permission_more(site_folder: Path) -> None:
    assert policies(load_site(site_folder)) == {}


KEYS = {
    "delivery": ["stdout", "openobserve", "firehose", "step-functions", "eventbridge"],
    "url": ["https://logs.example.com/o2/", "http://[::1]:5080"],
    "organization": ["o"],
    "stream": ["s"],
    "user": ["u"],
    "token": [
        {"from": "ssm", "name": "/t"},
        {"from": "secrets-manager", "name": "arn:aws:secretsmanager:x:1:secret:t"},
    ],
    "stream_name": ["records"],
    "state_machine_arn": [MACHINE],
    "execution_per": ["batch", "record"],
    "bus": ["b", "arn:aws:events:eu-west-2:111122223333:event-bus/b"],
    "region": ["eu-west-2"],
    "budget_ms": [1, 0.5, 50, 5000.0],
    "wait": [True, False],
    "client_address": ["keep", "truncate", "hash", "drop"],
    "query": ["keep", "drop", [], ["a", ""]],
    "headers": [["dnt"], ["X-A", "x-a", "X-B"], ["X-Tokens"]],
    "visitor": [True, False],
    "key": [{"from": "ssm", "name": "k"}],
    "sample": [0, 0.25, 1, 2],
}
OWN = {
    "stdout": [],
    "openobserve": ["url", "organization", "stream", "user", "token", "budget_ms", "wait"],
    "firehose": ["stream_name", "budget_ms", "wait"],
    "step-functions": ["state_machine_arn", "execution_per", "budget_ms"],
    "eventbridge": ["bus", "budget_ms"],
}
COMMON = ["region", "client_address", "query", "headers", "visitor", "key", "sample"]


@st.composite
def logs(draw: st.DrawFn) -> dict[str, Any]:
    """A `[log]` table that is mostly right."""
    delivery = draw(st.sampled_from(KEYS["delivery"]))
    wanted = [key for key in (*OWN[delivery], *COMMON) if draw(st.integers(0, 3))]
    log = {key: draw(st.sampled_from(KEYS[key])) for key in wanted}
    if not draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(KEYS)))
        log[key] = draw(st.sampled_from(KEYS[key]) | st.text(max_size=3))
    return {"delivery": delivery, **log}


def on_disk(path: Path) -> Literal["file", "folder"]:
    return "file" if path.suffix == ".py" else "folder"


@settings(deadline=None)
@given(logs())
def test_what_the_site_file_may_say_the_edge_takes(log: dict[str, Any]) -> None:
    document = tomllib.loads(SITE) | {"log": log}
    try:
        site = check_site(document, Path("/site/edgewise.toml"), on_disk)
        baked = bundle_settings(site)
    except SiteError:
        return
    compile_template(site, code_hash="0")
    found = Settings(baked).log
    assert found is not None
    assert (found["delivery"], found["sample"]) == (log["delivery"], log.get("sample", 1))
    assert found["privacy"]["client_address"] == log.get("client_address", "keep")
    for key in ("token", "stream_name", "budget_ms"):
        if key in log:
            assert found[key] == log[key]


def test_the_site_refuses_the_names_of_headers_that_the_edge_refuses() -> None:
    assert limits.UNRECORDED_HEADER.pattern == REFUSED_HEADERS
    assert limits.OWN_HEADER.pattern == PERSISTENCE_HEADER
