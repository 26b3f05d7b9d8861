"""Access logs as a template asks for them.

Source: CloudFormation reference, `Logging` of `AWS::CloudFront::Distribution` and `AWS::CloudFront::RealtimeLogConfig`.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from edgewise.cdn.accesslog.config import LoggingConfig, RealtimeLogConfig
from edgewise.cdn.distribution import Notice
from edgewise.cdn.template.document import Template
from edgewise.cdn.template.node import Node
from edgewise.cdn.template.notices import Notices
from edgewise.realtime import FIELDS, in_order

_CONFIG = "AWS::CloudFront::RealtimeLogConfig"
_STREAM = "AWS::Kinesis::Stream"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def standard_logging(config: Node) -> LoggingConfig | None:
    """`Logging` of a `DistributionConfig`; None without a bucket: the newer kind of logs is set up elsewhere.

    Raises `TemplateError`.
    """
    logging = config.child("Logging")
    if logging is None or not logging.has("Bucket"):
        return None
    # The bucket is named by its domain: `logs.s3.amazonaws.com`, `logs.s3.eu-west-1.amazonaws.com`.
    bucket = re.split(r"\.s3[.-]", logging.text("Bucket"), maxsplit=1)[0]
    if not _NAME.fullmatch(bucket) or bucket in (".", ".."):
        raise logging.error("it must be the domain of a bucket", "Bucket")
    prefix = logging.text("Prefix", "").lstrip("/")
    if ".." in PurePosixPath(prefix).parts or "\0" in prefix:
        raise logging.error("it is a path below the bucket", "Prefix")
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    return LoggingConfig(bucket, prefix, logging.flag("IncludeCookies"))


def realtime_log(template: Template, behavior: Node, notices: Notices) -> RealtimeLogConfig | None:
    """The configuration that `RealtimeLogConfigArn` of a behavior means. Raises `TemplateError`."""
    if not behavior.has("RealtimeLogConfigArn"):
        return None
    arn = behavior.text("RealtimeLogConfigArn")
    name = _resource(template, _CONFIG, arn)
    if name is None:
        message = "not simulated: the configuration is not in this template, no real-time log is written"
        notices.append(Notice(f"{behavior.key}.RealtimeLogConfigArn", message))
        return None
    return realtime_config(template, template.node(name))


def realtime_config(template: Template, config: Node) -> RealtimeLogConfig:
    """The properties of an `AWS::CloudFront::RealtimeLogConfig`. Raises `TemplateError`."""
    fields = config.names("Fields")
    unknown = [field for field in fields if field not in FIELDS]
    if unknown or not fields:
        hint = "see the guide's page on real-time access logs"
        raise config.error(
            f"there is no field {unknown[0]!r}" if unknown else "it is missing", "Fields", hint
        )
    rate = config.integer("SamplingRate", 100)
    if not 1 <= rate <= 100:
        raise config.error("it must be from 1 to 100", "SamplingRate")
    return RealtimeLogConfig(in_order(fields), _stream(template, config), rate)


def _stream(template: Template, config: Node) -> str:
    points = config.children("EndPoints")
    if not points:
        raise config.error("it is missing", "EndPoints")
    settings = points[0].required("KinesisStreamConfig")
    arn = settings.text("StreamArn")
    resource = _resource(template, _STREAM, arn)
    # The name of a stream is the last part of its ARN.
    name = template.node(resource).text("Name", resource) if resource else re.split("[:/]", arn)[-1]
    if not _NAME.fullmatch(name) or name in (".", ".."):
        raise settings.error(f"{name!r} is not the name of a stream", "StreamArn")
    return name


def _resource(template: Template, kind: str, identity: str) -> str | None:
    """The resource of one kind that is meant by its ARN, with `Ref` or `Fn::GetAtt`."""
    resolve = template.resolver.resolve
    return next(
        (
            name
            for name in template.of_type(kind)
            if identity in (resolve({"Ref": name}, name), resolve({"Fn::GetAtt": [name, "Arn"]}, name))
        ),
        None,
    )
