"""The resources of the standard log of the second version: a source, a destination, and the delivery between them.

Sources: "Configure standard logging (v2)" in the CloudFront developer guide; "Logs sent to Amazon S3" and "Logs sent to
CloudWatch Logs" under "Logging that requires additional permissions [V2]" in the CloudWatch Logs user guide.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from edgewise.site.model import Site
from edgewise.site.model_logging import StandardLog
from edgewise.site.template_buckets import over_tls_alone, private_bucket

# A folder of the bucket. Without one, AWS puts the account and its own service's name in front of the path.
FOLDER = "access"
ACCESS_LOG_GROUP = "AccessLogGroup"
_SERVICE = {"Service": "delivery.logs.amazonaws.com"}


def standard_log_resources(site: Site) -> dict[str, Any]:
    """Everything; nothing for a site without a standard log."""
    log = site.standard_log
    if log is None:
        return {}
    distribution = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
    return {
        "AccessLogSource": {
            "Type": "AWS::Logs::DeliverySource",
            "Properties": {
                "Name": log.pipeline,
                "LogType": "ACCESS_LOGS",
                "ResourceArn": {"Fn::Sub": distribution},
            },
        },
        "AccessLogDestination": {
            "Type": "AWS::Logs::DeliveryDestination",
            "Properties": {
                "Name": _destination_name(log),
                "OutputFormat": log.format,
                "DestinationResourceArn": _destination(log),
            },
        },
        "AccessLogDelivery": _delivery(log),
        **_PLACES[log.to](log),
    }


def standard_log_outputs(site: Site) -> dict[str, Any]:
    """Where the log is."""
    if site.standard_log is None or site.standard_log.to == "firehose":
        return {}
    name, what = {
        "s3": ("AccessLogFiles", "The bucket with the standard log; `edgewise import s3://` reads it."),
        "cloudwatch": (ACCESS_LOG_GROUP, "The log group with the standard log."),
    }[site.standard_log.to]
    return {f"{name}Name": {"Description": what, "Value": {"Ref": name}}}


def _destination_name(log: StandardLog) -> str:
    """Another for another place or format: neither can be changed later, and names are not given twice."""
    text = f"{log.to} {log.format} {log.stream_arn}"
    return f"{log.pipeline}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _destination(log: StandardLog) -> Any:
    if log.to == "s3":
        return {"Fn::Sub": f"${{AccessLogFiles.Arn}}/{FOLDER}"}
    if log.to == "cloudwatch":
        return {"Fn::GetAtt": [ACCESS_LOG_GROUP, "Arn"]}
    return log.stream_arn


def _delivery(log: StandardLog) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "DeliverySourceName": {"Ref": "AccessLogSource"},
        "DeliveryDestinationArn": {"Fn::GetAtt": ["AccessLogDestination", "Arn"]},
        "RecordFields": list(log.fields),
    }
    if log.delimiter:
        properties["FieldDelimiter"] = log.delimiter
    if log.to == "s3":
        properties |= {"S3SuffixPath": log.path, "S3EnableHiveCompatiblePath": log.hive}
    delivery: dict[str, Any] = {"Type": "AWS::Logs::Delivery", "Properties": properties}
    if log.to != "firehose":
        # So that AWS finds its permission there and adds none of its own.
        delivery["DependsOn"] = {"s3": "AccessLogFilesPolicy", "cloudwatch": "AccessLogGroupPolicy"}[log.to]
    return delivery


def _files(log: StandardLog) -> dict[str, Any]:
    rules: list[dict[str, Any]] = [
        {"Id": FOLDER, "Prefix": f"{FOLDER}/", "Status": "Enabled", "ExpirationInDays": log.days},
        {
            "Id": "unfinished",
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        },
    ]
    bucket = private_bucket()
    bucket["Properties"]["LifecycleConfiguration"] = {"Rules": rules}
    bucket_policy = over_tls_alone("AccessLogFiles")
    bucket_policy["Properties"]["PolicyDocument"]["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": _SERVICE,
            "Action": "s3:PutObject",
            "Resource": {"Fn::Sub": f"${{AccessLogFiles.Arn}}/{FOLDER}/*"},
            "Condition": {
                "StringEquals": {
                    "s3:x-amz-acl": "bucket-owner-full-control",
                    "aws:SourceAccount": {"Ref": "AWS::AccountId"},
                },
                "ArnLike": {"aws:SourceArn": _source()},
            },
        }
    )
    return {"AccessLogFiles": bucket, "AccessLogFilesPolicy": bucket_policy}


def _group(log: StandardLog) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": _SERVICE,
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "GROUP:log-stream:*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
            # As AWS writes it for log groups; of buckets it says that the source is a delivery's.
            "ArnLike": {"aws:SourceArn": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*"},
        },
    }
    group = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${AccessLogGroup}"
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).replace("GROUP", group)
    return {
        ACCESS_LOG_GROUP: {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            # No name: it stays when the table or the stack goes, and the next one is to find its own free.
            "Properties": {"RetentionInDays": log.days},
        },
        "AccessLogGroupPolicy": {
            "Type": "AWS::Logs::ResourcePolicy",
            "Properties": {"PolicyName": log.pipeline, "PolicyDocument": {"Fn::Sub": document}},
        },
    }


def _source() -> dict[str, str]:
    """What writes: this site's log alone."""
    return {
        "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:delivery-source:${AccessLogSource}"
    }


_PLACES: dict[str, Callable[[StandardLog], dict[str, Any]]] = {
    "s3": _files,
    "cloudwatch": _group,
    "firehose": lambda log: {},
}
