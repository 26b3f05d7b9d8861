"""The statistics' services: a state machine of Step Functions, Glue's catalogue, Athena.

Long texts are files beside the configuration, as one would write them: the state machine's definition in YAML, each
query in SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from edgewise.terraform.blocks import Attribute
from edgewise.terraform.rules import (
    Aside,
    Kind,
    Made,
    Place,
    Rules,
    block,
    blocks,
    document,
    flat,
    pairs,
    read_elsewhere,
    single,
)
from edgewise.terraform.types.functions import MODULE
from edgewise.terraform.values import Call, Template
from edgewise.terraform.yaml_text import yaml_text


def _definition(value: Any, place: Place) -> Iterator[Made]:
    names = place.properties.get("DefinitionSubstitutions", {})
    path = f"definitions/{place.name.replace('_', '-')}.asl.yaml"
    yield Aside(path, "#", _escaped(yaml_text(value), tuple(names)))
    given = {name: place.value(one) for name, one in names.items()}
    filled = Call("templatefile", (Template((MODULE, f"/{path}")), given))
    yield Attribute("definition", Call("jsonencode", (Call("yamldecode", (filled,)),)))


def _escaped(text: str, names: tuple[str, ...]) -> str:
    """A text for `templatefile`, in which nothing but the names in braces means something."""
    kept = re.compile(r"\$\{(?!(?:" + "|".join(map(re.escape, names)) + r")\})" if names else r"\$\{")
    return kept.sub("$${", text).replace("%{", "%%{")


def _query(value: Any, place: Place) -> Iterator[Made]:
    path = f"queries/{place.properties['Name']}.sql"
    yield Aside(path, "--", f"{value}\n")
    yield Attribute("query", Call("file", (Template((MODULE, f"/{path}")),)))


def _own_account(value: Any, place: Place) -> Iterator[Made]:
    # Without it Glue takes the account's own catalogue.
    if value != {"Ref": "AWS::AccountId"}:
        yield Attribute("catalog_id", place.value(value))


def _crawler_database(place: Place) -> Iterator[Made]:
    if "DatabaseName" not in place.properties:
        first = place.properties["Targets"]["CatalogTargets"][0]
        yield Attribute("database_name", place.value(first["DatabaseName"]))


def _log_destination(value: Any, place: Place) -> Iterator[Made]:
    yield Attribute("log_destination", place.value(value["CloudWatchLogsLogGroup"]["LogGroupArn"]))


_COLUMN: Rules = {"Name": "name", "Type": "type", "Comment": "comment"}
_STORAGE: Rules = {
    "Location": "location",
    "InputFormat": "input_format",
    "OutputFormat": "output_format",
    "Compressed": "compressed",
    "Parameters": "parameters",
    "SerdeInfo": block(
        "ser_de_info",
        {"Name": "name", "SerializationLibrary": "serialization_library", "Parameters": "parameters"},
    ),
    "Columns": blocks("columns", _COLUMN),
}
_WORKGROUP: Rules = {
    "EnforceWorkGroupConfiguration": "enforce_workgroup_configuration",
    "BytesScannedCutoffPerQuery": "bytes_scanned_cutoff_per_query",
    "PublishCloudWatchMetricsEnabled": "publish_cloudwatch_metrics_enabled",
    "RequesterPaysEnabled": "requester_pays_enabled",
    "ResultConfiguration": block(
        "result_configuration",
        {
            "OutputLocation": "output_location",
            "EncryptionConfiguration": block(
                "encryption_configuration", {"EncryptionOption": "encryption_option", "KmsKey": "kms_key_arn"}
            ),
        },
    ),
}

KINDS = {
    "AWS::StepFunctions::StateMachine": Kind(
        "aws_sfn_state_machine",
        "statistics",
        {
            "StateMachineName": "name",
            "StateMachineType": "type",
            "RoleArn": "role_arn",
            "Definition": _definition,
            "DefinitionSubstitutions": read_elsewhere,
            "LoggingConfiguration": block(
                "logging_configuration",
                {
                    "Level": "level",
                    "IncludeExecutionData": "include_execution_data",
                    "Destinations": single(_log_destination),
                },
            ),
            "TracingConfiguration": block("tracing_configuration", {"Enabled": "enabled"}),
        },
        endings=("StateMachine",),
        ref="arn",
        attributes={"Arn": "arn", "Name": "name"},
    ),
    "AWS::Glue::Database": Kind(
        "aws_glue_catalog_database",
        "statistics",
        {
            "CatalogId": _own_account,
            "DatabaseInput": flat(
                {"Name": "name", "Description": "description", "LocationUri": "location_uri"}
            ),
        },
        endings=("Database",),
        ref="name",
    ),
    "AWS::Glue::Table": Kind(
        "aws_glue_catalog_table",
        "statistics",
        {
            "CatalogId": _own_account,
            "DatabaseName": "database_name",
            "TableInput": flat(
                {
                    "Name": "name",
                    "Description": "description",
                    "TableType": "table_type",
                    "Parameters": "parameters",
                    "PartitionKeys": blocks("partition_keys", _COLUMN),
                    "StorageDescriptor": block("storage_descriptor", _STORAGE),
                }
            ),
        },
        endings=("Table",),
        ref="name",
    ),
    "AWS::Glue::Crawler": Kind(
        "aws_glue_crawler",
        "statistics",
        {
            "Name": "name",
            "DatabaseName": "database_name",
            "Role": "role",
            "Schedule": flat({"ScheduleExpression": "schedule"}),
            "Configuration": document("configuration"),
            "Targets": flat(
                {
                    "CatalogTargets": blocks(
                        "catalog_target", {"DatabaseName": "database_name", "Tables": "tables"}
                    )
                }
            ),
            "SchemaChangePolicy": block(
                "schema_change_policy",
                {"UpdateBehavior": "update_behavior", "DeleteBehavior": "delete_behavior"},
            ),
        },
        endings=("Crawler",),
        ref="name",
        always=_crawler_database,
    ),
    "AWS::Athena::WorkGroup": Kind(
        "aws_athena_workgroup",
        "statistics",
        {
            "Name": "name",
            "Description": "description",
            "State": "state",
            "RecursiveDeleteOption": "force_destroy",
            "WorkGroupConfiguration": block("configuration", _WORKGROUP),
            "Tags": pairs("tags"),
        },
        endings=("WorkGroup",),
        ref="name",
    ),
    "AWS::Athena::NamedQuery": Kind(
        "aws_athena_named_query",
        "statistics",
        {
            "Name": "name",
            "Description": "description",
            "Database": "database",
            "WorkGroup": "workgroup",
            "QueryString": _query,
        },
    ),
}
