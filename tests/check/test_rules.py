"""Each rule: the smallest template that breaks it, and one beside it that does not."""

from __future__ import annotations

from typing import Any

import pytest

from check.samples import (
    ALL_METHODS,
    ALL_VIEWER,
    OPTIMIZED,
    ORIGIN_CONTROLLED,
    READ,
    Changes,
    behaviors,
    cache_key,
    check,
    code,
    policy,
    rules,
    triggers,
)
from edgewise.check import RULES, CheckOptions

ACCOUNT = "111122223333"


def arn(qualifier: str = ":7", region: str = "us-east-1", account: str = ACCOUNT) -> dict[str, Any]:
    text = f"arn:aws:lambda:{region}:{account}:function:elsewhere{qualifier}"
    return {
        "Behavior.LambdaFunctionAssociations": [{"EventType": "viewer-request", "LambdaFunctionARN": text}]
    }


def group(codes: list[int] | None = None, ids: tuple[str, ...] = ("app", "files")) -> dict[str, Any]:
    members = {"Items": [{"OriginId": one} for one in ids]}
    criteria = {"StatusCodes": {"Items": codes or [500, 502, 503, 504]}}
    one = {"Id": "both", "FailoverCriteria": criteria, "Members": members}
    return {"Config.OriginGroups": {"Items": [one]}, "Behavior.TargetOriginId": "both"}


def error(**settings: Any) -> dict[str, Any]:
    return {"Config.CustomErrorResponses": [settings]}


def header(name: str, value: str = "x") -> dict[str, Any]:
    return {"Origin.OriginCustomHeaders": [{"HeaderName": name, "HeaderValue": value}]}


def trusts(*services: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"}
    return {"Role.AssumeRolePolicyDocument": {"Statement": statement}}


def both_accesses(control: str) -> dict[str, Any]:
    """The origin as a bucket, with an identity and perhaps an access control."""
    return {
        "Origin.CustomOriginConfig": None,
        "Origin.DomainName": "app.s3.us-east-1.amazonaws.com",
        "Origin.S3OriginConfig": {"OriginAccessIdentity": "origin-access-identity/cloudfront/E127EXAMPLE51Z"},
        "Origin.OriginAccessControlId": control,
    }


def website(protocol: str) -> dict[str, Any]:
    return {
        "Origin.DomainName": "shop.s3-website-us-east-1.amazonaws.com",
        "Origin.CustomOriginConfig": {"OriginProtocolPolicy": protocol},
    }


def certificate(region: str, account: str = ACCOUNT) -> dict[str, Any]:
    return {
        "Config.ViewerCertificate": {"AcmCertificateArn": f"arn:aws:acm:{region}:{account}:certificate/1"}
    }


def forwarding(cookie: str) -> dict[str, Any]:
    """A cache without cookies in its key, and one cookie that goes to the origin."""
    cookies = {"CookieBehavior": "whitelist", "Cookies": [cookie]}
    forward = policy("OriginRequestPolicy", HeadersConfig={"HeaderBehavior": "none"}, CookiesConfig=cookies)
    return forward | {"Behavior.CachePolicyId": OPTIMIZED, "Behavior.TargetOriginId": "files"}


def bucket(action: str = "s3:PutObject") -> dict[str, Any]:
    """A signed origin that is a bucket of the template, whose policy lets CloudFront do something."""
    statement = {"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": action}
    document = {"Bucket": {"Ref": "Files"}, "PolicyDocument": {"Statement": [statement]}}
    return {
        "Resources.Files": {"Type": "AWS::S3::Bucket"},
        "Resources.Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": document},
        "Origin.DomainName": {"Fn::GetAtt": ["Files", "RegionalDomainName"]},
        "Origin.S3OriginConfig": {},
        "Origin.CustomOriginConfig": None,
        "Origin.OriginAccessControlId": "E2QWRUHAPOMQZL",
    }


