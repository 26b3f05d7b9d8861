"""A stream's S3 destination: from records to objects, in the order in which Firehose works.

Keys out of the record (`MetadataExtraction`), a delimiter behind it (`AppendDelimiterToRecord`), partitions by the
prefix, Parquet or JSON lines, GZIP. A record that cannot be placed is written under the error prefix, with its text.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from edgewise.localaws.errors import UnsupportedError
from edgewise.localaws.firehose.partitions import PartitionError, Query, parse_query, partition
from edgewise.localaws.firehose.prefixes import check_prefix, evaluate, object_name
from edgewise.localaws.firehose.tables import Column, ConversionError, check_columns, parquet, read_row

_DELIMITER = "\\n"  # as AWS writes it: two characters


class Record(NamedTuple):
    """What came, and when, in seconds."""

    data: bytes
    arrived: float


class Object(NamedTuple):
    """An object to be written."""

    key: str
    body: bytes


class _Failed(NamedTuple):
    record: Record
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Destination:
    """A stream's settings. `columns` are those of its table when it converts to Parquet, else None."""

    bucket: str
    prefix: str = ""
    error_prefix: str = ""
    query: Query = field(default_factory=dict)
    delimiter: bytes = b""
    gzipped: bool = False
    columns: tuple[Column, ...] | None = None

    def objects(self, stream: str, version: str, records: Sequence[Record]) -> Iterator[Object]:
        """The objects that these records become: one a partition, and one for each kind of failure."""
        groups: dict[tuple[str, ...], list[Record]] = {}
        unplaced: list[_Failed] = []
        for record in records:
            try:
                keys = tuple(partition(record.data, self.query).values())
            except PartitionError as error:
                unplaced.append(_Failed(record, "DynamicPartitioning.MetadataExtractionFailed", str(error)))
            else:
                groups.setdefault(keys, []).append(record)
        unfit: list[_Failed] = []
        for keys, group in groups.items():
            named = dict(zip(self.query, keys, strict=True))
            arrived = _moment(group)
            body = self._body(group, unfit)
            if body:
                key = evaluate(self.prefix, arrived=arrived, keys=named)
                yield Object(key + object_name(stream, version, arrived, self._extension), body)
        # The documentation names the kinds of errors; that a missing key is one of processing is our reading.
        for kind, failed in (("processing-failed", unplaced), ("format-conversion-failed", unfit)):
            if failed:
                arrived = _moment([one.record for one in failed])
                key = evaluate(self.error_prefix, arrived=arrived, error_type=kind)
                yield Object(key + object_name(stream, version, arrived, ""), _report(failed))

    @property
    def _extension(self) -> str:
        return ".parquet" if self.columns is not None else ".gz" if self.gzipped else ""

    def _body(self, group: Sequence[Record], unfit: list[_Failed]) -> bytes:
        """Empty when no record of the group is left."""
        if self.columns is None:
            text = b"".join(record.data + self.delimiter for record in group)
            return gzip.compress(text) if self.gzipped else text
        rows = []
        for record in group:
            try:
                rows.append(read_row(record.data, self.columns))
            except ConversionError as error:
                unfit.append(_Failed(record, "DataFormatConversion.MalformedData", str(error)))
        return parquet(rows, self.columns) if rows else b""


def _moment(records: Sequence[Record]) -> datetime:
    """When the oldest of them came."""
    return datetime.fromtimestamp(min(record.arrived for record in records), UTC)


def _report(failed: Sequence[_Failed]) -> bytes:
    lines = (
        json.dumps(
            {
                "attemptsMade": 1,
                "arrivalTimestamp": int(one.record.arrived * 1000),
                "errorCode": one.code,
                "errorMessage": one.message,
                "attemptEndingTimestamp": int(one.record.arrived * 1000),
                "rawData": base64.b64encode(one.record.data).decode(),
            }
        )
        for one in failed
    )
    return "\n".join(lines).encode() + b"\n"


def read_destination(
    settings: Mapping[str, Any], columns_of: Callable[[str, str], Sequence[Column]]
) -> Destination:
    """A destination out of `ExtendedS3DestinationConfiguration`.

    `columns_of` is asked for the columns of a table by the names of database and table. Raises `UnsupportedError`.
    """
    processors = _processors(settings.get("ProcessingConfiguration") or {})
    query: Query = {}
    if "MetadataExtraction" in processors:
        query = parse_query(processors["MetadataExtraction"].get("MetadataExtractionQuery", ""))
    delimiter = ""
    if "AppendDelimiterToRecord" in processors:
        delimiter = processors["AppendDelimiterToRecord"].get("Delimiter", _DELIMITER)
    prefix, error_prefix = settings.get("Prefix", ""), settings.get("ErrorOutputPrefix", "")
    check_prefix(prefix, frozenset(query))
    check_prefix(error_prefix, frozenset())
    compression = settings.get("CompressionFormat", "UNCOMPRESSED")
    if compression not in ("UNCOMPRESSED", "GZIP"):
        raise UnsupportedError(f"the compression {compression} is not played on this machine", hint="GZIP is")
    return Destination(
        bucket=settings["BucketARN"].rpartition(":")[2],
        prefix=prefix,
        error_prefix=error_prefix,
        query=query,
        delimiter=delimiter.encode().decode("unicode_escape").encode(),
        gzipped=compression == "GZIP",
        columns=_columns(settings.get("DataFormatConversionConfiguration") or {}, columns_of),
    )


def _processors(configuration: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The parameters of each processor by its type."""
    if not _is_on(configuration.get("Enabled")):
        return {}
    found = {}
    for processor in configuration.get("Processors", ()):
        if processor["Type"] not in ("MetadataExtraction", "AppendDelimiterToRecord"):
            raise UnsupportedError(
                f"the processor {processor['Type']} of a stream is not played on this machine"
            )
        found[processor["Type"]] = {
            one["ParameterName"]: one["ParameterValue"] for one in processor.get("Parameters", ())
        }
    return found


def _columns(
    conversion: Mapping[str, Any], columns_of: Callable[[str, str], Sequence[Column]]
) -> tuple[Column, ...] | None:
    if not conversion or not _is_on(conversion.get("Enabled", True)):
        return None
    table = conversion["SchemaConfiguration"]
    columns = tuple(columns_of(table["DatabaseName"], table["TableName"]))
    check_columns(columns)
    return columns


def _is_on(value: Any) -> bool:
    """Templates write true as a word, too."""
    return value is True or value == "true"
