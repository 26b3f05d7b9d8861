"""What a staged template is made of: plain functions over documents, and the limits of CloudFront."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.cdn.template import parse_template, read_distribution
from edgewise.check import check_template
from edgewise.cloud.errors import StagingError
from edgewise.cloud.staging import detached, staged, traffic_of
from edgewise.cloud.traffic import Traffic, by_header, by_share
from edgewise.cloud.versions import associations
from edgewise.site import compile_template, load_site, render_yaml, write_template

SITE = """
name = "tea"
[origins.app]
domain = "app.tea.example.com"
[origins.files]
folder = "."
[default]
origin = "app"
[[behaviors]]
path = "/files/*"
origin = "files"
[log]
"""
SHARE = by_share(5, 60)
Template = dict[str, Any]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Template, Template]:
    """What is deployed, and the same site with other code."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "edgewise.toml").write_text(SITE)
    site = load_site(folder)
    return compile_template(site, code_hash="a"), compile_template(site, code_hash="b")


def config(template: Template, name: str = "Distribution") -> Template:
    found: Template = template["Resources"][name]["Properties"]["DistributionConfig"]
    return found


def test_each_distribution_has_its_own_version(both: tuple[Template, Template]) -> None:
    made = staged(*both, SHARE)

    assert associations(made) == associations(both[0])
    assert associations(made, staging=True) == associations(both[1])
    assert {*associations(made).values(), *associations(made, staging=True).values()} <= {*made["Resources"]}


def test_it_has_no_name_of_its_own_and_is_else_as_the_primary(both: tuple[Template, Template]) -> None:
    deployed, new = copy.deepcopy(both)
    for one in (deployed, new):
        config(one).update(Aliases=["tea.example.com"], ViewerCertificate={"AcmCertificateArn": "arn"})

    made = staged(deployed, new, SHARE)

    second = config(made, "StagingDistribution")
    assert "Aliases" not in second
    assert second["Staging"] is True
    assert second["ViewerCertificate"] == {"AcmCertificateArn": "arn"}
    assert config(made)["Aliases"] == ["tea.example.com"]
    assert config(made)["ContinuousDeploymentPolicyId"] == {"Ref": "StagingPolicy"}


def test_nothing_of_what_is_given_is_changed(both: tuple[Template, Template]) -> None:
    before = copy.deepcopy(both)

    staged(*both, SHARE)

    assert before == both


def test_afterwards_the_distribution_says_that_it_has_no_policy(both: tuple[Template, Template]) -> None:
    # Left out, CloudFront would go on with the one that it has.
    made = staged(*both, SHARE)

    after = detached(copy.deepcopy(both[1]), made)

    assert config(after).pop("ContinuousDeploymentPolicyId") == ""
    assert after == both[1]
    assert detached(copy.deepcopy(both[1]), both[0]) == both[1]


def test_a_role_is_allowed_what_either_side_needs(both: tuple[Template, Template]) -> None:
    deployed, new = copy.deepcopy(both)
    mine, yours = (
        {"Effect": "Allow", "Action": one, "Resource": "*"} for one in ("s3:GetObject", "ssm:GetParameter")
    )
    role(deployed).append({"PolicyName": "mine", "PolicyDocument": {"Statement": [mine]}})
    role(new)[0]["PolicyDocument"]["Statement"].append(yours)

    policies = {
        one["PolicyName"]: one["PolicyDocument"]["Statement"] for one in role(staged(deployed, new, SHARE))
    }

    assert policies["mine"] == [mine]
    assert yours in policies["logs"]
    assert role(both[0])[0]["PolicyDocument"]["Statement"][0] in policies["logs"]


def role(template: Template) -> list[Template]:
    policies: list[Template] = template["Resources"]["FunctionRole"]["Properties"]["Policies"]
    return policies