def function_url(action: str = "lambda:InvokeFunction") -> dict[str, Any]:
    """A signed origin that is a function URL of the template, and a permission for CloudFront."""
    permission = {
        "FunctionName": {"Fn::GetAtt": ["App", "Arn"]},
        "Principal": "cloudfront.amazonaws.com",
        "Action": action,
    }
    app = {"Runtime": "python3.13", "Handler": "index.handler", "Code": {"ZipFile": ""}}
    url = {"TargetFunctionArn": {"Fn::GetAtt": ["App", "Arn"]}, "AuthType": "AWS_IAM"}
    return {
        "Resources.App": {"Type": "AWS::Lambda::Function", "Properties": app},
        "Resources.Url": {"Type": "AWS::Lambda::Url", "Properties": url},
        "Resources.Permission": {"Type": "AWS::Lambda::Permission", "Properties": permission},
        "Origin.DomainName": {
            "Fn::Select": [2, {"Fn::Split": ["/", {"Fn::GetAtt": ["Url", "FunctionUrl"]}]}]
        },
        "Origin.OriginAccessControlId": "E2QWRUHAPOMQZL",
    }


VIEWER = triggers("viewer-request")
NO_FUNCTION = {"Behavior.LambdaFunctionAssociations": []}
URL = {"Origin.DomainName": "abc.lambda-url.us-east-1.on.aws"}
MEMBERS = [{"EventType": "viewer-request", "LambdaFunctionARN": {"Ref": "Version"}}]
OWN_POLICY = "01234567-89ab-cdef-0123-456789abcdef"
TEN = [f"X-{number}" for number in range(10)]

