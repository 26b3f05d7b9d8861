"""The template's roles against AWS's reading of policies as far as moto plays it: actions are allowed, and no others.

moto does not know what an action is done to, outside of S3: the resources are held against the ARNs that it gives.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from edge.moto_aws import ACCOUNT, Moto, running_moto
from edgewise.site import compile_template
from support.sites import JUDGE, ROLLOUT, TO_OPENOBSERVE, TWO_VERSIONS, site_of

SITE = f"""{TWO_VERSIONS}{TO_OPENOBSERVE}{ROLLOUT}\
key = {{ from = "secrets-manager", name = "shop/key" }}
[rollout.sessions]
cookie = "session"
{JUDGE}"""
TABLES = {"shop-release": "id", "shop-sessions": "token"}
Client = Callable[[str], Any]


def resolved(value: Any) -> Any:
    """The template's expressions as a deployment would resolve them."""
    match value:
        case {"Fn::Sub": str(text)}:
            known = {"Partition": "aws", "Region": "us-east-1", "AccountId": ACCOUNT}
            for name, one in known.items():
                text = text.replace(f"${{AWS::{name}}}", one)
            return text
        case dict():
            return {key: resolved(one) for key, one in value.items()}
        case list():
            return [resolved(one) for one in value]
    return value


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with running_moto() as running:
        yield running


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """The template's, as a deployment would have them."""
    folder = tmp_path_factory.mktemp("shop")
    found: Mapping[str, Any] = resolved(compile_template(site_of(folder, SITE), code_hash="0")["Resources"])
    return found


@pytest.fixture(scope="module")
def roles(moto: Moto, resources: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    """The credentials of the template's roles; what they are about is there."""

    def root(service: str) -> Any:
        return client(moto, service, {"AccessKeyId": "root", "SecretAccessKey": "root"})

    for table, key in TABLES.items():
        root("dynamodb").create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        )
    root("secretsmanager").create_secret(Name="shop/key", SecretString="the signing key")
    for name in ("/shop/token", "/shop/judge"):
        root("ssm").put_parameter(Name=name, Value=name, Type="SecureString")
    found = {}
    for name in ("FunctionRole", "JudgeRole"):
        properties = resources[name]["Properties"]
        trust = json.dumps(properties["AssumeRolePolicyDocument"])
        root("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        for policy in properties["Policies"]:
            (statement,) = policy["PolicyDocument"]["Statement"]
            document = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": "*"}]})
            root("iam").put_role_policy(
                RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=document
            )
        role = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        found[name] = root("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return found


def client(moto: Moto, service: str, given: Mapping[str, str]) -> Any:
    return boto3.client(
        service,
        endpoint_url=moto.url,
        region_name="us-east-1",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given.get("SessionToken"),
    )


def read(table: str) -> Callable[[Client], Any]:
    return lambda aws: aws("dynamodb").get_item(TableName=table, Key={TABLES[table]: {"S": "x"}})


def write(table: str) -> Callable[[Client], Any]:
    return lambda aws: aws("dynamodb").put_item(TableName=table, Item={TABLES[table]: {"S": "x"}})


def parameter(name: str) -> Callable[[Client], Any]:
    return lambda aws: aws("ssm").get_parameter(Name=name, WithDecryption=True)


def secret(name: str) -> Callable[[Client], Any]:
    return lambda aws: aws("secretsmanager").get_secret_value(SecretId=name)


@pytest.mark.parametrize(
    ("role", "call"),
    [
        ("FunctionRole", read("shop-release")),
        ("FunctionRole", read("shop-sessions")),
        ("FunctionRole", secret("shop/key")),
        ("FunctionRole", parameter("/shop/token")),
        ("JudgeRole", read("shop-release")),
        ("JudgeRole", write("shop-release")),
        ("JudgeRole", parameter("/shop/judge")),
    ],
)
def test_a_role_may_do_what_its_function_does(moto: Moto, roles: Any, role: str, call: Any) -> None:
    with moto.checking():
        call(lambda service: client(moto, service, roles[role]))


@pytest.mark.parametrize(
    ("role", "call"),
    [
        ("FunctionRole", write("shop-release")),
        ("FunctionRole", write("shop-sessions")),
        ("JudgeRole", secret("shop/key")),
    ],
)
def test_a_role_may_do_nothing_else(moto: Moto, roles: Any, role: str, call: Any) -> None:
    with moto.checking(), pytest.raises(ClientError, match="AccessDenied"):
        call(lambda service: client(moto, service, roles[role]))


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("FunctionRole", {"release", "sessions", "token", "rollout-key"}),
        ("JudgeRole", {"release", "password"}),
    ],
)
def test_a_role_names_the_very_things(
    moto: Moto, roles: Any, resources: Mapping[str, Any], role: str, allowed: set[str]
) -> None:
    def aws(service: str) -> Any:
        return client(moto, service, {"AccessKeyId": "root", "SecretAccessKey": "root"})

    arns = {
        "release": aws("dynamodb").describe_table(TableName="shop-release")["Table"]["TableArn"],
        "sessions": aws("dynamodb").describe_table(TableName="shop-sessions")["Table"]["TableArn"],
        "rollout-key": aws("secretsmanager").describe_secret(SecretId="shop/key")["ARN"],
        "token": aws("ssm").get_parameter(Name="/shop/token")["Parameter"]["ARN"],
        "password": aws("ssm").get_parameter(Name="/shop/judge")["Parameter"]["ARN"],
    }
    patterns = [
        one
        for policy in resources[role]["Properties"]["Policies"]
        for one in policy["PolicyDocument"]["Statement"][0]["Resource"]
    ]
    named = {name for name, arn in arns.items() if any(fnmatchcase(arn, one) for one in patterns)}
    assert named == allowed
