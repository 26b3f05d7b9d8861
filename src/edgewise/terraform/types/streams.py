"""Kinesis and Firehose: streams of records and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgewise.terraform.blocks import Attribute
from edgewise.terraform.rules import (
    Kind,
    Made,
    Place,
    Rule,
    Rules,
    block,
    blocks,
    flat,
    implied,
    pairs,
)


def _destination(name: str, argument: str, rules: Rules) -> Rule:
    inner = block(argument, rules)

    def rule(value: Any, place: Place) -> Iterator[Made]:
        yield Attribute("destination", name)
        yield from inner(value, place)

    return rule


def _encryption(value: Any, place: Place) -> Iterator[Made]:
    rules: Rules = {"Enabled": "enabled", "KeyType": "key_type", "KeyARN": "key_arn"}
    yield from block("server_side_encryption", rules)({"Enabled": True, **value}, place)


_BUFFER = flat({"IntervalInSeconds": "buffering_interval", "SizeInMBs": "buffering_size"})
_LOGGING = block(
    "cloudwatch_logging_options",
    {"Enabled": "enabled", "LogGroupName": "log_group_name", "LogStreamName": "log_stream_name"},
)
_PARAMETERS = blocks("parameters", {"ParameterName": "parameter_name", "ParameterValue": "parameter_value"})
_PROCESSING = block(
    "processing_configuration",
    {
        "Enabled": "enabled",
        "Processors": blocks("processors", {"Type": "type", "Parameters": _PARAMETERS}),
    },
)
_TO_BUCKET: Rules = {
    "BucketARN": "bucket_arn",
    "RoleARN": "role_arn",
    "Prefix": "prefix",
    "ErrorOutputPrefix": "error_output_prefix",
    "CompressionFormat": "compression_format",
    "BufferingHints": _BUFFER,
    "EncryptionConfiguration": flat(
        {
            "NoEncryptionConfig": implied("NoEncryption"),
            "KMSEncryptionConfig": flat({"AWSKMSKeyARN": "kms_key_arn"}),
        }
    ),
    "CloudWatchLoggingOptions": _LOGGING,
}
_CONVERSION: Rules = {
    "Enabled": "enabled",
    "InputFormatConfiguration": block(
        "input_format_configuration",
        {"Deserializer": block("deserializer", {"OpenXJsonSerDe": block("open_x_json_ser_de", {})})},
    ),
    "OutputFormatConfiguration": block(
        "output_format_configuration",
        {
            "Serializer": block(
                "serializer", {"ParquetSerDe": block("parquet_ser_de", {"Compression": "compression"})}
            )
        },
    ),
    "SchemaConfiguration": block(
        "schema_configuration",
        {
            "DatabaseName": "database_name",
            "TableName": "table_name",
            "Region": "region",
            "RoleARN": "role_arn",
            "VersionId": "version_id",
        },
    ),
}
_EXTENDED: Rules = {
    **_TO_BUCKET,
    "CustomTimeZone": "custom_time_zone",
    "FileExtension": "file_extension",
    "S3BackupMode": "s3_backup_mode",
    "DynamicPartitioningConfiguration": block(
        "dynamic_partitioning_configuration",
        {"Enabled": "enabled", "RetryOptions": flat({"DurationInSeconds": "retry_duration"})},
    ),
    "ProcessingConfiguration": _PROCESSING,
    "DataFormatConversionConfiguration": block("data_format_conversion_configuration", _CONVERSION),
}
_HTTP: Rules = {
    "EndpointConfiguration": flat({"Url": "url", "Name": "name", "AccessKey": "access_key"}),
    "RoleARN": "role_arn",
    "BufferingHints": _BUFFER,
    "RetryOptions": flat({"DurationInSeconds": "retry_duration"}),
    "S3BackupMode": "s3_backup_mode",
    "RequestConfiguration": block(
        "request_configuration",
        {
            "ContentEncoding": "content_encoding",
            "CommonAttributes": blocks(
                "common_attributes", {"AttributeName": "name", "AttributeValue": "value"}
            ),
        },
    ),
    "ProcessingConfiguration": _PROCESSING,
    "SecretsManagerConfiguration": block(
        "secrets_manager_configuration",
        {"Enabled": "enabled", "SecretARN": "secret_arn", "RoleARN": "role_arn"},
    ),
    "S3Configuration": block("s3_configuration", _TO_BUCKET),
    "CloudWatchLoggingOptions": _LOGGING,
}

KINDS = {
    "AWS::KinesisFirehose::DeliveryStream": Kind(
        "aws_kinesis_firehose_delivery_stream",
        "logs",
        {
            "DeliveryStreamName": "name",
            # Terraform knows it by the block of the source.
            "DeliveryStreamType": implied("DirectPut", "KinesisStreamAsSource"),
            "KinesisStreamSourceConfiguration": block(
                "kinesis_source_configuration",
                {"KinesisStreamARN": "kinesis_stream_arn", "RoleARN": "role_arn"},
            ),
            "ExtendedS3DestinationConfiguration": _destination(
                "extended_s3", "extended_s3_configuration", _EXTENDED
            ),
            "HttpEndpointDestinationConfiguration": _destination(
                "http_endpoint", "http_endpoint_configuration", _HTTP
            ),
            "DeliveryStreamEncryptionConfigurationInput": _encryption,
            "Tags": pairs("tags"),
        },
        endings=("DeliveryStream", "Stream"),
        ref="name",
        attributes={"Arn": "arn"},
    ),
    "AWS::Kinesis::Stream": Kind(
        "aws_kinesis_stream",
        "logs",
        {
            "Name": "name",
            "ShardCount": "shard_count",
            "RetentionPeriodHours": "retention_period",
            "StreamEncryption": flat({"EncryptionType": "encryption_type", "KeyId": "kms_key_id"}),
            "StreamModeDetails": block("stream_mode_details", {"StreamMode": "stream_mode"}),
            "Tags": pairs("tags"),
        },
        endings=("Stream",),
        ref="name",
        attributes={"Arn": "arn"},
    ),
}
