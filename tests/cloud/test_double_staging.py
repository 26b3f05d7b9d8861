"""The double keeps CloudFront's rules of continuous deployment: else staging that passes here says nothing."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud.double.server import Double
from edgewise.cloud.clients import Clients

HEADER = {"Type": "SingleHeader", "SingleHeaderConfig": {"Header": "aws-cf-cd-try", "Value": "yes"}}


class Console:
    """What somebody does in CloudFront by hand, with a primary and a staging distribution."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.primary = self.create("primary")
        self.staging = self.create("staging", Staging=True)

    def create(self, reference: str, **more: Any) -> str:
        origin = {
            "Id": "app",
            "DomainName": "app.example.com",
            "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"},
        }
        config = {
            "CallerReference": reference,
            "Comment": "",
            "Enabled": True,
            "HttpVersion": "http2",
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {"TargetOriginId": "app", "ViewerProtocolPolicy": "allow-all"},
        }
        return str(self.client.create_distribution(DistributionConfig=config | more)["Distribution"]["Id"])

    def config(self, distribution: str) -> dict[str, Any]:
        told: dict[str, Any] = self.client.get_distribution_config(Id=distribution)["DistributionConfig"]
        return told

    def update(self, distribution: str, without: str = "", **more: Any) -> None:
        told = self.client.get_distribution_config(Id=distribution)
        config = {key: one for key, one in (told["DistributionConfig"] | more).items() if key != without}
        self.client.update_distribution(Id=distribution, IfMatch=told["ETag"], DistributionConfig=config)

    def policy(self, traffic: dict[str, Any] = HEADER, of: str = "") -> str:
        name = f"{(of or self.staging).lower()}.cloudfront.net"
        config = {
            "Enabled": True,
            "StagingDistributionDnsNames": {"Quantity": 1, "Items": [name]},
            "TrafficConfig": traffic,
        }
        made = self.client.create_continuous_deployment_policy(ContinuousDeploymentPolicyConfig=config)
        return str(made["ContinuousDeploymentPolicy"]["Id"])

    def attach(self) -> str:
        policy = self.policy()
        self.update(self.primary, ContinuousDeploymentPolicyId=policy)
        return policy

    def delete_policy(self, policy: str) -> None:
        etag = self.client.get_continuous_deployment_policy(Id=policy)["ETag"]
        self.client.delete_continuous_deployment_policy(Id=policy, IfMatch=etag)


@pytest.fixture
def console(lasting: tuple[Double, Clients], double: Double) -> Console:
    return Console(lasting[1]("cloudfront"))


def refused(call: Any) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return str(error.value.response["Error"]["Code"])


def test_a_distribution_is_not_made_with_a_policy(console: Console) -> None:
    policy = console.policy()

    code = refused(lambda: console.create("another", ContinuousDeploymentPolicyId=policy))

    assert code == "InvalidArgument"


def test_a_policy_that_is_left_out_of_an_update_stays(console: Console) -> None:
    policy = console.attach()

    console.update(console.primary, without="ContinuousDeploymentPolicyId", Comment="else")
    assert console.config(console.primary)["ContinuousDeploymentPolicyId"] == policy
    assert refused(lambda: console.delete_policy(policy)) == "ContinuousDeploymentPolicyInUse"

    console.update(console.primary, ContinuousDeploymentPolicyId="")
    console.delete_policy(policy)
    console.update(console.staging, Enabled=False)


def test_a_staging_distribution_stays_while_a_policy_names_it(console: Console) -> None:
    console.policy()

    assert refused(lambda: console.update(console.staging, Enabled=False)) == "StagingDistributionInUse"
    assert refused(console.policy) == "StagingDistributionInUse"


@pytest.mark.parametrize("which", ["primary", "staging"])
def test_some_settings_are_the_same_on_both_sides(console: Console, which: str) -> None:
    console.attach()

    console.update(getattr(console, which), Comment="else")
    code = refused(lambda: console.update(getattr(console, which), PriceClass="PriceClass_100"))

    assert code == "IllegalUpdate"


def test_two_that_differ_do_not_become_a_pair(console: Console) -> None:
    console.update(console.primary, PriceClass="PriceClass_100")

    assert refused(console.attach) == "IllegalUpdate"


def test_a_primary_with_a_policy_is_not_turned_off(console: Console) -> None:
    console.attach()

    assert refused(lambda: console.update(console.primary, Enabled=False)) == "IllegalUpdate"


@pytest.mark.parametrize(
    "traffic",
    [
        {"Type": "SingleWeight", "SingleWeightConfig": {"Weight": 0.16}},
        {
            "Type": "SingleWeight",
            "SingleWeightConfig": {
                "Weight": 0.1,
                "SessionStickinessConfig": {"IdleTTL": 200, "MaximumTTL": 600},
            },
        },
        {"Type": "SingleHeader", "SingleHeaderConfig": {"Header": "x-try", "Value": "yes"}},
    ],
)
def test_traffic_has_limits(console: Console, traffic: dict[str, Any]) -> None:
    assert refused(lambda: console.policy(traffic)) == "InvalidArgument"


def test_names_and_http3_are_no_matter_of_staging(console: Console) -> None:
    named = {"Quantity": 1, "Items": ["tea.example.com"]}

    assert refused(lambda: console.create("named", Staging=True, Aliases=named)) == "InvalidArgument"
    assert refused(lambda: console.create("fast", Staging=True, HttpVersion="http3")) == "InvalidArgument"
    assert refused(lambda: console.policy(of=console.primary)) == "InvalidArgument"
