"""What looks like a mistake and is none: stand-ins, private origins, code that is right, permissions of all shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from check.samples import OPTIMIZED, VERSION, check, code, rules
from edgewise.check import CheckOptions

REGION = {"Ref": "AWS::Region"}
HEADERS = (
    "def step(event):\n    request = event['Records'][0]['cf']['request']\n    headers = request['headers']\n"
)


@pytest.mark.parametrize(
    "domain",
    [
        {"Fn::Sub": "${AWS::StackName}"},
        {"Fn::Sub": "${AWS::AccountId}"},
        {"Ref": "Empty"},
        {"Fn::Join": ["", ["origin", {"Ref": "Empty"}]]},
        {"Ref": "Balancer"},
    ],
    ids=str,
)
def test_a_domain_that_the_deployment_completes(domain: Any) -> None:
    parameters = {"Parameters.Empty": {"Type": "String", "Default": ""}}
    balancer = {"Resources.Balancer": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer"}}
    assert rules(parameters | balancer | {"Origin.DomainName": domain}) == set()
    asked: list[str] = []
    check(
        parameters | balancer | {"Origin.DomainName": domain},
        CheckOptions(resolves=lambda name: bool(asked.append(name)) or True),
    )
    assert asked == ["files.s3.us-east-1.amazonaws.com"]


def test_an_origin_inside_a_vpc_needs_no_public_name() -> None:
    private = {"Origin.CustomOriginConfig": None, "Origin.DomainName": "app.internal"}
    assert rules(private | {"Origin.VpcOriginConfig": {"VpcOriginId": "vo_1"}}) == set()
    assert "EDGE302" in rules(private)


def test_names_and_a_certificate_that_the_deployment_gives() -> None:
    given = {name: {"Type": "String", "Default": ""} for name in ("Name", "Certificate")}
    document: dict[str, Any] = {f"Parameters.{name}": body for name, body in given.items()}
    document["Config.Aliases"] = [{"Ref": "Name"}]
    document["Config.ViewerCertificate"] = {"AcmCertificateArn": {"Ref": "Certificate"}}
    document["Config.Logging"] = {"Bucket": {"Fn::Sub": "${Name}.s3.amazonaws.com"}}
    assert rules(document) == set()


def test_a_bucket_of_the_template_is_named_by_its_domain() -> None:
    bucket = {
        "Resources.Files": {"Type": "AWS::S3::Bucket"},
        "Origin.CustomOriginConfig": None,
        "Origin.S3OriginConfig": {},
    }

    def origin_and_log(domain: Any, log: Any) -> set[str]:
        return rules(bucket | {"Origin.DomainName": domain, "Config.Logging": {"Bucket": log}})

    attributes = [{"Fn::GetAtt": ["Files", name]} for name in ("RegionalDomainName", "DomainName")]
    assert origin_and_log(*attributes) == set()
    assert origin_and_log({"Ref": "Files"}, {"Ref": "Files"}) == {"EDGE309", "EDGE516"}


def test_the_region_is_where_the_stack_goes() -> None:
    certificate = {
        "Config.ViewerCertificate": {
            "AcmCertificateArn": {"Fn::Sub": "arn:aws:acm:${AWS::Region}:111122223333:certificate/1"}
        },
        "Behavior.LambdaFunctionAssociations": [],
    }
    assert rules(certificate) == set()
    assert rules(certificate, CheckOptions(region="eu-west-1")) == {"EDGE513"}


def test_a_condition_on_the_region_is_decided() -> None:
    document = {
        "Conditions.Home": {"Fn::Equals": [REGION, "us-east-1"]},
        "Behavior.LambdaFunctionAssociations": [],
        "Origin.ConnectionAttempts": {"Fn::If": ["Home", 3, 4]},
    }
    assert rules(document) == set()
    assert rules(document, CheckOptions(region="eu-west-1")) == {"EDGE307"}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("    headers.pop('via')", {"EDGE621"}),
        ("    del request['headers']['Via']", {"EDGE621"}),
        ("    request.setdefault('headers', {})['via'] = []", {"EDGE621"}),
        ("    headers = dict(headers)\n    headers.pop('via')", set()),
        ("    made = {'status': '200', 'headers': {}}\n    made['headers']['via'] = []", set()),
        ("    request['origin']['custom']['customHeaders']['via'] = []", set()),
        ("    headers.get('via')", set()),
        ("    headers['via'] = headers['via']", set()),
        ("    headers['via'] = headers['host']", {"EDGE621"}),
        ("    h = request['headers']\n    h['x-a'] = []\n    h['via'] = []", {"EDGE621"}),
        ("    h = request.get('headers', {})\n    del h['host']", {"EDGE621"}),
        ("    changed(request['headers'])\ndef changed(h):\n    h.pop('host')", {"EDGE621"}),
        ("    h = {}\n    h['via'] = []", set()),
        ("    h = request['headers']\n    h = {}\n    h['via'] = []", set()),
        ("    h = request['origin']['custom']\n    h['host'] = 1", set()),
        ("    for h in headers:\n        h['via'] = 1", set()),
        ("    request['via'] = 1", set()),
    ],
)
def test_only_the_headers_of_the_event_are_read_only(change: str, found: set[str]) -> None:
    assert rules(code(HEADERS + change)) == found


ANSWER = "{'status': '200', 'body': ''}"


@pytest.mark.parametrize(
    ("end", "found"),
    [
        (f"return {ANSWER}", set()),
        (f"answer = {ANSWER}\n    return answer", set()),
        (f"if request['uri'] == '/':\n        return {ANSWER}\n    return request", {"EDGE621"}),
        (f"answer = {ANSWER}\n    answer = request\n    return answer", {"EDGE621"}),
        ("return {'uri': '/', 'headers': headers}", {"EDGE621"}),
        ("return passed(request)", {"EDGE621"}),
        ("pass", {"EDGE621"}),
    ],
)
def test_a_request_that_does_not_go_on_may_lose_its_headers(end: str, found: set[str]) -> None:
    source = HEADERS.replace("step", "answering") + f"    headers.pop('host')\n    {end}\n"
    asked = code(source) | {"Function.Handler": "index.answering"}
    assert rules(asked) == found
    answer = code(source.replace("request", "response").replace("'host'", "'via'"), "viewer-response")
    assert "EDGE621" in rules(asked | answer), "a response always goes on"


def test_a_read_only_header_is_said_to_matter_if_the_request_goes_on() -> None:
    (finding,) = check(code(HEADERS + "    headers.pop('via')"))
    assert (
        finding.message == "via is read-only at viewer-request: if the request goes on, the visitor gets 502"
    )


@pytest.mark.parametrize(("trigger", "rule"), [("viewer-request", "EDGE612"), ("origin-request", "EDGE614")])
def test_not_every_text_that_begins_with_cloudfront_is_a_header(trigger: str, rule: str) -> None:
    client = "import boto3\nboto3.client('cloudfront-keyvaluestore')\nlog = 'cloudfront-access-logs'"
    assert rules(code(client, trigger)) == set()
    assert rules(code("h = 'CloudFront-Viewer-JA4-Fingerprint'", trigger)) == {rule}


def test_a_client_whose_address_is_of_a_region_wants_one() -> None:
    assert rules(code("import boto3\nboto3.client('route53domains')")) == {"EDGE615"}


def test_headers_are_followed_into_the_codes_own_functions() -> None:
    helper = "def clean(given):\n    given['headers'].pop('via')\n"
    assert rules(code(f"{helper}{HEADERS}    clean(request)")) == {"EDGE621"}
    assert rules(code(f"{helper}{HEADERS}    clean({{'headers': {{}}}})")) == set()


@pytest.mark.parametrize(
    "change",
    [
        "    headers.pop('cloudfront-viewer-country', None)",
        "    if 'cloudfront-viewer-country' in headers:\n        del headers['cloudfront-viewer-country']",
        "    for name in ('cloudfront-viewer-country', 'x-real'):\n        headers.pop(name, None)",
    ],
)
def test_taking_off_a_header_that_a_visitor_made_up_is_no_reading(change: str) -> None:
    assert rules(code(HEADERS + change)) == set()
    assert rules(
        code(HEADERS + change.replace("headers.pop(", "x = headers.get(").replace("del ", "x = "))
    ) == {"EDGE612"}


@pytest.mark.parametrize(
    "client",
    [
        "client('sts')",
        "client(service_name='iam')",
        "client('s3', config=Config(region_name='us-east-1'))",
        "client('s3', config=Config(retries={}).merge(Config(region_name='us-east-1')))",
        "client('s3', **settings)",
    ],
)
def test_a_client_whose_region_is_given_or_does_not_matter(client: str) -> None:
    assert rules(code(f"import boto3\nfrom botocore.config import Config\nboto3.{client}")) == set()
    assert rules(code("import boto3\nboto3.client('s3', config=Config(retries={}))")) == {"EDGE615"}


def test_a_bucket_that_serves_a_website_is_no_application() -> None:
    website = {"Origin.DomainName": "my-shop.s3-website-us-east-1.amazonaws.com"}
    assert "EDGE421" not in rules(website | {"Behavior.CachePolicyId": OPTIMIZED})


def test_a_policy_is_of_its_kind() -> None:
    (finding,) = check({"Behavior.OriginRequestPolicyId": OPTIMIZED})
    assert finding.message == f"{OPTIMIZED} is CachingOptimized, of the kind CachePolicy"
    assert rules({"Behavior.ResponseHeadersPolicyId": "SecurityHeaders"}) == {"EDGE409"}
    assert rules({"Behavior.ResponseHeadersPolicyId": {"Ref": "Made"}} | _custom()) == set()


def _custom() -> dict[str, Any]:
    """A resource whose `Ref` may be anything."""
    return {"Resources.Made": {"Type": "Custom::Policy", "Properties": {"ServiceToken": VERSION}}}


def bucket(policy: dict[str, Any] | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Resources.Files": {"Type": "AWS::S3::Bucket"},
        "Origin.DomainName": {"Fn::Sub": "${Files}.s3.${AWS::Region}.amazonaws.com"},
        "Origin.S3OriginConfig": {},
        "Origin.CustomOriginConfig": None,
        "Origin.OriginAccessControlId": {"Fn::GetAtt": ["Control", "Id"]},
        "Resources.Control": {"Type": "AWS::CloudFront::OriginAccessControl"},
    }
    if policy is not None:
        properties = {"Bucket": {"Ref": "Files"}, "PolicyDocument": {"Statement": policy}}
        made["Resources.Policy"] = {"Type": "AWS::S3::BucketPolicy", "Properties": properties}
    return made


SERVICE = {"Service": ["cloudfront.amazonaws.com"]}


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (None, {"EDGE315"}),
        ({"Effect": "Deny", "Principal": SERVICE, "Action": "s3:GetObject"}, {"EDGE315"}),
        ({"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject"}, {"EDGE315"}),
        ({"Effect": "Allow", "Principal": SERVICE, "Action": ["s3:PutObject", "s3:Get*"]}, set()),
        ({"Effect": "Allow", "Principal": {"Ref": "Who"}, "Action": "s3:GetObject"}, set()),
        ({"Effect": "Allow", "Principal": "*", "Action": "s3:*"}, set()),
        ({"Effect": "Allow", "Principal": SERVICE, "NotAction": "s3:Put*"}, set()),
        ({"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}, "Action": "s3:GetObject"}, set()),
        ({"Effect": "Deny", "NotPrincipal": SERVICE, "Action": "s3:GetObject"}, {"EDGE315"}),
    ],
    ids=str,
)
def test_who_may_read_a_bucket_of_the_template(policy: dict[str, Any] | None, found: set[str]) -> None:
    parameter = {"Parameters.Who": {"Type": "String"}}
    assert rules(bucket(policy) | parameter) == found
    assert rules({"Origin.OriginAccessControlId": "E2QWRUHAPOMQZL"}) == set(), "a bucket of another stack"
    assert rules(bucket(policy) | parameter | {"Origin.OriginAccessControlId": ""}) == set()


@pytest.mark.parametrize("document", [json.dumps({"Statement": []}), {"Fn::Sub": "{}"}], ids=str)
def test_a_policy_that_is_a_text_may_allow_it(document: Any) -> None:
    made = bucket({})
    made["Resources.Policy"]["Properties"]["PolicyDocument"] = document
    assert rules(made) == set()


def test_a_function_url_that_asks_nobody_needs_no_permission() -> None:
    url = {"TargetFunctionArn": {"Fn::GetAtt": ["Function", "Arn"]}, "AuthType": "NONE"}
    document = {
        "Resources.Url": {"Type": "AWS::Lambda::Url", "Properties": url},
        "Origin.DomainName": {
            "Fn::Select": [2, {"Fn::Split": ["/", {"Fn::GetAtt": ["Url", "FunctionUrl"]}]}]
        },
        "Origin.OriginAccessControlId": "E2QWRUHAPOMQZL",
    }
    assert rules(document) == set()
    assert rules(
        {
            **document,
            "Resources.Url": {"Type": "AWS::Lambda::Url", "Properties": url | {"AuthType": "AWS_IAM"}},
        }
    ) == {"EDGE316"}
