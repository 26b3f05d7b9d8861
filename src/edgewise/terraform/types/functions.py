"""Lambda functions, their versions, URLs and permissions.

A numbered version is no resource of its own: the function publishes one whenever its code or its settings change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgewise.terraform.blocks import Attribute
from edgewise.terraform.rules import (
    Kind,
    Made,
    Place,
    Rules,
    block,
    document,
    pairs,
    read_elsewhere,
)
from edgewise.terraform.values import Call, Reference, Template

MODULE = Reference("path.module")


def _code(value: Any, place: Place) -> Iterator[Made]:
    match value:
        case str():
            file = Template((MODULE, f"/{value}.zip"))
            yield Attribute("filename", file)
            yield Attribute("source_code_hash", Call("filebase64sha256", (file,)))
        case {"ImageUri": uri, **rest} if not rest:
            yield Attribute("image_uri", place.value(uri))
        case {"S3Bucket": bucket, "S3Key": key, **rest} if not rest:
            yield Attribute("s3_bucket", place.value(bucket))
            yield Attribute("s3_key", place.value(key))
        case _:
            raise place.failure("Terraform takes a folder's zip, an image, or an object of S3")


def _logging(value: Any, place: Place) -> Iterator[Made]:
    # Terraform asks for the format, and Lambda's own is this.
    yield from block("logging_config", _LOGGING)({"LogFormat": "Text", **value}, place)


_LOGGING: Rules = {
    "LogFormat": "log_format",
    "LogGroup": "log_group",
    "ApplicationLogLevel": "application_log_level",
    "SystemLogLevel": "system_log_level",
}

KINDS = {
    "AWS::Lambda::Function": Kind(
        "aws_lambda_function",
        "functions",
        {
            "FunctionName": "function_name",
            "Description": "description",
            "PackageType": "package_type",
            "Runtime": "runtime",
            "Architectures": "architectures",
            "Handler": "handler",
            "MemorySize": "memory_size",
            "Timeout": "timeout",
            "Role": "role",
            "Code": _code,
            "ReservedConcurrentExecutions": "reserved_concurrent_executions",
            "Environment": block("environment", {"Variables": "variables"}),
            "VpcConfig": block(
                "vpc_config", {"SubnetIds": "subnet_ids", "SecurityGroupIds": "security_group_ids"}
            ),
            "EphemeralStorage": block("ephemeral_storage", {"Size": "size"}),
            "TracingConfig": block("tracing_config", {"Mode": "mode"}),
            "LoggingConfig": _logging,
            "Tags": pairs("tags"),
        },
        endings=("Function",),
        ref="function_name",
        attributes={"Arn": "arn"},
    ),
    "AWS::Lambda::Version": Kind(
        "aws_lambda_function",
        "functions",
        {"FunctionName": read_elsewhere},
        ref="qualified_arn",
        attributes={"Version": "version", "FunctionArn": "qualified_arn"},
        part_of="FunctionName",
    ),
    "AWS::Lambda::Url": Kind(
        "aws_lambda_function_url",
        "functions",
        {
            "TargetFunctionArn": "function_name",
            "Qualifier": "qualifier",
            "AuthType": "authorization_type",
            "InvokeMode": "invoke_mode",
        },
        endings=("Url",),
        ref="function_arn",
        attributes={"FunctionUrl": "function_url", "FunctionArn": "function_arn"},
    ),
    "AWS::Lambda::Permission": Kind(
        "aws_lambda_permission",
        "functions",
        {
            "FunctionName": "function_name",
            "Action": "action",
            "Principal": "principal",
            "SourceArn": "source_arn",
            "SourceAccount": "source_account",
            "FunctionUrlAuthType": "function_url_auth_type",
            # Of newer providers: see `files`.
            "InvokedViaFunctionUrl": "invoked_via_function_url",
        },
        endings=("Permission",),
    ),
    # What a stack calls when it is made or deleted, Terraform calls when it applies or destroys.
    "Custom::VisitorSalts": Kind(
        "aws_lambda_invocation",
        "functions",
        {
            "ServiceToken": "function_name",
            # Lambda ends the function by its own timeout.
            "ServiceTimeout": read_elsewhere,
            "Path": lambda value, place: document("input")({"Path": value}, place),
        },
        always=lambda place: [Attribute("lifecycle_scope", "CRUD")],
    ),
}
