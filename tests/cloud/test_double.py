"""The double refuses what AWS refuses: else a deployment that passes here says nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud.double.functions import HOURS_OF_REPLICAS
from cloud.workshop import Workshop


@pytest.fixture
def deployed(workshop: Workshop) -> Workshop:
    workshop.deploy()
    return workshop


def refused(call: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call()
    told = error.value.response["Error"]
    return told["Code"], told["Message"]


def test_unchanged_code_is_no_new_version(deployed: Workshop) -> None:
    client = deployed.clients("lambda")

    assert client.publish_version(FunctionName="tea-viewer")["Version"] == "1"
    client.update_function_configuration(FunctionName="tea-viewer", Timeout=3)
    assert client.publish_version(FunctionName="tea-viewer")["Version"] == "2"


def test_a_distribution_is_changed_with_its_latest_etag_only(deployed: Workshop) -> None:
    client = deployed.clients("cloudfront")
    (distribution,) = deployed.double.cloudfront.distributions
    told = client.get_distribution_config(Id=distribution)
    client.update_distribution(
        Id=distribution, IfMatch=told["ETag"], DistributionConfig=told["DistributionConfig"]
    )

    code, _ = refused(
        lambda: client.update_distribution(
            Id=distribution, IfMatch=told["ETag"], DistributionConfig=told["DistributionConfig"]
        )
    )
    assert code == "PreconditionFailed"


def test_a_change_of_a_distribution_takes_its_time(deployed: Workshop) -> None:
    client = deployed.clients("cloudfront")
    (distribution,) = deployed.double.cloudfront.distributions
    told = client.get_distribution_config(Id=distribution)
    client.update_distribution(
        Id=distribution, IfMatch=told["ETag"], DistributionConfig=told["DistributionConfig"]
    )

    looks = [client.get_distribution(Id=distribution)["Distribution"]["Status"] for _ in range(3)]
    assert looks == ["InProgress", "Deployed", "Deployed"]


@pytest.mark.parametrize(
    ("arn", "why"),
    [
        ("arn:aws:lambda:us-east-1:123456789012:function:tea-viewer:$LATEST", "a specific function version"),
        ("arn:aws:lambda:us-east-1:123456789012:function:tea-viewer:9", "does not exist"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:tea-viewer:1", "must be in region us-east-1"),
    ],
)
def test_only_a_numbered_version_of_the_home_region_is_associated(
    deployed: Workshop, arn: str, why: str
) -> None:
    code, message = refused(lambda: associate(deployed, arn))

    assert code == "InvalidLambdaFunctionAssociation"
    assert why in message


def test_a_function_with_environment_variables_is_not_associated(deployed: Workshop) -> None:
    client = deployed.clients("lambda")
    client.update_function_configuration(FunctionName="tea-viewer", Environment={"Variables": {"A": "b"}})
    arn = client.publish_version(FunctionName="tea-viewer")["FunctionArn"]

    assert "cannot have environment variables" in refused(lambda: associate(deployed, arn))[1]


def test_replicas_hold_a_function_until_hours_after_its_last_use(deployed: Workshop) -> None:
    client = deployed.clients("lambda")
    associate(deployed, None)

    code, message = refused(lambda: client.delete_function(FunctionName="tea-viewer"))
    deployed.double.functions.hours += HOURS_OF_REPLICAS

    assert code == "InvalidParameterValueException"
    assert "because it is a replicated function" in message
    client.delete_function(FunctionName="tea-viewer")


def test_a_type_that_is_not_known_makes_no_green_stack(workshop: Workshop) -> None:
    client = workshop.clients("cloudformation")
    body = '{"Resources": {"It": {"Type": "AWS::Made::Up"}}}'
    client.create_change_set(StackName="odd", ChangeSetName="one", ChangeSetType="CREATE", TemplateBody=body)
    for _ in range(2):
        client.describe_change_set(StackName="odd", ChangeSetName="one")
    client.execute_change_set(StackName="odd", ChangeSetName="one")
    for _ in range(3):
        client.describe_stacks(StackName="odd")

    assert client.describe_stacks(StackName="odd")["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::Logs::LogGroup", {"LogGroupName": "lines"}),
        ("AWS::Logs::LogStream", {"LogGroupName": "lines", "LogStreamName": "one"}),
        ("AWS::IAM::Role", {"RoleName": "reader", "AssumeRolePolicyDocument": {}}),
        ("AWS::SNS::Topic", {"TopicName": "alarms"}),
        ("AWS::S3::Bucket", {"BucketName": "files"}),
    ],
)
def test_a_name_is_given_once(workshop: Workshop, kind: str, properties: dict[str, Any]) -> None:
    client = workshop.clients("cloudformation")
    one = {"Type": kind, "DeletionPolicy": "Retain", "Properties": properties}
    for stack, ended in (("first", "CREATE_COMPLETE"), ("second", "ROLLBACK_COMPLETE")):
        body = json.dumps({"Resources": {"It": one}})
        words = {"StackName": stack, "ChangeSetName": "one"}
        client.create_change_set(
            **words, ChangeSetType="CREATE", TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        for _ in range(2):
            client.describe_change_set(**words)
        client.execute_change_set(**words, ClientRequestToken=stack)
        for _ in range(3):
            client.describe_stacks(StackName=stack)
        assert client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == ended
    events = client.describe_stack_events(StackName="second")["StackEvents"]
    assert any("already exists" in one.get("ResourceStatusReason", "") for one in events)


def test_a_change_set_without_changes_fails_in_awss_words(deployed: Workshop) -> None:
    client = deployed.clients("cloudformation")
    stack = deployed.double.formation.named("tea")
    assert stack is not None
    client.create_change_set(
        StackName="tea",
        ChangeSetName="same",
        ChangeSetType="UPDATE",
        TemplateBody=stack.body,
        Capabilities=["CAPABILITY_IAM"],
    )
    told = [client.describe_change_set(StackName="tea", ChangeSetName="same") for _ in range(2)][-1]

    assert told["Status"] == "FAILED"
    assert "didn't contain changes" in told["StatusReason"]
    assert (
        refused(lambda: client.execute_change_set(StackName="tea", ChangeSetName="same"))[0]
        == "InvalidChangeSetStatus"
    )


def associate(workshop: Workshop, arn: str | None) -> None:
    """Let the default behavior run that version at viewer requests, or no function anywhere."""
    client = workshop.clients("cloudfront")
    (distribution,) = workshop.double.cloudfront.distributions
    told = client.get_distribution_config(Id=distribution)
    config = told["DistributionConfig"]
    for behavior in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]["Items"]):
        behavior["LambdaFunctionAssociations"] = {"Quantity": 0}
    if arn:
        one = {"EventType": "viewer-request", "LambdaFunctionARN": arn, "IncludeBody": False}
        config["DefaultCacheBehavior"]["LambdaFunctionAssociations"] = {"Quantity": 1, "Items": [one]}
    client.update_distribution(Id=distribution, IfMatch=told["ETag"], DistributionConfig=config)
