"""The resources of the real-time log: from CloudFront through Kinesis and Firehose to OpenObserve.

Sources: "Use real-time access logs" in the CloudFront developer guide; "Transform source data", "Grant Firehose access
to an HTTP endpoint destination" and "Authenticate with AWS Secrets Manager" in the Firehose developer guide.
"""

from __future__ import annotations

from typing import Any

from edgewise.site import limits
from edgewise.site.edge_alarms import drops_namespace
from edgewise.site.model import Site
from edgewise.site.model_logging import RealTimeLog
from edgewise.site.own_functions import TRANSFORM, own_function
from edgewise.site.template_alarm import alarm
from edgewise.site.template_buckets import over_tls_alone, private_bucket
from edgewise.site.template_permissions import policies, policy, reading, trust
from edgewise.site.template_views_path import LOG_DAYS

REAL_TIME_LOG = "RealTimeLog"
TRANSFORM_FOLDER = "functions/realtime"
TRANSFORM_HANDLER = "edgewise.transform.function.lambda_handler"
_FAILED = "failed/"
# Of lines in one call. A record is about one and a half times its line and a third more in base64; the answer may
# have 6 MB.
_CALL_MB = 1
# How long Firehose tries OpenObserve before it gives a batch to the bucket: as long as it can. OpenObserve takes
# records of the last five hours.
_RETRY_SECONDS = 7200
_LATE_SECONDS = 900
_FAILURES = "RealTimeLinesFailed"
_LOG_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")


def real_time_resources(site: Site) -> dict[str, Any]:
    """Everything; nothing for a site without a real-time log."""
    log = site.real_time_log
    if log is None:
        return {}
    return {
        "RealTimeStream": _stream(log),
        REAL_TIME_LOG: _config(log),
        "RealTimeLogRole": _log_role(),
        "RealTimeTransformFunction": _transform(log),
        "RealTimeTransformRole": _transform_role(log),
        "RealTimeTransformLogs": _log_group(f"/aws/lambda/{own_function(log.name, TRANSFORM)}"),
        "RealTimeDelivery": _delivery(log),
        "RealTimeDeliveryRole": _delivery_role(log),
        "RealTimeDeliveryLogs": _log_group(f"/aws/kinesisfirehose/{log.pipeline}"),
        "RealTimeDeliveryLog": _log_stream("HttpEndpointDelivery"),
        "RealTimeFailedLog": _log_stream("BackupDelivery"),
        "RealTimeFailed": _failed(log),
        "RealTimeFailedPolicy": over_tls_alone("RealTimeFailed"),
        "RealTimeFailures": _failures(log),
        **_alarms(log),
    }


def real_time_outputs(site: Site) -> dict[str, Any]:
    """Where to look for what was not delivered."""
    if site.real_time_log is None:
        return {}
    return {
        "RealTimeFailedBucketName": {
            "Description": "The bucket with the lines of the real-time log that could not be delivered.",
            "Value": {"Ref": "RealTimeFailed"},
        }
    }


def _stream(log: RealTimeLog) -> dict[str, Any]:
    return {
        "Type": "AWS::Kinesis::Stream",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "Name": log.pipeline,
            "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
            "RetentionPeriodHours": log.retention_hours,
            "StreamEncryption": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
        },
    }


def _config(log: RealTimeLog) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudFront::RealtimeLogConfig",
        "Properties": {
            "Name": log.pipeline,
            "SamplingRate": log.percent,
            "Fields": list(log.fields),
            "EndPoints": [
                {
                    "StreamType": "Kinesis",
                    "KinesisStreamConfig": {
                        "RoleArn": {"Fn::GetAtt": ["RealTimeLogRole", "Arn"]},
                        "StreamArn": {"Fn::GetAtt": ["RealTimeStream", "Arn"]},
                    },
                }
            ],
        },
    }


