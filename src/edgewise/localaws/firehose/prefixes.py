"""The keys of the objects that a delivery stream writes.

Source: the Data Firehose developer guide, "Understand custom prefixes for Amazon S3 objects" and "Configure Amazon S3
object name format". Times are UTC: a stream's own time zone is not played.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime

from edgewise.localaws.errors import UnsupportedError

_EXPRESSION = re.compile(r"!\{(\w+):([^}]*)\}")
# Of Java's DateTimeFormatter what dates and times need; quoted text stands for itself.
_JAVA = re.compile(r"'([^']*)'|yyyy|MM|dd|HH|mm|ss|([A-Za-z])")
_STRFTIME = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_DEFAULT = "%Y/%m/%d/%H/"


def check_prefix(prefix: str, keys: frozenset[str]) -> None:
    """Raises `UnsupportedError` for an expression that is not played here, and for a key that no query gives."""
    sample = dict.fromkeys(keys, "x")
    evaluate(prefix, arrived=datetime(2026, 1, 1), keys=sample, error_type="processing-failed")  # noqa: DTZ001


def evaluate(
    prefix: str, *, arrived: datetime, keys: Mapping[str, str] | None = None, error_type: str = ""
) -> str:
    """A prefix with its expressions filled in; one without any gets the hour at its end.

    `arrived` is when the oldest record of the object came, `keys` are its partition's, `error_type` is what failed.
    """
    if not _EXPRESSION.search(prefix):
        return prefix + arrived.strftime(_DEFAULT)

    def filled(match: re.Match[str]) -> str:
        namespace, value = match.groups()
        if namespace == "timestamp":
            return _formatted(value, arrived)
        if namespace == "partitionKeyFromQuery" and value in (keys or {}):
            return (keys or {})[value]
        if (namespace, value) == ("firehose", "random-string"):
            return secrets.token_urlsafe(8)
        if (namespace, value) == ("firehose", "error-output-type"):
            return error_type
        raise UnsupportedError(
            f"{match[0]} in a prefix is not played on this machine",
            hint="timestamp, partitionKeyFromQuery with a key that the query gives, and firehose are",
        )

    return _EXPRESSION.sub(filled, prefix)


def _formatted(pattern: str, moment: datetime) -> str:
    def part(match: re.Match[str]) -> str:
        if match[2]:
            raise UnsupportedError(
                f"the letter {match[2]!r} of the time format {pattern!r} is not played on this machine"
            )
        return match[1] if match[1] is not None else moment.strftime(_STRFTIME[match[0]])

    return _JAVA.sub(part, pattern)


def object_name(stream: str, version: str, arrived: datetime, extension: str) -> str:
    """What follows the prefix: no two are the same."""
    return f"{stream}-{version}-{arrived:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}{extension}"
