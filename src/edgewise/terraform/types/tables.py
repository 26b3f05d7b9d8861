"""DynamoDB's global tables: one resource, a block for each replica outside the table's own region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgewise.terraform.blocks import Attribute
from edgewise.terraform.rules import (
    Kind,
    Made,
    Place,
    Rules,
    apply,
    block,
    blocks,
    flat,
    pairs,
    read_elsewhere,
)


def _keys(value: Any, place: Place) -> Iterator[Made]:
    arguments = {"HASH": "hash_key", "RANGE": "range_key"}
    for one in value:
        yield Attribute(arguments[one["KeyType"]], one["AttributeName"])


def _stream(value: Any, place: Place) -> Iterator[Made]:
    yield Attribute("stream_enabled", True)
    yield Attribute("stream_view_type", value["StreamViewType"])


def _replicas(value: Any, place: Place) -> Iterator[Made]:
    for one in value:
        if one["Region"] == place.scope.region:
            yield from apply(_HERE, one, place)
        else:
            yield from block("replica", _ELSEWHERE)(one, place)


_HERE: Rules = {
    "Region": read_elsewhere,
    "PointInTimeRecoverySpecification": block(
        "point_in_time_recovery", {"PointInTimeRecoveryEnabled": "enabled"}
    ),
    "DeletionProtectionEnabled": "deletion_protection_enabled",
    "Tags": pairs("tags"),
}
_ELSEWHERE: Rules = {
    "Region": "region_name",
    "PointInTimeRecoverySpecification": flat({"PointInTimeRecoveryEnabled": "point_in_time_recovery"}),
}

KINDS = {
    "AWS::DynamoDB::GlobalTable": Kind(
        "aws_dynamodb_table",
        "tables",
        {
            "TableName": "name",
            "BillingMode": "billing_mode",
            "KeySchema": _keys,
            "StreamSpecification": _stream,
            "AttributeDefinitions": blocks("attribute", {"AttributeName": "name", "AttributeType": "type"}),
            "TimeToLiveSpecification": block(
                "ttl", {"AttributeName": "attribute_name", "Enabled": "enabled"}
            ),
            "Replicas": _replicas,
        },
        endings=("Table",),
        ref="name",
        attributes={"Arn": "arn", "StreamArn": "stream_arn"},
    ),
}