def _log_role() -> dict[str, Any]:
    # The four that the guide names. The key is AWS's own for Kinesis, which lets in whoever may use the stream.
    actions = (
        "kinesis:DescribeStreamSummary",
        "kinesis:DescribeStream",
        "kinesis:PutRecord",
        "kinesis:PutRecords",
    )
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": "Lets CloudFront write its real-time log into the stream.",
            "AssumeRolePolicyDocument": trust("cloudfront.amazonaws.com"),
            "Policies": [policy("stream", actions, ["${RealTimeStream.Arn}"])],
        },
    }


def _transform(log: RealTimeLog) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "FunctionName": own_function(log.name, TRANSFORM),
            "Description": f"Makes records of the lines of the real-time log of {log.name}.",
            "Runtime": limits.RUNTIME,
            "Architectures": ["arm64"],
            "Handler": TRANSFORM_HANDLER,
            "MemorySize": 512,
            "Timeout": 60,
            "Role": {"Fn::GetAtt": ["RealTimeTransformRole", "Arn"]},
            "Code": TRANSFORM_FOLDER,
        },
    }


def _log_group(name: str) -> dict[str, Any]:
    """A group that is there before it is written to, so that its lines do not stay for ever."""
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {"LogGroupName": name, "RetentionInDays": LOG_DAYS},
    }


def _transform_role(log: RealTimeLog) -> dict[str, Any]:
    key = log.privacy.key
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": "Lets the function write its log, and read the key of the hashes if there is one.",
            "AssumeRolePolicyDocument": trust("lambda.amazonaws.com"),
            "Policies": [
                policy("logs", _LOG_ACTIONS, ["${RealTimeTransformLogs.Arn}"]),
                *policies(reading({"key": (key, log.region)} if key else {})),
            ],
        },
    }


def _delivery(log: RealTimeLog) -> dict[str, Any]:
    role = {"Fn::GetAtt": ["RealTimeDeliveryRole", "Arn"]}
    stream = {"Fn::GetAtt": ["RealTimeStream", "Arn"]}
    return {
        "Type": "AWS::KinesisFirehose::DeliveryStream",
        "Properties": {
            "DeliveryStreamName": log.pipeline,
            "DeliveryStreamType": "KinesisStreamAsSource",
            "KinesisStreamSourceConfiguration": {"KinesisStreamARN": stream, "RoleARN": role},
            "HttpEndpointDestinationConfiguration": {
                "EndpointConfiguration": {"Name": "OpenObserve", "Url": log.endpoint},
                "SecretsManagerConfiguration": {
                    "Enabled": True,
                    "SecretARN": log.access_key.name,
                    "RoleARN": role,
                },
                "RoleARN": role,
                "BufferingHints": {"IntervalInSeconds": log.buffer_seconds, "SizeInMBs": 4},
                "RequestConfiguration": {"ContentEncoding": "GZIP"},
                "RetryOptions": {"DurationInSeconds": _RETRY_SECONDS},
                "ProcessingConfiguration": {"Enabled": True, "Processors": [_processor(log, role)]},
                "CloudWatchLoggingOptions": _logging("RealTimeDeliveryLog"),
                "S3BackupMode": "FailedDataOnly",
                "S3Configuration": {
                    "BucketARN": {"Fn::GetAtt": ["RealTimeFailed", "Arn"]},
                    "RoleARN": role,
                    "Prefix": _FAILED,
                    "ErrorOutputPrefix": f"{_FAILED}!{{firehose:error-output-type}}/!{{timestamp:yyyy/MM/dd}}/",
                    "BufferingHints": {"IntervalInSeconds": 300, "SizeInMBs": 5},
                    "CloudWatchLoggingOptions": _logging("RealTimeFailedLog"),
                },
            },
        },
    }


