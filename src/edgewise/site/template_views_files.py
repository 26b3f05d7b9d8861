"""The resources that make files of page views: the delivery stream, the bucket that is theirs.

Sources: "Partition streaming data", "Buffer data for dynamic partitioning", "Convert input data format" and "Grant
Firehose access to an Amazon S3 destination" in the Firehose developer guide. Partitions by a key of the record and the
conversion to Parquet both ask for a buffer of 64 MB; time fills it first on most sites.
"""

from __future__ import annotations

from typing import Any

from edgewise.site.model_statistics import Statistics
from edgewise.site.template_buckets import over_tls_alone, private_bucket
from edgewise.site.template_permissions import policy, trust
from edgewise.site.template_views_path import LOG_DAYS

# Folders of the bucket: views by day, what the stream could not place, and Athena's answers.
VIEWS, ERRORS, ANSWERS = "page_views/", "errors/", "query-results/"
_ANSWER_DAYS = 7
_BUFFER_MB = 64


def file_resources(statistics: Statistics) -> dict[str, Any]:
    """From the delivery stream to the bucket."""
    return {
        "PageViewsStream": _stream(statistics),
        "PageViewsStreamRole": _stream_role(statistics),
        "PageViewsStreamLogs": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "LogGroupName": f"/aws/kinesisfirehose/{statistics.pipeline}",
                "RetentionInDays": LOG_DAYS,
            },
        },
        "PageViewsStreamLog": {
            "Type": "AWS::Logs::LogStream",
            "Properties": {
                "LogGroupName": {"Ref": "PageViewsStreamLogs"},
                "LogStreamName": "S3Delivery",
            },
        },
        "PageViewsFiles": _bucket(statistics),
        "PageViewsFilesPolicy": over_tls_alone("PageViewsFiles"),
    }


def _stream(statistics: Statistics) -> dict[str, Any]:
    destination: dict[str, Any] = {
        "BucketARN": {"Fn::GetAtt": ["PageViewsFiles", "Arn"]},
        "RoleARN": {"Fn::GetAtt": ["PageViewsStreamRole", "Arn"]},
        "Prefix": f"{VIEWS}view_date=!{{partitionKeyFromQuery:view_date}}/",
        "ErrorOutputPrefix": f"{ERRORS}!{{firehose:error-output-type}}/",
        "BufferingHints": {"IntervalInSeconds": statistics.buffer_seconds, "SizeInMBs": _BUFFER_MB},
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ProcessingConfiguration": {"Enabled": True, "Processors": _processors(statistics)},
        "CloudWatchLoggingOptions": {
            "Enabled": True,
            "LogGroupName": {"Ref": "PageViewsStreamLogs"},
            "LogStreamName": {"Ref": "PageViewsStreamLog"},
        },
    }
    if statistics.format == "parquet":
        # Parquet has its own compression, and the conversion takes no other.
        destination |= {"CompressionFormat": "UNCOMPRESSED", "DataFormatConversionConfiguration": _parquet()}
    else:
        destination["CompressionFormat"] = "GZIP"
    return {
        "Type": "AWS::KinesisFirehose::DeliveryStream",
        "Properties": {
            # Fixed: the edge may call it by its name.
            "DeliveryStreamName": statistics.pipeline,
            "DeliveryStreamType": "DirectPut",
            "DeliveryStreamEncryptionConfigurationInput": {"KeyType": "AWS_OWNED_CMK"},
            "ExtendedS3DestinationConfiguration": destination,
        },
    }


def _processors(statistics: Statistics) -> list[dict[str, Any]]:
    def processor(kind: str, **parameters: str) -> dict[str, Any]:
        given = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
        return {"Type": kind, "Parameters": given}

    processors = [
        processor(
            "MetadataExtraction",
            MetadataExtractionQuery="{view_date: .view_date}",
            JsonParsingEngine="JQ-1.6",
        )
    ]
    if statistics.format == "json":
        # Written as the two characters that stand for the end of a line. Parquet has no lines.
        processors.append(processor("AppendDelimiterToRecord", Delimiter="\\n"))
    return processors


def _parquet() -> dict[str, Any]:
    return {
        "Enabled": True,
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {"Compression": "SNAPPY"}}},
        "SchemaConfiguration": {
            "DatabaseName": {"Ref": "PageViewsDatabase"},
            "TableName": {"Ref": "PageViewsTable"},
            "Region": {"Ref": "AWS::Region"},
            "RoleARN": {"Fn::GetAtt": ["PageViewsStreamRole", "Arn"]},
            "VersionId": "LATEST",
        },
    }


def _stream_role(statistics: Statistics) -> dict[str, Any]:
    # All that the guide asks for: which of it a stream can do without is not said, and a bucket of its own is little.
    bucket = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
    policies = [
        policy("bucket", bucket, ["${PageViewsFiles.Arn}"]),
        policy(
            "files",
            ("s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"),
            [f"${{PageViewsFiles.Arn}}/{folder}*" for folder in (VIEWS, ERRORS)],
        ),
        policy("logs", ("logs:PutLogEvents",), ["${PageViewsStreamLogs.Arn}"]),
    ]
    if statistics.format == "parquet":
        actions = ("glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions")
        policies.append(policy("schema", actions, catalog_arns()))
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": "Lets the delivery stream write files of page views, and its failures into its log.",
            "AssumeRolePolicyDocument": trust("firehose.amazonaws.com"),
            "Policies": policies,
        },
    }


def _bucket(statistics: Statistics) -> dict[str, Any]:
    days = {VIEWS: statistics.days, ERRORS: statistics.days, ANSWERS: _ANSWER_DAYS}
    rules: list[dict[str, Any]] = [
        {"Id": folder.strip("/"), "Prefix": folder, "Status": "Enabled", "ExpirationInDays": count}
        for folder, count in days.items()
    ]
    abandoned = {"DaysAfterInitiation": 1}
    rules.append({"Id": "unfinished", "Status": "Enabled", "AbortIncompleteMultipartUpload": abandoned})
    bucket = private_bucket()
    # Versions would keep what the rules delete.
    bucket["Properties"]["LifecycleConfiguration"] = {"Rules": rules}
    return bucket


def catalog_arns() -> list[str]:
    """What an action on the table is done to, as Glue has it."""
    catalog = "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}"
    return [
        f"{catalog}:catalog",
        f"{catalog}:database/${{PageViewsDatabase}}",
        f"{catalog}:table/${{PageViewsDatabase}}/${{PageViewsTable}}",
    ]