# Rule → what breaks it, what does not.
CASES: dict[str, tuple[Changes, Changes]] = {
    "EDGE101": ({"Function.Environment.Variables": {"A": "b"}}, {"Function.Environment": {}}),
    "EDGE102": ({"Function.Layers": ["arn:aws:lambda:us-east-1:1:layer:x:1"]}, {"Function.Layers": []}),
    "EDGE103": ({"Function.DeadLetterConfig.TargetArn": "arn:aws:sqs:us-east-1:1:q"}, {}),
    "EDGE104": ({"Function.VpcConfig.SubnetIds": ["s"]}, {"Function.VpcConfig": {"SubnetIds": []}}),
    "EDGE105": ({"Function.TracingConfig.Mode": "Active"}, {"Function.TracingConfig.Mode": "PassThrough"}),
    "EDGE106": ({"Function.Architectures": ["arm64"]}, {"Function.Architectures": ["x86_64"]}),
    "EDGE107": ({"Function.Code": {"ImageUri": "1.ecr/x"}}, {"Function.PackageType": "Zip"}),
    "EDGE108": ({"Function.EphemeralStorage.Size": 513}, {"Function.EphemeralStorage.Size": 512}),
    "EDGE109": (
        {"Version.ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1}},
        {"Version.Description": "none"},
    ),
    "EDGE110": ({"Function.KmsKeyArn": "arn:aws:kms:us-east-1:1:key/1"}, {}),
    "EDGE111": ({"Function.Runtime": "provided.al2023"}, {"Function.Runtime": "nodejs24.x"}),
    "EDGE112": ({"Function.Runtime": "python3.9"}, {"Function.Runtime": "python3.14"}),
    "EDGE113": ({"Function.Timeout": 31}, {"Function.Timeout": "30"}),
    "EDGE114": (VIEWER | {"Function.Timeout": 6}, VIEWER | {"Function.Timeout": 5}),
    "EDGE115": ({"Function.MemorySize": 10241}, {"Function.MemorySize": 10240}),
    "EDGE116": (VIEWER | {"Function.MemorySize": 129}, VIEWER | {"Function.MemorySize": 128}),
    "EDGE117": ({"Function.ReservedConcurrentExecutions": 5}, {}),
    "EDGE118": (
        {"Function.RuntimeManagementConfig.UpdateRuntimeOn": "Manual"},
        {"Function.RuntimeManagementConfig.UpdateRuntimeOn": "Auto"},
    ),
    "EDGE123": (trusts("lambda.amazonaws.com"), trusts("edgelambda.amazonaws.com", "lambda.amazonaws.com")),
    "EDGE201": (arn(":$LATEST"), arn()),
    "EDGE202": (arn(region="eu-west-1"), arn()),
    "EDGE203": (arn(account="9" * 12) | certificate("us-east-1"), arn() | certificate("us-east-1")),
    "EDGE204": (triggers("viewer-foo"), VIEWER),
    "EDGE205": (triggers("viewer-request", "viewer-request"), triggers("viewer-request", "origin-request")),
    "EDGE206": (
        triggers("origin-response", IncludeBody=True),
        triggers("origin-request", IncludeBody="true"),
    ),
    "EDGE207": (
        VIEWER | {"Behavior.FunctionAssociations": [{"EventType": "viewer-response", "FunctionARN": "f"}]},
        {"Behavior.FunctionAssociations": [{"EventType": "viewer-response", "FunctionARN": "f"}]},
    ),
    "EDGE208": ({"Behavior.GrpcConfig.Enabled": True}, {"Behavior.GrpcConfig.Enabled": False}),
    "EDGE209": (triggers("viewer-response"), triggers("viewer-response", "origin-response")),
    "EDGE210": (arn(), {}),
    "EDGE301": ({"Behavior.TargetOriginId": "nobody"}, {"Behavior.TargetOriginId": "files"}),
    "EDGE302": ({"Origin.DomainName": "dummy.invalid"}, {"Origin.DomainName": "10.0.0.1.my-shop.com"}),
    "EDGE303": ({"Origin.DomainName": "app.example.com"}, {"Origin.DomainName": "myexample.com"}),
    "EDGE305": (header("X-Edge-Secret"), header("X-Origin-Secret")),
    "EDGE306": (header("X-Long", "v" * 1784), header("X-Long", "v" * 1783)),
    "EDGE307": ({"Origin.ConnectionAttempts": 4}, {"Origin.ConnectionAttempts": 3}),
    "EDGE308": ({"Origin.OriginPath": "/a/"}, {"Origin.OriginPath": "/a"}),
    "EDGE309": (
        {"Origin.CustomOriginConfig": None, "Origin.S3OriginConfig": {}},
        {
            "Origin.CustomOriginConfig": None,
            "Origin.S3OriginConfig": {},
            "Origin.DomainName": "app.s3-accesspoint.us-east-1.amazonaws.com",
            "Behavior.OriginRequestPolicyId": None,
        },
    ),
    "EDGE310": ({"Origin.Id": "files", "Behavior.TargetOriginId": "files"}, {}),
    "EDGE311": (group([500, 401]), group([400, 404, 429, 503, 504])),
    "EDGE312": (group(ids=("app", "nobody")), group()),
    "EDGE313": (
        group() | {"Behavior.AllowedMethods": ALL_METHODS},
        group() | {"Behavior.AllowedMethods": READ},
    ),
    "EDGE314": (group([500, 502]), group([403, 404])),
    "EDGE315": (bucket(), bucket("s3:Get*")),
    "EDGE316": (function_url("lambda:InvokeFunctionUrl"), function_url("lambda:*")),
    "EDGE317": (both_accesses("E2QWRUHAPOMQZL"), both_accesses("")),
    "EDGE318": ({"Origin.CustomOriginConfig.HTTPPort": 81}, {"Origin.CustomOriginConfig.HTTPPort": 8080}),
    "EDGE320": (URL, URL | {"Origin.OriginAccessControlId": "E2QWRUHAPOMQZL"}),
    "EDGE321": (
        URL | {"Origin.OriginAccessControlId": "E2QWRUHAPOMQZL", "Behavior.AllowedMethods": ALL_METHODS},
        URL | {"Behavior.AllowedMethods": ALL_METHODS},
    ),
    "EDGE319": (website("match-viewer"), website("http-only")),
    "EDGE401": (
        URL | NO_FUNCTION | {"Behavior.OriginRequestPolicyId": ALL_VIEWER},
        NO_FUNCTION | {"Behavior.OriginRequestPolicyId": ALL_VIEWER},
    ),
    "EDGE402": (URL | {"Behavior.OriginRequestPolicyId": ALL_VIEWER}, URL),
    "EDGE403": ({"Behavior.CachePolicyId": None}, {"Behavior.OriginRequestPolicyId": None}),
    "EDGE404": (
        {
            "Behavior.CachePolicyId": None,
            "Behavior.ForwardedValues": {"Headers": ["*"]},
            "Behavior.MinTTL": 1,
        },
        {
            "Behavior.CachePolicyId": None,
            "Behavior.ForwardedValues": {"Headers": ["*"]},
            "Behavior.MinTTL": 0,
        },
    ),
    "EDGE405": (
        policy(
            "OriginRequestPolicy", HeadersConfig={"HeaderBehavior": "whitelist", "Headers": ["authorization"]}
        ),
        policy(
            "OriginRequestPolicy", HeadersConfig={"HeaderBehavior": "allExcept", "Headers": ["authorization"]}
        ),
    ),
    "EDGE406": (
        policy(
            "OriginRequestPolicy", HeadersConfig={"HeaderBehavior": "whitelist", "Headers": [*TEN, "X-Y"]}
        ),
        policy("OriginRequestPolicy", HeadersConfig={"HeaderBehavior": "whitelist", "Headers": TEN}),
    ),
    "EDGE407": (
        policy("CachePolicy", **cache_key(HeadersConfig={"Headers": ["CloudFront-Viewer-Address"]})),
        policy("CachePolicy", **cache_key(HeadersConfig={"Headers": ["CloudFront-Viewer-Country"]})),
    ),
    "EDGE408": (
        policy("CachePolicy", MaxTTL=0, **cache_key(EnableAcceptEncodingGzip=True)),
        policy("CachePolicy", MaxTTL=1, **cache_key(EnableAcceptEncodingGzip=True)),
    ),
    "EDGE409": ({"Behavior.CachePolicyId": "CachingDisabled"}, {"Behavior.CachePolicyId": OWN_POLICY}),
    "EDGE410": ({"Behavior.CachePolicyId": OWN_POLICY}, policy("CachePolicy", **cache_key())),
    "EDGE411": (
        policy("CachePolicy", MinTTL=5000, DefaultTTL=30, MaxTTL="3600", **cache_key()),
        policy("CachePolicy", MinTTL=30, DefaultTTL=30, MaxTTL="3600", **cache_key()),
    ),
    "EDGE412": (
        policy("CachePolicy", **cache_key(CookiesConfig={"CookieBehavior": "whitelist"})),
        policy("CachePolicy", **cache_key(CookiesConfig={"CookieBehavior": "whitelist", "Cookies": ["id"]})),
    ),
    "EDGE413": (
        policy("CachePolicy", **cache_key(HeadersConfig={"Headers": ["X-User", "Cookie"]})),
        policy("OriginRequestPolicy", HeadersConfig={"HeaderBehavior": "none", "Headers": ["Cookie"]}),
    ),
    "EDGE421": ({"Behavior.CachePolicyId": OPTIMIZED}, {"Behavior.CachePolicyId": ORIGIN_CONTROLLED}),
    "EDGE422": (
        {"Behavior.OriginRequestPolicyId": None},
        {"Behavior.OriginRequestPolicyId": None, "Behavior.TargetOriginId": "files"},
    ),
    "EDGE423": (
        forwarding("version") | {"Function.Code": {"ZipFile": "def handler(e, c): return e['cookie']"}},
        forwarding("version"),
    ),
    "EDGE501": (behaviors("/a b"), behaviors("/a_b/*.$?~")),
    "EDGE502": (behaviors("/api/*", "/api/v1/*"), behaviors("/api/v1/*", "/api/*")),
    "EDGE503": ({"Config.Aliases": ["a.my-shop.com"] * 101}, {"Config.Aliases": ["a.my-shop.com"] * 100}),
    "EDGE504": ({"Behavior.AllowedMethods": ["GET", "POST"]}, {"Behavior.AllowedMethods": ALL_METHODS}),
    "EDGE505": (error(ErrorCode=401), error(ErrorCode=404, ErrorCachingMinTTL=0)),
    "EDGE506": (
        error(ErrorCode=404, ResponsePagePath="/404.html"),
        error(ErrorCode=404, ResponsePagePath="/404.html", ResponseCode=200),
    ),
    "EDGE507": (
        error(ErrorCode=404, ResponsePagePath="/e/404.html", ResponseCode=404),
        error(ErrorCode=404, ResponsePagePath="/e/404.html", ResponseCode=404) | behaviors("e/*"),
    ),
    "EDGE508": ({"Config.DefaultRootObject": "/index.html"}, {"Config.DefaultRootObject": "index.html"}),
    "EDGE512": (
        {"Config.WebACLId": "arn:aws:wafv2:us-east-1:1:regional/webacl/a/b"},
        {"Config.WebACLId": "arn:aws:wafv2:us-east-1:1:global/webacl/a/b"},
    ),
    "EDGE513": (certificate("eu-west-1"), certificate("us-east-1")),
    "EDGE514": (
        {
            "Config.Aliases": ["www.my-shop.com"],
            "Config.ViewerCertificate": {"CloudFrontDefaultCertificate": True},
        },
        certificate("us-east-1") | {"Config.Aliases": ["www.my-shop.com"]},
    ),
    "EDGE515": (
        certificate("us-east-1") | {"Config.Aliases": ["https://www.my-shop.com"]},
        certificate("us-east-1") | {"Config.Aliases": ["*.my-shop.com", "my-shop.com"]},
    ),
    "EDGE516": (
        {"Config.Logging": {"Bucket": "logs"}},
        {"Config.Logging": {"Bucket": "logs.s3.amazonaws.com"}},
    ),
    "EDGE523": (
        {"Origin.DomainName": {"Fn::Sub": "${Nobody}.my-shop.com"}},
        {"Origin.DomainName": {"Fn::Sub": "${!Nobody}.my-shop.com"}},
    ),
    "EDGE524": (
        policy("ResponseHeadersPolicy", SecurityHeadersConfig={"FrameOptions": {"FrameOption": "NEVER"}}),
        policy("ResponseHeadersPolicy", SecurityHeadersConfig={"FrameOptions": {"FrameOption": "DENY"}}),
    ),
    "EDGE601": ({"Function.Handler": "app.handler"}, {"Function.Handler": "index.handler"}),
    "EDGE602": ({"Function.Handler": "index.main"}, {"Function.Code": {"ZipFile": "from x import handler"}}),
    "EDGE603": (
        code("def broken(:") | {"Function.Runtime": "python3.11"},
        code("def whole(): ...") | {"Function.Runtime": "python3.11"},
    ),
    "EDGE604": (code("def broken(:") | {"Function.Runtime": "python3.99"}, code("def whole(): ...")),
    "EDGE611": (code("import os\nos.environ['TABLE']"), code("import os\nos.environ['AWS_REGION']")),
    "EDGE612": (
        code("h = 'CloudFront-Viewer-Country'"),
        code("'''CloudFront-Viewer-Country is not here.'''"),
    ),
    "EDGE613": (code("h = 'x-forwarded-proto'"), code("h = 'cloudfront-forwarded-proto'", "origin-request")),
    "EDGE614": (
        code("h = 'cloudfront-viewer-city'", "origin-request"),
        code("h = 'cloudfront-viewer-city'", "origin-request")
        | {"Behavior.OriginRequestPolicyId": "33f36d7e-f396-46d9-90e0-52428a34d9dc"},
    ),
    "EDGE615": (
        code("import boto3\nboto3.client('dynamodb')"),
        code("import boto3\nboto3.client('dynamodb', region_name='us-east-1')"),
    ),
    "EDGE616": (
        code("from threading import Thread\nThread(target=print).start()"),
        code("from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor() as pool: ..."),
    ),
    "EDGE621": (
        code("def step(event):\n    headers = event['request']['headers']\n    headers.pop('via')"),
        code("def call():\n    headers = {'via': 'a call of its own'}\n    headers.pop('via')"),
    ),
    "EDGE622": (
        code("request['origin']['custom']['domainName'] = 'b.my-shop.com'", "origin-request"),
        code("request['origin'] = {}\nrequest['headers']['host'] = []", "origin-request"),
    ),
    "EDGE623": (code("response['status'] = '404'", "viewer-response"), code("response['status'] = '404'")),
}

# These ask for more than a template: the tests further down, and those of test_rollouts.py,
# test_statistics.py and test_own_logs.py.
ELSEWHERE = {
    "EDGE121",
    "EDGE122",
    "EDGE304",
    "EDGE322",
    "EDGE323",
    "EDGE324",
    "EDGE325",
    "EDGE326",
    "EDGE327",
    "EDGE328",
    "EDGE511",
    "EDGE521",
    "EDGE522",
}
ELSEWHERE |= {
    "EDGE701",
    "EDGE702",
    "EDGE703",
    "EDGE704",
    "EDGE705",
    "EDGE706",
    "EDGE707",
    "EDGE708",
    "EDGE709",
}
ELSEWHERE |= {"EDGE801", "EDGE802", "EDGE803", "EDGE804", "EDGE805", "EDGE806"}
ELSEWHERE |= {"EDGE901", "EDGE902", "EDGE903", "EDGE904", "EDGE905"}


def test_the_sound_template_has_no_findings() -> None:
    assert check({}) == []


def test_every_rule_has_its_case() -> None:
    assert {*CASES, *ELSEWHERE} == {rule.id for rule in RULES}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_finds_what_breaks_it_and_nothing_beside_it(rule: str) -> None:
    broken, sound = CASES[rule]
    assert rule in rules(broken)
    assert rule not in rules(sound)


@pytest.mark.parametrize("rule", CASES)
def test_what_is_found_is_in_the_template_at_the_key(rule: str) -> None:
    for finding in check(CASES[rule][0]):
        assert finding.path[0] == "Resources"
        assert finding.message and finding.hint and finding.rule.source.startswith("https://")
        assert finding.key.startswith(f"Resources.{finding.path[1]}.Properties")


def test_a_name_that_the_dns_does_not_know() -> None:
    asked = []

    def resolves(domain: str) -> bool:
        asked.append(domain)
        return domain != "app.my-shop.com"

    assert rules({}, CheckOptions(resolves=resolves)) == {"EDGE304"}
    assert asked == ["app.my-shop.com", "files.s3.us-east-1.amazonaws.com"]
    assert rules({}, CheckOptions(resolves=lambda domain: True)) == set()


def test_a_stack_with_edge_functions_belongs_to_one_region() -> None:
    assert rules({}, CheckOptions(region="eu-west-1")) == {"EDGE511"}
    assert rules(NO_FUNCTION, CheckOptions(region="eu-west-1")) == set()
    acl = {"Resources.Acl": {"Type": "AWS::WAFv2::WebACL", "Properties": {"Scope": "CLOUDFRONT"}}}
    assert rules(NO_FUNCTION | acl, CheckOptions(region="eu-west-1")) == {"EDGE511"}


@pytest.mark.parametrize(
    "version",
    [
        {"Fn::GetAtt": ["Function", "Arn"]},
        {"Fn::Sub": "${Function.Arn}:$LATEST"},
        {"Fn::Sub": "${Function.Arn}:live"},
        {"Ref": "Alias"},
        {"Ref": "Function"},
        "just-a-name",
    ],
    ids=str,
)
def test_what_is_no_numbered_version_is_told_and_its_function_is_still_checked(version: Any) -> None:
    alias = {"FunctionName": {"Ref": "Function"}, "FunctionVersion": "1", "Name": "live"}
    found = rules(
        {
            "Resources.Alias": {"Type": "AWS::Lambda::Alias", "Properties": alias},
            "Function.Timeout": 31,
            "Behavior.LambdaFunctionAssociations": [
                {"EventType": "origin-request", "LambdaFunctionARN": version}
            ],
        }
    )
    assert found == {"EDGE201", "EDGE210" if version == "just-a-name" else "EDGE113"}


@pytest.mark.parametrize(
    "domain",
    [
        "10.0.0.1",
        "[::1]",
        "localhost",
        "shop.local",
        "shop.example",
        "https://shop.com",
        "shop",
        "a..b.com",
        "-a.com",
    ],
)
def test_domains_that_no_one_can_resolve(domain: str) -> None:
    assert rules({"Origin.DomainName": domain}) == {"EDGE302"}


@pytest.mark.parametrize("variable", ["os.environ.get('A')", "os.getenv('A')", "environ['A']"])
def test_every_way_to_read_a_variable(variable: str) -> None:
    assert rules(code(f"import os\nfrom os import environ\n{variable}")) == {"EDGE611"}


def test_setting_a_variable_is_no_reading() -> None:
    assert rules(code("import os\nos.environ['A'] = '1'")) == set()


@pytest.mark.parametrize(
    "made", ["Session(region_name='us-east-1').client('s3')", "client('s3', 'us-east-1')"]
)
def test_a_region_may_be_given_in_another_way(made: str) -> None:
    assert rules(code(f"import boto3\nboto3.{made}")) == set()


def test_a_client_of_a_session_without_region() -> None:
    assert rules(code("import boto3\nboto3.Session().resource('s3')")) == {"EDGE615"}


def test_code_that_serves_origin_triggers_too_may_name_their_headers() -> None:
    source = code("h = 'cloudfront-viewer-country'") | triggers("viewer-request", "origin-request")
    assert "EDGE612" not in rules(source)


def test_a_function_that_no_behavior_runs_is_an_ordinary_one() -> None:
    assert rules(NO_FUNCTION | {"Function.Timeout": 900, "Function.Layers": ["x"]}) == set()


LEGACY = {"Behavior.CachePolicyId": None, "Behavior.OriginRequestPolicyId": None}


@pytest.mark.parametrize(
    ("ttls", "found"),
    [
        ({"MinTTL": 5000, "DefaultTTL": 30, "MaxTTL": 3600}, ["MinTTL is 5000 and DefaultTTL is 30"]),
        ({"MinTTL": 60, "MaxTTL": 30}, ["MinTTL is 60 and MaxTTL is 30"]),
        ({"MinTTL": 0, "DefaultTTL": 60, "MaxTTL": 30}, ["DefaultTTL is 60 and MaxTTL is 30"]),
        ({"MinTTL": 60, "DefaultTTL": {"Fn::ImportValue": "ttl"}}, []),
        ({"MinTTL": 0, "DefaultTTL": 0, "MaxTTL": 0}, []),
    ],
    ids=str,
)
def test_ttls_out_of_order_are_told_once(ttls: dict[str, Any], found: list[str]) -> None:
    legacy = LEGACY | {"Behavior.ForwardedValues": {"QueryString": True}}
    for changes in (
        policy("CachePolicy", **ttls, **cache_key()),
        legacy | {f"Behavior.{name}": ttl for name, ttl in ttls.items()},
    ):
        messages = [one.message for one in check(changes) if one.rule.id == "EDGE411"]
        assert messages == [f"{message}: CloudFront refuses this order" for message in found]


@pytest.mark.parametrize("names", [None, [], {"Ref": "AWS::NoValue"}, [{"Ref": "AWS::NoValue"}]], ids=str)
@pytest.mark.parametrize(
    ("kind", "part", "behavior", "listed"),
    [
        ("CachePolicy", "CookiesConfig", {"CookieBehavior": "allExcept"}, "Cookies"),
        ("CachePolicy", "HeadersConfig", {"HeaderBehavior": "whitelist"}, "Headers"),
        ("CachePolicy", "QueryStringsConfig", {"QueryStringBehavior": "whitelist"}, "QueryStrings"),
        ("OriginRequestPolicy", "HeadersConfig", {"HeaderBehavior": "whitelist"}, "Headers"),
    ],
    ids=str,
)
def test_names_are_missing(kind: str, part: str, behavior: dict[str, str], listed: str, names: Any) -> None:
    config = {part: behavior | ({} if names is None else {listed: names})}
    found = check(policy(kind, **(cache_key(**config) if kind == "CachePolicy" else config)))
    (name, chosen), *_ = behavior.items()
    assert [one.message for one in found if one.rule.id == "EDGE412"] == [
        f"{name} is {chosen}, and there are no {listed}"
    ]


def test_the_older_settings_are_held_to_the_same() -> None:
    cookies = {"Cookies": {"Forward": "whitelist"}}
    assert "EDGE412" in rules(LEGACY | {"Behavior.ForwardedValues": cookies})
    for header, is_found in (("Upgrade", True), ("X-Edge-Id", True), ("*", False), ("Origin", False)):
        changes = LEGACY | {"Behavior.ForwardedValues": {"Headers": [header]}}
        assert ("EDGE413" in rules(changes)) is is_found, header


@pytest.mark.parametrize("known", [OPTIMIZED, {"Ref": "Own"}, {"Fn::ImportValue": "policy"}], ids=str)
def test_a_policy_that_is_known_or_named_by_another_stack_is_not_noted(known: Any) -> None:
    parameter = {"Parameters": {"Own": {"Type": "String"}}}
    assert "EDGE410" not in rules({"Behavior.CachePolicyId": known} | parameter)


@pytest.mark.parametrize("given", [{"ResponsePagePath": "/404.html"}, {"ResponseCode": 404}], ids=str)
def test_half_an_error_page_is_one_finding(given: dict[str, Any]) -> None:
    found = [one for one in check(error(ErrorCode=404, **given)) if one.rule.level == "error"]
    assert [one.rule.id for one in found] == ["EDGE506"]


def test_a_refused_value_has_the_hint_of_what_refuses_it() -> None:
    (finding,) = check({"Behavior.ViewerProtocolPolicy": "https"})
    assert (finding.rule.id, finding.hint) == ("EDGE524", "one of: allow-all, https-only, redirect-to-https")
