"""Makes a template's resources in moto's services, by the calls that CloudFormation makes for each type."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from edgewise.localaws.firehose import Column, read_destination
from edgewise.localaws.template import Resource, definition

_ROLE = "arn:aws:iam::123456789012:role/local"

Client = Callable[[str], Any]
Properties = Mapping[str, Any]


def make(resource: Resource, client: Client) -> None:
    """Make one; `client` gives the client of a service by its name. Raises `UnsupportedError`."""
    _MAKERS[resource["kind"]](resource["name"], resource["properties"], client)


def _bucket(name: str, properties: Properties, client: Client) -> None:
    client("s3").create_bucket(Bucket=name)


def _queue(name: str, properties: Properties, client: Client) -> None:
    client("sqs").create_queue(QueueName=name.rpartition("/")[2])


def _database(name: str, properties: Properties, client: Client) -> None:
    client("glue").create_database(DatabaseInput={"Name": name})


def _table(name: str, properties: Properties, client: Client) -> None:
    client("glue").create_table(
        DatabaseName=properties["DatabaseName"], TableInput=_texts(properties["TableInput"])
    )


def _stream(name: str, properties: Properties, client: Client) -> None:
    settings = properties["ExtendedS3DestinationConfiguration"]
    # Now, not when the first record comes: what is not played here is said at the start.
    read_destination(settings, lambda database, table: _columns(client("glue"), database, table))
    client("firehose").create_delivery_stream(
        DeliveryStreamName=name, ExtendedS3DestinationConfiguration=settings
    )


def _columns(glue: Any, database: str, table: str) -> list[Column]:
    found = glue.get_table(DatabaseName=database, Name=table)["Table"]["StorageDescriptor"]["Columns"]
    return [Column(one["Name"], one["Type"]) for one in found]


def _bus(name: str, properties: Properties, client: Client) -> None:
    client("events").create_event_bus(Name=name)


def _state_machine(name: str, properties: Properties, client: Client) -> None:
    client("stepfunctions").create_state_machine(
        name=name.rpartition(":")[2],
        definition=definition(properties),
        roleArn=_ROLE,
        type=properties.get("StateMachineType", "STANDARD"),
    )


def _rule(name: str, properties: Properties, client: Client) -> None:
    if not {"EventPattern", "EventBusName"} <= properties.keys():
        # A schedule, which runs a function, or a rule of AWS's own events: neither functions nor those are here.
        return
    events, rule, bus = client("events"), properties.get("Name", name), properties["EventBusName"]
    events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps(properties["EventPattern"]))
    events.put_targets(Rule=rule, EventBusName=bus, Targets=properties["Targets"])


def _texts(value: Any) -> Any:
    """Parameters of a table are text on AWS, whatever a template writes."""
    if isinstance(value, Mapping):
        return {
            key: {name: _text(one) for name, one in part.items()} if key == "Parameters" else _texts(part)
            for key, part in value.items()
        }
    return [_texts(one) for one in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


_MAKERS: dict[str, Callable[[str, Properties, Client], None]] = {
    "AWS::S3::Bucket": _bucket,
    "AWS::SQS::Queue": _queue,
    "AWS::Glue::Database": _database,
    "AWS::Glue::Table": _table,
    "AWS::KinesisFirehose::DeliveryStream": _stream,
    "AWS::Events::EventBus": _bus,
    "AWS::StepFunctions::StateMachine": _state_machine,
    "AWS::Events::Rule": _rule,
}
