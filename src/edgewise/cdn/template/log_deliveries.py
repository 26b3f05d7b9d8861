"""The standard logs of the second version that a template has delivered into buckets.

Source: CloudFormation reference, `AWS::Logs::DeliverySource`, `AWS::Logs::DeliveryDestination`, `AWS::Logs::Delivery`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from edgewise.cdn.accesslog.config import LogDelivery
from edgewise.cdn.accesslog.standard2 import FIELDS
from edgewise.cdn.distribution import Notice
from edgewise.cdn.template.document import Template
from edgewise.cdn.template.node import Node
from edgewise.cdn.template.notices import Notices

_BUCKET = re.compile(r"arn:aws[\w-]*:s3:::(?P<bucket>[A-Za-z0-9._-]+)(/(?P<prefix>.*))?")
# Folders without a step back, and without what no name of a file has.
_PATH = re.compile(r"(?!.*\.\.)[\w{}=./-]*", re.ASCII)
_IF_ASKED = ("origin-fbl", "origin-lbl", "asn")


def log_deliveries(template: Template, distribution: str, notices: Notices) -> tuple[LogDelivery, ...]:
    """Those of a distribution, by its logical id. What cannot be written here is noticed. Raises `TemplateError`."""
    return tuple(
        delivery
        for name in template.of_type("AWS::Logs::Delivery")
        for delivery in _read(template, template.node(name), distribution, notices)
    )


def _read(template: Template, node: Node, distribution: str, notices: Notices) -> Iterator[LogDelivery]:
    source = _named(template, "AWS::Logs::DeliverySource", node.text("DeliverySourceName", ""))
    own = template.resolver.resolve({"Ref": distribution}, distribution)
    if source is None or not source.text("ResourceArn", "").endswith(f":distribution/{own}"):
        return
    destination = _named(template, "AWS::Logs::DeliveryDestination", node.text("DeliveryDestinationArn", ""))
    found = destination and _BUCKET.fullmatch(destination.text("DestinationResourceArn", ""))
    if not destination or not found:
        notices.append(Notice(node.key, "not simulated: of standard logs only files are written here"))
        return
    format = destination.text("OutputFormat", "w3c")
    if format == "parquet":
        notices.append(Notice(f"{destination.key}.OutputFormat", "not simulated: the files are JSON here"))
    prefix, path = found["prefix"] or "", node.text("S3SuffixPath", "")
    if not (_PATH.fullmatch(path) and _PATH.fullmatch(prefix)):
        notices.append(Notice(node.key, "not simulated: its path cannot be one of folders here"))
        return
    yield LogDelivery(
        bucket=found["bucket"],
        prefix=prefix,
        path=path,
        hive=node.flag("S3EnableHiveCompatiblePath"),
        format=format,
        fields=_fields(node),
        delimiter=node.text("FieldDelimiter", "") or "\t",
    )


def _fields(node: Node) -> tuple[str, ...]:
    """Those that are asked for, else all that a record has without being asked."""
    asked = node.names("RecordFields")
    unknown = [one for one in asked if one not in FIELDS]
    if unknown:
        raise node.error(
            f"there is no field {unknown[0]!r}", "RecordFields", "see the guide on standard logging"
        )
    return asked or tuple(one for one in FIELDS if one not in _IF_ASKED)


def _named(template: Template, kind: str, identity: str) -> Node | None:
    """The resource of one kind that is meant by its name, its ARN, `Ref` or `Fn::GetAtt`."""
    resolve = template.resolver.resolve
    for name in template.of_type(kind):
        known = (resolve({"Ref": name}, name), resolve({"Fn::GetAtt": [name, "Arn"]}, name))
        if identity in (*known, template.node(name).text("Name", "")):
            return template.node(name)
    return None