def _processor(log: RealTimeLog, role: dict[str, Any]) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "LambdaArn": {"Fn::GetAtt": ["RealTimeTransformFunction", "Arn"]},
        "RoleArn": role,
        "NumberOfRetries": "3",
        "BufferSizeInMBs": str(_CALL_MB),
        "BufferIntervalInSeconds": str(log.buffer_seconds),
    }
    given = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
    return {"Type": "Lambda", "Parameters": given}


def _logging(stream: str) -> dict[str, Any]:
    return {
        "Enabled": True,
        "LogGroupName": {"Ref": "RealTimeDeliveryLogs"},
        "LogStreamName": {"Ref": stream},
    }


def _log_stream(name: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::LogStream",
        "Properties": {"LogGroupName": {"Ref": "RealTimeDeliveryLogs"}, "LogStreamName": name},
    }


def _delivery_role(log: RealTimeLog) -> dict[str, Any]:
    read = ("kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:ListShards")
    call = ("lambda:InvokeFunction", "lambda:GetFunctionConfiguration")
    function = "${RealTimeTransformFunction.Arn}"
    # All that the guide asks for: which of it a stream can do without is not said, and a bucket of its own is little.
    bucket = ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads")
    files = ("s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload")
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": "Lets the delivery stream read lines, have them transformed, and keep what failed.",
            "AssumeRolePolicyDocument": trust("firehose.amazonaws.com"),
            "Policies": [
                policy("stream", read, ["${RealTimeStream.Arn}"]),
                # Firehose names the function's version too, which is $LATEST.
                policy("function", call, [function, f"{function}:*"]),
                policy("bucket", bucket, ["${RealTimeFailed.Arn}"]),
                policy("files", files, [f"${{RealTimeFailed.Arn}}/{_FAILED}*"]),
                policy("logs", ("logs:PutLogEvents",), ["${RealTimeDeliveryLogs.Arn}"]),
                *policies(reading({"access-key": (log.access_key, limits.HOME_REGION)})),
            ],
        },
    }


def _failed(log: RealTimeLog) -> dict[str, Any]:
    rules: list[dict[str, Any]] = [
        {"Id": "failed", "Prefix": _FAILED, "Status": "Enabled", "ExpirationInDays": log.failed_days},
        {
            "Id": "unfinished",
            "Status": "Enabled",
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        },
    ]
    bucket = private_bucket()
    bucket["Properties"]["LifecycleConfiguration"] = {"Rules": rules}
    return bucket


def _failures(log: RealTimeLog) -> dict[str, Any]:
    """Counts what the function says that it gave back. No value where it says nothing: nothing is wrong then."""
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": "RealTimeTransformLogs"},
            "FilterPattern": "{ $.failed > 0 }",
            "MetricTransformations": [
                {
                    "MetricNamespace": drops_namespace(log.name),
                    "MetricName": _FAILURES,
                    "MetricValue": "$.failed",
                    "Unit": "Count",
                }
            ],
        },
    }


def _alarms(log: RealTimeLog) -> dict[str, Any]:
    return {
        "RealTimeDeliveryAlarm": alarm(
            f"{log.pipeline}-late",
            "Records of the real-time log are late: OpenObserve does not take them. See the delivery stream's log.",
            ("AWS/Firehose", "DeliveryToHttpEndpoint.DataFreshness", "Maximum"),
            ("DeliveryStreamName", "RealTimeDelivery"),
            _LATE_SECONDS,
        ),
        "RealTimeTransformAlarm": alarm(
            f"{log.pipeline}-transform",
            "The function that makes records of the real-time log fails: lines go to the bucket as they are.",
            ("AWS/Lambda", "Errors", "Sum"),
            ("FunctionName", "RealTimeTransformFunction"),
            0,
        ),
        "RealTimeFailuresAlarm": alarm(
            f"{log.pipeline}-failed",
            "Lines of the real-time log could not be read: they are in the bucket of failures. The function says why.",
            (drops_namespace(log.name), _FAILURES, "Sum"),
            None,
            0,
        ),
    }
