"""Templates: how they are read, what their expressions give, and what is said about what is wrong."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn import CdnOptions, LocalCdn, parse_template
from edgewise.cdn.errors import OriginError, TemplateError
from edgewise.cdn.template.distribution import read_distribution
from support.running import DISABLED, behavior, function, running_cdn, template

HEAD = "Resources:\n  Bucket: {Type: AWS::S3::Bucket}\n"


def resolve(expression: str, rest: str = "") -> object:
    loaded = parse_template(
        f"{rest}{HEAD}  X:\n    Type: A::B::C\n    Properties: {{P: {expression}}}\n", Path("t.yaml")
    )
    return loaded.node("X").value("P")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref Bucket", "local-bucket"),
        ("!GetAtt Bucket.RegionalDomainName", "local-bucket.s3.us-east-1.amazonaws.com"),
        ("{Fn::GetAtt: [Bucket, Arn]}", "arn:aws:s3:::local-bucket"),
        (
            '!Sub "${AWS::AccountId}/${Bucket.Arn}/${!Literal}"',
            "123456789012/arn:aws:s3:::local-bucket/${Literal}",
        ),
        ('!Sub ["${A}-${A}", {A: x}]', "x-x"),
        ("!Join ['-', [a, !Ref AWS::Partition]]", "a-aws"),
        ("!Select [1, !Split [',', 'a,b']]", "b"),
        ("!If [Yes, 1, 2]", 1),
        ("!If [No, 1, !Ref AWS::NoValue]", None),
        ("!FindInMap [M, a, b]", "found"),
        ("!Ref Param", "by default"),
        ("2012-10-17", "2012-10-17"),
    ],
)
def test_expressions(expression: str, value: object) -> None:
    rest = (
        "Parameters: {Param: {Type: String, Default: by default}}\n"
        "Conditions: {Yes: !Equals [a, a], No: !Not [!And [{Condition: Yes}, !Or [!Equals [1, 1], !Equals [1, 2]]]]}\n"
        "Mappings: {M: {a: {b: found}}}\n"
    )
    assert resolve(expression, rest) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("!Ref Nowhere", "neither a parameter nor a resource"),
        ("!GetAtt Nowhere.Arn", "not a resource"),
        ("!ImportValue other", "cannot be evaluated on this machine"),
        ("!Select [5, [a]]", "no item"),
        ("!If [Unknown, 1, 2]", "is not defined"),
        ("!FindInMap [M, a, b]", "does not exist"),
    ],
)
def test_an_expression_that_cannot_be_evaluated_says_where(expression: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message) as caught:
        resolve(expression)
    assert caught.value.key is not None and caught.value.key.startswith(
        ("Resources.X.Properties.P", "Conditions")
    )


def test_a_circle_is_an_error() -> None:
    text = (
        "Resources:\n  A: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref B}}\n"
        "  B: {Type: AWS::S3::Bucket, Properties: {BucketName: !Ref A}}\n"
    )
    with pytest.raises(TemplateError, match="circular"):
        parse_template(text, Path("t.yaml")).node("A")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("Nowhere", "the condition 'Nowhere' is not defined"),
        ("!Not [Yes]", "a condition's name belongs here"),
        ("[Yes]", "a condition's name belongs here"),
        ("Short", "Fn::Equals cannot take"),
        ("Number", "Fn::Not cannot take 1"),
        ("One", "Fn::And cannot take"),
        ("Circle", "depends on itself"),
    ],
)
def test_a_condition_that_is_neither_true_nor_false_is_an_error(condition: str, message: str) -> None:
    text = (
        "Conditions: {Yes: !Equals [a, a], Short: !Equals [a], Number: {Fn::Not: 1},\n"
        "  One: !And [!Equals [a, a]], Circle: !Not [!Condition Circle]}\n"
        f"Resources:\n  Site: {{Type: AWS::CloudFront::Distribution, Condition: {condition}}}\n"
    )
    with pytest.raises(TemplateError, match=message):
        read_distribution(parse_template(text, Path("t.yaml")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Resources: [", "not valid YAML"),
        ('{"Resources": ', "not valid JSON"),
        ("just text", "a mapping at its top"),
        ("Resources: {}", "no Resources"),
        ('{"Resources": ' + "9" * 5_000 + "}", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ("Resources: {A: 1}", "needs a Type"),
        (HEAD, "there is no AWS::CloudFront::Distribution"),
    ],
)
def test_what_is_not_a_template_is_refused(text: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        read_distribution(parse_template(text, Path("t.yaml")))


def _with(change: dict[str, object]) -> str:
    document = json.loads(template())
    config = document["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    for path, value in change.items():
        target = config
        *parents, last = path.split(".")
        for name in parents:
            target = target[int(name) if name.isdigit() else name]
        target[last] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("change", "key", "message"),
    [
        (
            {"DefaultCacheBehavior.TargetOriginId": "nope"},
            "TargetOriginId",
            "neither an origin nor an origin group",
        ),
        ({"DefaultCacheBehavior.ViewerProtocolPolicy": "x"}, "ViewerProtocolPolicy", "unknown value"),
        ({"DefaultCacheBehavior.AllowedMethods": ["GET"]}, "AllowedMethods", "does not take"),
        ({"DefaultCacheBehavior.CachePolicyId": "x"}, "CachePolicyId", "neither a managed"),
        ({"DefaultCacheBehavior.CachePolicyId": ""}, "DefaultCacheBehavior", "needs a CachePolicyId"),
        ({"Origins": []}, "Origins", "at least one origin"),
        ({"CacheBehaviors": [behavior("*" * 256)]}, "PathPattern", "255 characters at most"),
        (
            {
                "DefaultCacheBehavior.LambdaFunctionAssociations": [
                    {"EventType": "viewer", "LambdaFunctionARN": "x"}
                ]
            },
            "EventType",
            "unknown value",
        ),
        (
            {
                "DefaultCacheBehavior.LambdaFunctionAssociations": [
                    {"EventType": "viewer-request", "LambdaFunctionARN": {"Fn::GetAtt": ["Function", "Arn"]}}
                ]
            },
            "LambdaFunctionARN",
            "not a numbered function version",
        ),
    ],
)
def test_a_wrong_distribution_says_what_and_where(change: dict[str, object], key: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message) as caught:
        read_distribution(parse_template(_with(change), Path("t.json")))
    assert str(caught.value.file) == "t.json"
    assert caught.value.key is not None and key in caught.value.key


def test_what_is_wrong_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "t.json"
    text = json.dumps(json.loads(_with({"DefaultCacheBehavior.ViewerProtocolPolicy": "https"})), indent=1)
    file.write_text(text)
    with pytest.raises(TemplateError) as caught:
        read_distribution(parse_template(text, file))
    line = caught.value.line
    assert line is not None and '"ViewerProtocolPolicy": "https"' in text.splitlines()[line - 1]
    assert str(caught.value).startswith(f"{file}:{line} [")
    file.unlink()
    with pytest.raises(TemplateError) as caught:
        read_distribution(parse_template(text, file))
    assert caught.value.line is None, "the file is gone: the mistake is told all the same"


def test_a_policy_of_the_account_is_refused_with_what_to_do() -> None:
    text = _with({"DefaultCacheBehavior.CachePolicyId": "01234567-89ab-cdef-0123-456789abcdef"})
    with pytest.raises(TemplateError, match="neither a managed CachePolicy") as caught:
        read_distribution(parse_template(text, Path("t.json")))
    assert "put the policy into the template" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("given", "key", "message"),
    [
        ({"ResponsePagePath": "/404.html"}, "ResponseCode", "it is missing"),
        ({"ResponseCode": 404}, "ResponsePagePath", "it is missing"),
        ({"ResponsePagePath": "/404.html", "ResponseCode": 0}, "ResponseCode", "does not answer with 0"),
    ],
    ids=str,
)
def test_half_an_error_page_is_refused_for_what_it_lacks(
    given: dict[str, object], key: str, message: str
) -> None:
    text = _with({"CustomErrorResponses": [{"ErrorCode": 404, **given}]})
    with pytest.raises(TemplateError, match=message) as caught:
        read_distribution(parse_template(text, Path("t.json")))
    assert (caught.value.key or "").endswith(f"CustomErrorResponses[0].{key}") and caught.value.hint


def test_two_functions_for_one_trigger_are_refused() -> None:
    entry = {"EventType": "viewer-request", "LambdaFunctionARN": {"Ref": "FunctionVersion"}}
    text = _with({"DefaultCacheBehavior.LambdaFunctionAssociations": [entry, entry]})
    with pytest.raises(TemplateError, match=r"code|a second function"):
        read_distribution(parse_template(text, Path("t.json")))


def test_what_is_not_simulated_is_named_with_what_happens_instead() -> None:
    text = _with(
        {
            "WebACLId": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b",
            "DefaultCacheBehavior.SmoothStreaming": True,
            "Origins.0.OriginShield": {"Enabled": True},
        }
    )
    _, notices = read_distribution(parse_template(text, Path("t.json")))
    said = {
        str(notice).removeprefix("Resources.Distribution.Properties.DistributionConfig.")
        for notice in notices
    }
    assert said == {
        "WebACLId: not simulated: no request is blocked",
        "DefaultCacheBehavior.SmoothStreaming: not simulated: Smooth Streaming is not served",
        "Origins[0].OriginShield: not simulated: requests go straight to the origin",
    }


def test_what_is_not_known_and_what_the_edge_does_not_have_is_named(tmp_path: Path) -> None:
    definition = function(".", Environment={"Variables": {"A": "b"}}, Architectures=["arm64"], NoSuchKey=1)
    association = [{"EventType": "viewer-request", "LambdaFunctionARN": {"Ref": "FunctionVersion"}}]
    text = template(
        behavior(
            LambdaFunctionAssociations=association, LambdaFunctionAssociation=[], GrpcConfig={"Enabled": True}
        ),
        functions={"Function": definition},
        NoSuchKey=True,
    )
    _, notices = read_distribution(parse_template(text, tmp_path / "t.json"))
    named = {notice.key.rsplit(".", 1)[-1] for notice in notices}
    assert named == {"Environment", "Architectures", "NoSuchKey", "LambdaFunctionAssociation", "GrpcConfig"}
    assert len(notices) == 6


def test_custom_policies_of_the_template() -> None:
    document = json.loads(template(behavior(CachePolicyId={"Ref": "Policy"})))
    document["Resources"]["Policy"] = {
        "Type": "AWS::CloudFront::CachePolicy",
        "Properties": {
            "CachePolicyConfig": {
                "Name": "mine",
                "MinTTL": 1,
                "MaxTTL": 60,
                "DefaultTTL": 30,
                "ParametersInCacheKeyAndForwardedToOrigin": {
                    "EnableAcceptEncodingGzip": True,
                    "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": ["X-Version"]},
                    "CookiesConfig": {"CookieBehavior": "whitelist", "Cookies": ["session"]},
                    "QueryStringsConfig": {"QueryStringBehavior": "all"},
                },
            }
        },
    }
    distribution, _ = read_distribution(parse_template(json.dumps(document), Path("t.json")))
    policy = distribution.behaviors[-1].cache_policy
    assert (policy.name, policy.min_ttl, policy.default_ttl, policy.max_ttl) == ("mine", 1, 30, 60)
    assert policy.headers == ("x-version",) and policy.gzip and not policy.brotli
    assert (
        policy.cookies.takes("session")
        and not policy.cookies.takes("Session")
        and policy.queries.takes("any")
    )


def test_forwarded_values_are_both_policies() -> None:
    values = {"QueryString": True, "Headers": ["X-A"], "Cookies": {"Forward": "all"}}
    text = template(
        behavior(CachePolicyId="", OriginRequestPolicyId="", ForwardedValues=values, DefaultTTL=5)
    )
    distribution, _ = read_distribution(parse_template(text, Path("t.json")))
    policy = distribution.behaviors[-1].cache_policy
    assert (policy.headers, policy.default_ttl, policy.cookies.kind, policy.queries.kind) == (
        ("x-a",),
        5,
        "all",
        "all",
    )


def test_code_may_be_a_zip_or_inline(tmp_path: Path) -> None:
    code = "def handler(event, context):\n    return {'status': '200', 'body': %r}\n"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("app.py", code % "from a zip")
    (tmp_path / "code.zip").write_bytes(archive.getvalue())
    for body, definition in (
        (b"from a zip", function("code.zip")),
        (b"inline", function({"ZipFile": code % "inline"}, handler="index.handler")),  # type: ignore[arg-type]
    ):
        association = [{"EventType": "viewer-request", "LambdaFunctionARN": {"Ref": "FunctionVersion"}}]
        text = template(behavior(LambdaFunctionAssociations=association), functions={"Function": definition})
        with running_cdn(tmp_path, text) as cdn:
            assert cdn.request("/").body == body


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (function("nowhere"), "there is no folder or zip"),
        (function({"S3Bucket": "b", "S3Key": "k"}), "Code is not on this machine"),  # type: ignore[arg-type]
        (function(".", Runtime="java25"), "only Python and Node functions run here"),
        (function(".", handler="nodot"), "is not module.function"),
        (function(".", Timeout=31), "takes 1 to 30 seconds"),
        (function(".", MemorySize=64), "takes 128 to 10240 MB"),
        (function(".", FunctionName="../up"), "a function's name"),
    ],
)
def test_a_function_that_cannot_be_run_is_refused(
    tmp_path: Path, definition: dict[str, object], message: str
) -> None:
    association = [{"EventType": "viewer-request", "LambdaFunctionARN": {"Ref": "FunctionVersion"}}]
    text = template(behavior(LambdaFunctionAssociations=association), functions={"Function": definition})
    with pytest.raises(TemplateError, match=message):
        read_distribution(parse_template(text, tmp_path / "t.json"))


@pytest.mark.parametrize(
    ("origins", "message"),
    [
        ({}, "buckets are not on this machine"),
        ({"files": "/no/such/folder"}, "does not exist"),
        ({"nope": "."}, "the template has no origin"),
        ({"files": ".", "app": "not a url"}, "needs a URL"),
    ],
)
def test_origins_must_be_somewhere(origins: dict[str, str], message: str) -> None:
    with pytest.raises(OriginError, match=message):
        LocalCdn(parse_template(template(), Path("t.json")), CdnOptions(origins=origins))


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=8)
    | st.sampled_from([DISABLED, "GET", "app"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Ref", "Fn::Sub", "Fn::If", "Id", "x"]), inner, max_size=2)
    ),
    max_leaves=5,
)


@given(
    st.sampled_from(
        [
            *(
                "Origins",
                "Origins.0.Id",
                "Origins.0.DomainName",
                "Origins.0.CustomOriginConfig",
                "OriginGroups",
            ),
            *(
                "DefaultCacheBehavior",
                "CacheBehaviors",
                "DefaultCacheBehavior.AllowedMethods",
                "DefaultRootObject",
            ),
            *("DefaultCacheBehavior.CachePolicyId", "DefaultCacheBehavior.ForwardedValues"),
            *("DefaultCacheBehavior.LambdaFunctionAssociations", "Origins.0.OriginCustomHeaders"),
        ]
    ),
    _values,
)
def test_any_value_anywhere_gives_a_distribution_or_a_template_error(path: str, value: object) -> None:
    try:
        read_distribution(parse_template(_with({path: value}), Path("t.json")))
    except TemplateError as error:
        assert error.message
