"""CloudWatch Logs: groups, what is counted and handed on of them, deliveries of other services' logs."""

from __future__ import annotations

from collections.abc import Iterator

from edgewise.terraform.blocks import Attribute
from edgewise.terraform.names import on_aws
from edgewise.terraform.rules import Kind, Made, Place, Rules, block, document, pairs, read_elsewhere, single

_MOST_NAME = 512


def _filter_name(place: Place) -> Iterator[Made]:
    if "FilterName" not in place.properties:
        yield Attribute("name", on_aws(place.scope.site, place.name, _MOST_NAME))


def _group_name(place: Place) -> Iterator[Made]:
    """One that is retained would be in the way of the next of its name, so that names are not given twice."""
    if "LogGroupName" not in place.properties:
        yield Attribute("name_prefix", f"{on_aws(place.scope.site, place.name, _MOST_NAME - 27)}-")


def _delivery_places(place: Place) -> Iterator[Made]:
    """Where in a bucket: an argument, for which Terraform wants both values."""
    names = {"suffix_path": "S3SuffixPath", "enable_hive_compatible_path": "S3EnableHiveCompatiblePath"}
    if place.properties.keys() & names.values():
        given = {name: place.value(place.properties.get(one)) for name, one in names.items()}
        yield Attribute("s3_delivery_configuration", [given])


def _group_of(arn: str) -> dict[str, str | tuple[str, str]]:
    """CloudFormation's ARN of a log group ends with the star of its streams, Terraform's does not."""
    return {"Arn": (arn, ":*")}


_TRANSFORMATION: Rules = {
    "MetricName": "name",
    "MetricNamespace": "namespace",
    "MetricValue": "value",
    "DefaultValue": "default_value",
    "Unit": "unit",
    "Dimensions": pairs("dimensions"),
}

KINDS = {
    "AWS::Logs::LogGroup": Kind(
        "aws_cloudwatch_log_group",
        "logs",
        {
            "LogGroupName": "name",
            "LogGroupClass": "log_group_class",
            "RetentionInDays": "retention_in_days",
            "KmsKeyId": "kms_key_id",
            "Tags": pairs("tags"),
        },
        endings=("LogGroup", "Logs", "Group"),
        ref="name",
        attributes=_group_of("arn"),
        retained=Attribute("skip_destroy", True),
        always=_group_name,
    ),
    "AWS::Logs::LogStream": Kind(
        "aws_cloudwatch_log_stream",
        "logs",
        {"LogGroupName": "log_group_name", "LogStreamName": "name"},
        endings=("LogStream", "Log"),
        ref="name",
    ),
    "AWS::Logs::MetricFilter": Kind(
        "aws_cloudwatch_log_metric_filter",
        "alarms",
        {
            "FilterName": "name",
            "LogGroupName": "log_group_name",
            "FilterPattern": "pattern",
            "MetricTransformations": single(block("metric_transformation", _TRANSFORMATION)),
        },
        endings=("MetricFilter", "Filter"),
        ref="name",
        always=_filter_name,
    ),
    "AWS::Logs::SubscriptionFilter": Kind(
        "aws_cloudwatch_log_subscription_filter",
        "logs",
        {
            "FilterName": "name",
            "LogGroupName": "log_group_name",
            "FilterPattern": "filter_pattern",
            "DestinationArn": "destination_arn",
            "RoleArn": "role_arn",
            "Distribution": "distribution",
        },
        endings=("SubscriptionFilter", "Filter"),
        ref="name",
        always=_filter_name,
    ),
    "AWS::Logs::DeliverySource": Kind(
        "aws_cloudwatch_log_delivery_source",
        "logs",
        {"Name": "name", "LogType": "log_type", "ResourceArn": "resource_arn"},
        endings=("DeliverySource", "Source"),
        ref="name",
        attributes={"Arn": "arn"},
    ),
    "AWS::Logs::DeliveryDestination": Kind(
        "aws_cloudwatch_log_delivery_destination",
        "logs",
        {
            "Name": "name",
            "OutputFormat": "output_format",
            # Terraform knows it by the resource.
            "DeliveryDestinationType": read_elsewhere,
            "DestinationResourceArn": lambda value, place: block(
                "delivery_destination_configuration", {"Arn": "destination_resource_arn"}
            )({"Arn": value}, place),
        },
        endings=("DeliveryDestination", "Destination"),
        ref="name",
        attributes={"Arn": "arn"},
    ),
    "AWS::Logs::Delivery": Kind(
        "aws_cloudwatch_log_delivery",
        "logs",
        {
            "DeliverySourceName": "delivery_source_name",
            "DeliveryDestinationArn": "delivery_destination_arn",
            "FieldDelimiter": "field_delimiter",
            "RecordFields": "record_fields",
            "S3SuffixPath": read_elsewhere,
            "S3EnableHiveCompatiblePath": read_elsewhere,
        },
        endings=("Delivery",),
        attributes={"Arn": "arn", "DeliveryId": "id"},
        always=_delivery_places,
    ),
    "AWS::Logs::ResourcePolicy": Kind(
        "aws_cloudwatch_log_resource_policy",
        "logs",
        {"PolicyName": "policy_name", "PolicyDocument": document("policy_document")},
        endings=("ResourcePolicy", "Policy"),
    ),
}
