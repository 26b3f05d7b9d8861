"""A deployment against the double: what it makes, what it changes, and what it leaves alone."""

from __future__ import annotations

import pytest

from cloud.workshop import SITE, Workshop
from edgewise.cloud.errors import StackError

ROLLOUT = """
[origins.beta]
domain = "beta.tea.example.com"

[rollout]
stable = "app"
new = "beta"

[rollout.key]
from = "ssm"
name = "/tea/key"
"""


def test_a_first_deployment_makes_everything_and_numbers_its_versions(workshop: Workshop) -> None:
    assert "viewer-request of *, /files/*: function version 1 (new)" in workshop.sentences()

    result = workshop.deploy()

    assert result.number == 1
    assert workshop.served == {
        "viewer-request of *": 1,
        "origin-response of *": 1,
        "viewer-request of /files/*": 1,
        "origin-response of /files/*": 1,
    }
    assert result.outputs["DomainName"].endswith(".cloudfront.net")
    assert result.versions["*", "viewer-request"] == 1
    (distribution,) = workshop.double.cloudfront.distributions.values()
    assert distribution.told()["Status"] == "Deployed"
    assert workshop.objects("lock") == []


def test_a_plan_only_reads(workshop: Workshop) -> None:
    workshop.plan()
    workshop.deploy()
    workshop.code("second")
    del workshop.double.calls[:]

    workshop.plan()

    writing = ("Create", "Update", "Delete", "Execute", "Publish", "PUT", "POST")
    assert [call for call in workshop.double.calls if call[1].startswith(writing)] == []


def test_new_code_moves_the_associations_and_nothing_else(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.code("second")

    assert workshop.sentences() == [
        "viewer-request of *, /files/*: function version 1 → 2 (new)",
        "origin-response of *, /files/*: function version 1 → 2 (new)",
        "ViewerFunction: new code",
        "OriginFunction: new code",
    ]
    assert workshop.deploy().number == 2
    assert set(workshop.served.values()) == {2}
    touched = {text.split()[0] for step, text in workshop.told if step == "event"} - {"tea"}
    assert {one.split("Version")[0] for one in touched} == {
        "ViewerFunction",
        "OriginFunction",
        "Distribution",
    }


def test_the_same_site_again_changes_nothing(workshop: Workshop) -> None:
    workshop.deploy()
    before = workshop.objects()

    assert workshop.plan().nothing
    result = workshop.deploy()

    assert result.number == 0
    assert workshop.objects() == before
    assert not any(step == "execute" for step, _ in workshop.told)


def test_code_that_was_there_before_gets_its_old_number_back(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.code("second")
    workshop.deploy()
    workshop.code("first")

    assert "viewer-request of *, /files/*: function version 2 → 1" in workshop.sentences()
    workshop.deploy()
    assert set(workshop.served.values()) == {1}


def test_a_setting_of_a_behavior_is_told_by_its_path(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.site_file(
        SITE.replace('cache = "optimized"', 'cache = "optimized"\nviewer_protocol = "https-only"')
    )

    assert workshop.sentences() == [
        "Distribution: CacheBehaviors /files/*.ViewerProtocolPolicy: allow-all → https-only"
    ]


def test_an_update_that_fails_leaves_what_was_there(workshop: Workshop) -> None:
    workshop.deploy()
    workshop.code("second")
    workshop.double.resources.fail["Distribution"] = "CloudFront is out of sorts"

    with pytest.raises(StackError, match="Distribution: CloudFront is out of sorts") as refused:
        workshop.deploy()

    assert refused.value.hint == "What was there before is there again."
    assert set(workshop.served.values()) == {1}
    # Nothing stands in the way of the next try.
    assert workshop.deploy().number == 2
    assert len(set(workshop.served.values())) == 1
    assert 1 not in workshop.served.values()


def test_a_first_deployment_that_fails_is_cleared_away_by_the_next(workshop: Workshop) -> None:
    workshop.double.resources.fail["FilesBucketPolicy"] = "the policy is not valid"

    with pytest.raises(StackError, match="FilesBucketPolicy: the policy is not valid") as refused:
        workshop.deploy()

    assert "removes what is left" in str(refused.value.hint)
    workshop.double.functions.hours += 10
    assert workshop.deploy().number == 1
    assert set(workshop.served.values()) == {1}


def test_a_table_is_not_deleted_without_being_asked_for(workshop: Workshop) -> None:
    workshop.site_file(SITE + ROLLOUT)
    workshop.deploy()
    workshop.site_file(SITE)
    plan = workshop.plan()
    assert [one.sentence for one in plan.losses] == [
        "ReleaseTable: this AWS::DynamoDB::GlobalTable is deleted"
    ]
    deployment = workshop.deployment()

    with pytest.raises(StackError, match="data would be lost with ReleaseTable"):
        deployment.carry_out(plan)

    assert "ReleaseTable" in workshop.double.formation.named("tea").kept  # type: ignore[union-attr]
    assert deployment.carry_out(plan, lose_data=True).number == 2


def test_the_bucket_of_the_code_is_private_encrypted_and_for_tls_only(workshop: Workshop) -> None:
    workshop.deploy()
    bucket = "tea-edgewise-assets-123456789012"
    s3 = workshop.clients("s3")

    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
    (statement,) = workshop.double.bucket_policies[bucket]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("replacement", ["True", "Conditional"])
def test_a_table_that_would_be_made_anew_is_not_without_being_asked_for(
    workshop: Workshop, replacement: str
) -> None:
    workshop.site_file(SITE + ROLLOUT)
    workshop.deploy()
    workshop.code("second")
    deployment = workshop.deployment()
    plan = workshop.plan(deployment)
    assert plan.losses == []
    change = {"LogicalResourceId": "ReleaseTable", "Action": "Modify", "Replacement": replacement}
    workshop.double.formation.says_also = [{"Type": "Resource", "ResourceChange": change}]

    with pytest.raises(StackError, match="data would be lost with ReleaseTable"):
        deployment.carry_out(plan)

    assert set(workshop.served.values()) == {1}
