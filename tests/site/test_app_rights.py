"""What an app that runs as a function is told, and what it may do: variables, secrets, policies, a VPC."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session
from cfnlint.data.schemas.extensions import aws_lambda_function

from edgewise.cdn import load_template
from edgewise.cloud.doctor.account import site_secrets
from edgewise.site import (
    ImageOrigin,
    LocalCommand,
    compile_template,
    load_site,
    needed_on_aws,
    reasons_of,
    write_template,
)
from edgewise.site.errors import SiteError, SiteProblems
from edgewise.site.limits import RESERVED_VARIABLES, VARIABLE

KMS = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SITE = f"""\
name = "notes"
[origins.app]
image = "app"
policies = ["arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess", "arn:aws:iam::111122223333:policy/notes"]
subnets = ["subnet-0123456789abcdef0"]
security_groups = ["sg-0123456789abcdef0", "sg-01234567"]
[origins.app.environment]
LOG_LEVEL = "info"
EMPTY = ""
[origins.app.secrets]
DATABASE = {{ from = "secrets-manager", name = "notes/database", kms_key = "{KMS}" }}
TOKEN = {{ from = "ssm", name = "/notes/token" }}
SAME_TOKEN = {{ from = "ssm", name = "/notes/token" }}
[origins.app.local]
command = ["serve", "{{port}}"]
[origins.app.local.environment]
LOG_LEVEL = "debug"
[default]
origin = "app"
"""
NETWORK = (
    'subnets = ["subnet-0123456789abcdef0"]\nsecurity_groups = ["sg-0123456789abcdef0", "sg-01234567"]\n'
)
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a site file beside an image's folder `app`; gives the site's folder."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").touch()
    (tmp_path / "app" / "app.py").touch()

    def written(text: str) -> Path:
        (tmp_path / "edgewise.toml").write_text(text)
        return tmp_path

    return written


def resource(template: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


def test_the_function_has_its_variables_and_the_names_of_secrets(write: Write) -> None:
    site = load_site(write(SITE))
    function = resource(compile_template(site, code_hash="0"), "AppImageFunction")
    assert function["Environment"] == {
        "Variables": {
            "LOG_LEVEL": "info",
            "EMPTY": "",
            "DATABASE": "notes/database",
            "TOKEN": "/notes/token",
            "SAME_TOKEN": "/notes/token",
        }
    }
    assert function["VpcConfig"] == {
        "SubnetIds": ["subnet-0123456789abcdef0"],
        "SecurityGroupIds": ["sg-0123456789abcdef0", "sg-01234567"],
    }
    (app,) = site.origins
    assert isinstance(app, ImageOrigin) and isinstance(app.local, LocalCommand)
    assert app.local.environment == {"LOG_LEVEL": "debug"}


def test_the_role_may_read_the_named_secrets_and_no_others(write: Write) -> None:
    role = resource(compile_template(load_site(write(SITE)), code_hash="0"), "AppImageRole")
    policies = {one["PolicyName"]: one["PolicyDocument"]["Statement"] for one in role["Policies"]}
    assert list(policies) == ["logs", "secrets", "network"]
    here = "us-east-1:${AWS::AccountId}"
    assert [(one["Effect"], one["Action"], one["Resource"]) for one in policies["secrets"]] == [
        (
            "Allow",
            ["secretsmanager:GetSecretValue"],
            [{"Fn::Sub": f"arn:${{AWS::Partition}}:secretsmanager:{here}:secret:notes/database-??????"}],
        ),
        (
            "Allow",
            ["ssm:GetParameter"],
            [{"Fn::Sub": f"arn:${{AWS::Partition}}:ssm:{here}:parameter/notes/token"}],
        ),
        ("Allow", ["kms:Decrypt"], [KMS]),
    ]
    assert role["ManagedPolicyArns"] == [
        "arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess",
        "arn:aws:iam::111122223333:policy/notes",
    ]


def test_a_variable_may_be_called_as_a_right_is(write: Write) -> None:
    text = SITE.replace("DATABASE =", "kms =")
    role = resource(compile_template(load_site(write(text)), code_hash="0"), "AppImageRole")
    allowed = role["Policies"][1]["PolicyDocument"]["Statement"]
    assert [one["Action"] for one in allowed] == [
        ["secretsmanager:GetSecretValue"],
        ["ssm:GetParameter"],
        ["kms:Decrypt"],
    ]


def test_lambda_may_make_interfaces_and_the_app_may_not(write: Write) -> None:
    role = resource(compile_template(load_site(write(SITE)), code_hash="0"), "AppImageRole")
    allowed, denied = role["Policies"][2]["PolicyDocument"]["Statement"]
    assert (allowed["Effect"], denied["Effect"]) == ("Allow", "Deny")
    assert allowed["Action"] == denied["Action"]
    assert "ec2:CreateNetworkInterface" in allowed["Action"]
    assert "Condition" not in allowed
    (function,) = denied["Condition"]["ArnEquals"].values()
    assert function["Fn::Sub"].endswith(":function:notes-app")


def test_each_right_has_its_reason(write: Write) -> None:
    role = {
        "AppImageRole": compile_template(load_site(write(SITE)), code_hash="0")["Resources"]["AppImageRole"]
    }
    said = reasons_of(role)["AppImageRole"]
    for word in ("own log", "secrets", "network interfaces", "AmazonDynamoDBReadOnlyAccess, notes"):
        assert word in said
    plain = re.sub(r"(?ms)^policies.*?(?=^\[default\])", "", SITE)
    without = compile_template(load_site(write(plain)), code_hash="0")
    (policy,) = resource(without, "AppImageRole")["Policies"]
    assert policy["PolicyName"] == "logs"
    assert not {"Environment", "VpcConfig"} & resource(without, "AppImageFunction").keys()
    assert "nothing else" in reasons_of(without["Resources"])["AppImageRole"]


def test_no_secret_and_nothing_of_this_machine_is_written(write: Write, tmp_path: Path) -> None:
    text = SITE.replace('LOG_LEVEL = "debug"', 'LOG_LEVEL = "debug"\nDATABASE = "postgres://me:pw@localhost"')
    write_template(load_site(write(text)), tmp_path / "out" / "template.yaml")
    written = (tmp_path / "out" / "template.yaml").read_text()
    assert "localhost" not in written and "debug" not in written


def test_what_the_app_needs_on_aws_is_said(write: Write) -> None:
    needed = "\n".join(needed_on_aws(load_site(write(SITE))))
    for one in (
        "notes/database of secrets-manager in us-east-1",
        "/notes/token of ssm",
        ":policy/notes",
        "subnet-0",
    ):
        assert needed.count(one) == 1, one
    assert "AmazonDynamoDB" not in needed, "AWS's own are there"
    another = SITE.replace("[origins.app", "[origins.other").partition("[default]")[0].partition("\n")[2]
    shared = needed_on_aws(load_site(write(SITE + another)))
    assert sum(":policy/notes" in one for one in shared) == 1, "both may name the same"


@pytest.mark.parametrize(
    "text", ["a\x85b", "\u2028a", "a\nb\u2029", " a\n", "50", "no", "~", "\x07", "!Ref A", "ü 😀"]
)
def test_a_value_is_the_same_in_the_template_as_text(write: Write, tmp_path: Path, text: str) -> None:
    value = json.dumps(text, ensure_ascii=False).replace("\x85", "\\u0085")
    write_template(load_site(write(SITE.replace('"info"', value))), tmp_path / "template.yaml")
    function = load_template(tmp_path / "template.yaml").resources["AppImageFunction"]
    assert function["Properties"]["Environment"]["Variables"]["LOG_LEVEL"] == text


def test_doctor_looks_whether_the_secrets_are_there(write: Write) -> None:
    named = [(one.name, region) for one, region in site_secrets(load_site(write(SITE)))]
    assert named == [("notes/database", "us-east-1"), ("/notes/token", "us-east-1")]


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ("LOG_LEVEL =", "1LOG =", "environment.1LOG", "cannot be the name of a variable"),
        ("LOG_LEVEL =", "L =", "environment.L", "two characters at the least"),
        ("LOG_LEVEL =", '"LOG-LEVEL" =', "environment.LOG-LEVEL", "cannot be the name"),
        ("LOG_LEVEL =", "AWS_REGION =", "environment.AWS_REGION", "is set by Lambda"),
        ('"info"', '"\\u0000"', "environment.LOG_LEVEL", "NUL"),
        ('"info"', "3", "environment.LOG_LEVEL", "expected a text, found a whole number\n"),
        ('"info"', '"{{resolve:ssm:x}}"', "environment.LOG_LEVEL", "under `secrets`"),
        ('"info"', f'"{"x" * 4100}"', "environment", "Lambda takes 4,096"),
        ("TOKEN =", "LOG_LEVEL =", "secrets.LOG_LEVEL", "is in `environment`, too"),
        ("TOKEN =", "AWS_SESSION_TOKEN =", "secrets.AWS_SESSION_TOKEN", "is set by Lambda"),
        ('"/notes/token"', '"hunter 2!"', "secrets.TOKEN.name", "cannot be the name of a secret"),
        (KMS, KMS.replace("us-east-1", "eu-west-1"), "secrets.DATABASE.kms_key", "the key is in eu-west-1"),
        ('LOG_LEVEL = "debug"', 'PORT = "1"', "local.environment.PORT", "is set by `edgewise up`"),
        ('LOG_LEVEL = "debug"', 'AWS_REGION = "x1"', "local.environment.AWS_REGION", "is set by Lambda"),
        ('command = ["serve", "{port}"]', 'url = "http://a:1"', "local.environment", "goes with `command`"),
        ("iam::aws:policy/Amazon", "iam::aws:role/Amazon", "policies[0]", "not the ARN of a managed policy"),
        (
            "111122223333:policy/notes",
            "aws:policy/AmazonDynamoDBReadOnlyAccess",
            "policies[1]",
            "there twice",
        ),
        ('"subnet-0123456789abcdef0"', '"subnet-xyz"', "subnets[0]", "Expected one such as subnet-0123"),
        ('"sg-01234567"', '"sg-012345678"', "security_groups[1]", "Expected one such as sg-0123"),
        ('"sg-01234567"', '"sg-0123456789abcdef0"', "security_groups[1]", "there twice"),
        ('0"]', '0", "subnet-0123456789abcdef0"]', "subnets[1]", "there twice"),
        (
            ":policy/notes",
            ":policy/{{resolve:ssm:x}}/notes",
            "policies[1]",
            "not the ARN of a managed policy",
        ),
        (
            '"/notes/token"',
            '"arn:aws-cn:ssm:cn-north-1:111122223333:parameter/a"',
            "secrets.TOKEN.name",
            "its whole",
        ),
        (
            'subnets = ["subnet-0123456789abcdef0"]',
            "subnets = []",
            "origins.app.subnets",
            "`subnets` is empty",
        ),
        (
            NETWORK,
            "subnets = []\nsecurity_groups = []\n",
            "origins.app.subnets",
            "`subnets` and `security_groups` are empty",
        ),
        (NETWORK, "security_groups = []\n", "origins.app.security_groups", "`security_groups` is empty"),
        ('"info"', "5", "environment.LOG_LEVEL", 'Write it in quotes: "5".'),
        ('"info"', "true", "environment.LOG_LEVEL", 'Write it in quotes: "true".'),
        ('LOG_LEVEL = "debug"', "RATE = 0.5", "local.environment.RATE", 'Write it in quotes: "0.5".'),
        (
            'TOKEN = { from = "ssm", name = "/notes/token" }',
            'TOKEN = "hunter 2!"',
            "secrets.TOKEN",
            "It is never the secret itself.",
        ),
        ("[origins.app.environment]", "[origins.app.env]", "origins.app.env", "Did you mean `environment`?"),
        ('subnets = ["subnet-0123456789abcdef0"]', "", "security_groups", "needs `subnets`"),
        (
            'security_groups = ["sg-0123456789abcdef0", "sg-01234567"]',
            "",
            "subnets",
            "needs `security_groups`",
        ),
        (
            '["sg-0123456789abcdef0", "sg-01234567"]',
            json.dumps([f"sg-0123456{number}" for number in range(6)]),
            "security_groups",
            "Lambda takes 5",
        ),
        ('image = "app"', 'domain = "a.example.com"', "app.environment", "do not go with `domain`"),
    ],
)
def test_one_mistake_is_one_message(write: Write, old: str, new: str, key: str, said: str) -> None:
    assert old in SITE
    with pytest.raises(SiteError) as caught:
        load_site(write(SITE.replace(old, new, 1)))
    assert not isinstance(caught.value, SiteProblems)
    assert key in str(caught.value) and said in f"{caught.value}\n"
    assert "hunter" not in str(caught.value)


def test_variables_and_the_names_of_secrets_have_4_kb_together(write: Write) -> None:
    """In bytes, as one JSON text."""
    named = {"DATABASE": "notes/database", "TOKEN": "/notes/token", "SAME_TOKEN": "/notes/token"}
    room = 4096 - len(json.dumps({"LOG_LEVEL": "", "EMPTY": "", **named}, separators=(",", ":")))
    most = "é" * (room // 2) + "x" * (room % 2)
    load_site(write(SITE.replace('"info"', f'"{most}"')))
    with pytest.raises(SiteError, match="4,097 bytes"):
        load_site(write(SITE.replace('"info"', f'"{most}x"')))


def test_secrets_are_in_the_region_of_the_app(write: Write) -> None:
    text = SITE.replace('image = "app"', 'image = "app"\nregion = "eu-central-1"').replace(
        "kms:us-east-1", "kms:eu-central-1"
    )
    named = site_secrets(load_site(write(text)))
    assert [(one.name, region) for one, region in named] == [
        ("notes/database", "eu-central-1"),
        ("/notes/token", "eu-central-1"),
    ]


def test_a_server_behind_a_custom_origin_sets_what_it_likes(write: Write) -> None:
    site = load_site(
        write(
            'name = "notes"\n[origins.app]\ndomain = "a.example.com"\n[origins.app.local]\n'
            'command = ["serve", "{port}"]\nenvironment = { AWS_ACCESS_KEY_ID = "minio" }\n[default]\norigin = "app"\n'
        )
    )
    assert getattr(site.origins[0].local, "environment", None) == {"AWS_ACCESS_KEY_ID": "minio"}


def test_the_rules_of_variables_are_aws_s() -> None:
    """Names as Lambda's API has them, and the reserved ones as cfn-lint has collected them."""
    shape = get_session().get_service_model("lambda").shape_for("EnvironmentVariableName")
    pattern = re.compile(shape.metadata["pattern"])
    for name in ("A", "AB", "a_1", "_A", "1A", "A-B", "AB "):
        assert bool(VARIABLE.fullmatch(name)) == bool(pattern.fullmatch(name)), name
    file = Path(aws_lambda_function.__file__).with_name("environment_variable_keys.json")
    assert set(json.loads(file.read_text())["propertyNames"]["not"]["enum"]) == RESERVED_VARIABLES
