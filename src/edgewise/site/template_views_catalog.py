"""The resources that make a table of the files: Glue's database, the table, the crawler if the site wants one.

Sources: "Use partition projection with Amazon Athena" in the Athena user guide; a crawler's `SchemaChangePolicy` in
the CloudFormation reference: new partitions are added whatever it says.
"""

from __future__ import annotations

import json
from typing import Any

from edgewise.site.model_statistics import Statistics
from edgewise.site.template_permissions import LOG_ACTIONS, policy, trust
from edgewise.site.template_views_files import VIEWS, catalog_arns

# The columns of a finished view in its order; the day is the partition's, and stands in the name of the file.
COLUMNS = {
    "schema": "string",
    "event_id": "string",
    "_timestamp": "bigint",
    "view_time": "string",
    "host": "string",
    "page": "string",
    "status": "int",
    "country": "string",
    "country_name": "string",
    "device": "string",
    "referrer_host": "string",
    "campaign_source": "string",
    "campaign_medium": "string",
    "campaign_name": "string",
    "language": "string",
    "visitor": "string",
    "entry": "boolean",
}
# After each of these, and the day's first file, the day is known.
_CRAWLS = "cron(30 0/6 * * ? *)"
# By format: the input format, the output format, the library that reads a file.
_FORMATS = {
    "json": (
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "org.openx.data.jsonserde.JsonSerDe",
    ),
    "parquet": (
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
}


def catalog_resources(statistics: Statistics) -> dict[str, Any]:
    """What makes a table of the bucket."""
    resources = {
        "PageViewsDatabase": {
            "Type": "AWS::Glue::Database",
            "Properties": {
                "CatalogId": {"Ref": "AWS::AccountId"},
                "DatabaseInput": {
                    "Name": statistics.database,
                    "Description": f"Page views of {statistics.name}.",
                },
            },
        },
        "PageViewsTable": _table(statistics),
    }
    if statistics.catalog == "crawler":
        resources |= {"PageViewsCrawler": _crawler(statistics), "PageViewsCrawlerRole": _crawler_role()}
    return resources


def _table(statistics: Statistics) -> dict[str, Any]:
    inputs, outputs, library = _FORMATS[statistics.format]
    location = "s3://${PageViewsFiles}/" + VIEWS
    parameters: dict[str, Any] = {"classification": statistics.format}
    if statistics.catalog == "projection":
        parameters |= {
            "projection.enabled": "true",
            "projection.view_date.type": "date",
            "projection.view_date.format": "yyyy-MM-dd",
            # As far back as files are kept; a day ahead, for those whose clock is.
            "projection.view_date.range": f"NOW-{statistics.days}DAYS,NOW+1DAY",
            "projection.view_date.interval": "1",
            "projection.view_date.interval.unit": "DAYS",
            "storage.location.template": {"Fn::Sub": location + "view_date=${!view_date}/"},
        }
    return {
        "Type": "AWS::Glue::Table",
        "Properties": {
            "CatalogId": {"Ref": "AWS::AccountId"},
            "DatabaseName": {"Ref": "PageViewsDatabase"},
            "TableInput": {
                "Name": statistics.table,
                "Description": f"Page views of {statistics.name}, by day (UTC).",
                "TableType": "EXTERNAL_TABLE",
                "Parameters": parameters,
                "PartitionKeys": [{"Name": "view_date", "Type": "string"}],
                "StorageDescriptor": {
                    "Location": {"Fn::Sub": location},
                    "Columns": [{"Name": name, "Type": kind} for name, kind in COLUMNS.items()],
                    "InputFormat": inputs,
                    "OutputFormat": outputs,
                    "SerdeInfo": {
                        "SerializationLibrary": library,
                        "Parameters": {"serialization.format": "1"},
                    },
                },
            },
        },
    }


def _crawler(statistics: Statistics) -> dict[str, Any]:
    inherited = {"AddOrUpdateBehavior": "InheritFromTable"}
    return {
        "Type": "AWS::Glue::Crawler",
        "Properties": {
            "Name": statistics.pipeline,
            "Role": {"Fn::GetAtt": ["PageViewsCrawlerRole", "Arn"]},
            "Schedule": {"ScheduleExpression": _CRAWLS},
            "Targets": {
                "CatalogTargets": [
                    {
                        "DatabaseName": {"Ref": "PageViewsDatabase"},
                        "Tables": [{"Ref": "PageViewsTable"}],
                    }
                ]
            },
            # New days are added; the columns stay as they are here, whatever a file says.
            "SchemaChangePolicy": {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
            "Configuration": json.dumps({"Version": 1.0, "CrawlerOutput": {"Partitions": inherited}}),
        },
    }


def _crawler_role() -> dict[str, Any]:
    table = ("GetDatabase", "GetTable", "GetTables", "GetTableVersions", "UpdateTable")
    days = ("Get", "BatchGet", "Create", "BatchCreate", "Update", "BatchUpdate")
    glue = [f"glue:{one}" for one in (*table, "GetPartitions", *(f"{one}Partition" for one in days))]
    logs = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws-glue/crawlers:*"
    bucket = ("s3:ListBucket", "s3:GetBucketLocation", "s3:GetBucketAcl")
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": "Lets the crawler read files of page views and add their days to the table.",
            "AssumeRolePolicyDocument": trust("glue.amazonaws.com"),
            "Policies": [
                policy("table", glue, catalog_arns()),
                policy("bucket", bucket, ["${PageViewsFiles.Arn}"]),
                policy("files", ("s3:GetObject",), ["${PageViewsFiles.Arn}/" + VIEWS + "*"]),
                policy("logs", LOG_ACTIONS, [logs]),
            ],
        },
    }