def test_who_lets_the_distribution_in_lets_in_both(both: tuple[Template, Template]) -> None:
    arn = "arn:aws:cloudfront::${AWS::AccountId}:distribution/${%s}"
    permission = {
        "Type": "AWS::Lambda::Permission",
        "Properties": {"FunctionName": "app", "SourceArn": {"Fn::Sub": arn % "Distribution"}},
    }
    deployed, new = copy.deepcopy(both)
    for one in (deployed, new):
        one["Resources"]["AppPermission"] = permission

    made = staged(deployed, new, SHARE)["Resources"]

    assert made["AppPermission"] == permission
    assert made["AppPermissionStaging"]["Properties"]["SourceArn"] == {"Fn::Sub": arn % "StagingDistribution"}
    (statement,) = made["FilesBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert len(statement["Condition"]["StringEquals"]["AWS:SourceArn"]) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"PriceClass": "PriceClass_100"}, "PriceClass of the distribution"),
        ({"WebACLId": "arn"}, "WebACLId of the distribution"),
        ({"Aliases": ["tea.example.com"]}, "Aliases of the distribution"),
    ],
)
def test_what_cannot_differ_is_refused(both: tuple[Template, Template], change: Template, said: str) -> None:
    new = copy.deepcopy(both[1])
    config(new).update(change)

    with pytest.raises(StagingError, match=said):
        staged(both[0], new, SHARE)


def test_what_both_sides_share_is_refused(both: tuple[Template, Template]) -> None:
    new = copy.deepcopy(both[1])
    new["Resources"]["FilesBucket"]["Properties"]["BucketName"] = "another"

    with pytest.raises(StagingError, match="would change for everybody at once: FilesBucket") as refused:
        staged(both[0], new, SHARE)

    assert "Deploy that first" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one.update(HttpVersion="http2and3"), "HTTP/3"),
        (lambda one: one["Origins"][0].update(ResponseCompletionTimeout=30), "ResponseCompletionTimeout"),
        (
            lambda one: one["Origins"][0].update(DomainName={"Ref": "AppDomain"}, OriginAccessControlId="id"),
            "in another region",
        ),
    ],
)
def test_what_cloudfront_does_not_stage_is_refused(
    both: tuple[Template, Template], change: Any, said: str
) -> None:
    deployed, new = copy.deepcopy(both)
    for one in (deployed, new):
        change(config(one))

    with pytest.raises(StagingError, match=said):
        staged(deployed, new, SHARE)


def test_the_check_and_the_local_cdn_take_a_staged_template(
    both: tuple[Template, Template], tmp_path: Path
) -> None:
    (tmp_path / "edgewise.toml").write_text(SITE)
    written = write_template(load_site(tmp_path), tmp_path / "build/template.yaml")
    made = staged(written.document, both[1], SHARE)
    template = parse_template(render_yaml(made), written.template)

    distribution, notices = read_distribution(template)

    assert distribution.behaviors
    assert "all traffic goes to this distribution" in " ".join(one.message for one in notices)
    # The names are examples.
    assert {one.rule.id for one in check_template(template)} <= {"EDGE303"}


@pytest.mark.parametrize("percent", [-1, 0, 16, 100])
def test_a_share_that_cloudfront_does_not_take(percent: int) -> None:
    with pytest.raises(StagingError, match=f"a share of {percent} %") as refused:
        by_share(percent, 60)

    assert "1 to 15" in str(refused.value.hint)


@pytest.mark.parametrize("minutes", [-5, 4, 61])
def test_a_session_that_cloudfront_does_not_take(minutes: int) -> None:
    with pytest.raises(StagingError, match=f"for {minutes} minutes"):
        by_share(5, minutes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("try=yes", "such as aws-cf-cd-try"),
        ("x try=yes", "begin with aws-cf-cd-"),
        ("=yes", "begin with aws-cf-cd-"),
        ("aws-cf-cd-try", "NAME=VALUE"),
        ("aws-cf-cd-try=", "NAME=VALUE"),
        ("aws-cf-cd-try=a\nb", "NAME=VALUE"),
        (f"aws-cf-cd-{'t' * 250}=yes", "begin with aws-cf-cd-"),
        (f"aws-cf-cd-try={'y' * 1784}", "NAME=VALUE"),
    ],
)
def test_a_header_that_cloudfront_does_not_take(text: str, said: str) -> None:
    with pytest.raises(StagingError) as refused:
        by_header(text)

    assert said in str(refused.value.hint)


@settings(max_examples=40)
@given(
    st.one_of(
        st.builds(by_share, st.integers(1, 15), st.sampled_from([0, 5, 30, 60])),
        st.from_regex(r"aws-cf-cd-[a-z0-9-]{1,20}=[!-~]{1,20}", fullmatch=True).map(by_header),
    )
)
def test_traffic_is_read_as_it_was_written(traffic: Traffic) -> None:
    policy = {"ContinuousDeploymentPolicyConfig": {"TrafficConfig": traffic.config}}
    assert traffic_of({"Resources": {"StagingPolicy": {"Properties": policy}}}) == traffic
