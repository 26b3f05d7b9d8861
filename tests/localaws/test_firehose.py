"""A delivery stream's own work: prefixes, partitions, delimiters, GZIP, Parquet, and records that cannot be placed."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.localaws.errors import UnsupportedError
from edgewise.localaws.firehose import Column, Record, read_destination
from edgewise.localaws.firehose.partitions import PartitionError, parse_query, partition
from edgewise.localaws.firehose.prefixes import evaluate

MOMENT = datetime(2026, 11, 21, 9, 5, 7, tzinfo=UTC)
COLUMNS = [
    Column("page", "string"),
    Column("status", "int"),
    Column("_timestamp", "bigint"),
    Column("entry", "boolean"),
]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


def settings(**more: Any) -> dict[str, Any]:
    return {"BucketARN": "arn:aws:s3:::files", "RoleARN": "arn:aws:iam::123456789012:role/r", **more}


def processing(*processors: tuple[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "Enabled": True,
        "Processors": [
            {
                "Type": kind,
                "Parameters": [
                    {"ParameterName": name, "ParameterValue": value} for name, value in what.items()
                ],
            }
            for kind, what in processors
        ],
    }


BY_DATE = settings(
    Prefix="views/view_date=!{partitionKeyFromQuery:view_date}/",
    ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
    ProcessingConfiguration=processing(
        (
            "MetadataExtraction",
            {"MetadataExtractionQuery": "{view_date: .view_date}", "JsonParsingEngine": "JQ-1.6"},
        ),
        ("AppendDelimiterToRecord", {"Delimiter": "\\n"}),
    ),
)


def delivered(configuration: dict[str, Any], *records: Any) -> dict[str, bytes]:
    """The objects that records become, by what comes before the object's own name."""
    destination = read_destination(configuration, lambda database, table: COLUMNS)
    lines = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in records]
    made = destination.objects("s", "1", [Record(line, MOMENT.timestamp()) for line in lines])
    return {one.key.rpartition("/")[0] + "/": one.body for one in made}


@pytest.mark.parametrize(
    ("prefix", "key"),
    [
        ("", "2026/11/21/09/"),
        ("views/", "views/2026/11/21/09/"),
        ("year=!{timestamp:yyyy}/month=!{timestamp:MM}/", "year=2026/month=11/"),
        ("!{timestamp:yyyy-MM-dd'T'HH:mm:ss}/", "2026-11-21T09:05:07/"),
        ("d=!{partitionKeyFromQuery:day}/", "d=x y/"),
        ("!{firehose:error-output-type}/", "processing-failed/"),
    ],
)
def test_prefixes_are_evaluated_as_firehose_does(prefix: str, key: str) -> None:
    assert evaluate(prefix, arrived=MOMENT, keys={"day": "x y"}, error_type="processing-failed") == key


def test_a_random_string_is_another_one_each_time() -> None:
    first, second = (evaluate("!{firehose:random-string}/", arrived=MOMENT) for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    "unknown",
    [
        "!{partitionKeyFromLambda:x}/",
        "!{partitionKeyFromQuery:nobody}/",
        "!{timestamp:EEE}/",
        "!{firehose:shoe-size}/",
    ],
)
def test_what_a_prefix_says_and_is_not_played_here_is_said_when_the_stream_is_made(unknown: str) -> None:
    with pytest.raises(UnsupportedError, match="not played on this machine"):
        read_destination(settings(Prefix=unknown), lambda database, table: COLUMNS)


def test_records_of_a_partition_share_an_object_with_a_newline_after_each() -> None:
    objects = delivered(
        BY_DATE,
        {"view_date": "2026-11-20", "n": 1},
        {"view_date": "2026-11-21", "n": 2},
        {"view_date": "2026-11-20", "n": 3},
    )
    assert {key: [json.loads(line)["n"] for line in body.splitlines()] for key, body in objects.items()} == {
        "views/view_date=2026-11-20/": [1, 3],
        "views/view_date=2026-11-21/": [2],
    }
    assert all(body.endswith(b"}\n") for body in objects.values())


def test_the_name_of_an_object_says_the_stream_and_when() -> None:
    destination = read_destination(BY_DATE | {"CompressionFormat": "GZIP"}, lambda database, table: COLUMNS)
    record = Record(b'{"view_date":"2026-11-21"}', MOMENT.timestamp())
    (made,) = destination.objects("shop-page-views", "3", [record])
    assert re.fullmatch(
        r"views/view_date=2026-11-21/shop-page-views-3-2026-11-21-09-05-07-[0-9a-f-]{36}\.gz", made.key
    )
    assert gzip.decompress(made.body) == b'{"view_date":"2026-11-21"}\n'


def test_without_the_delimiter_records_are_glued_together_as_on_aws() -> None:
    assert delivered(settings(), b"{}", b"{}") == {"2026/11/21/09/": b"{}{}"}


def test_a_record_without_its_key_lies_under_the_error_prefix_with_its_text() -> None:
    lost = [b"not json", b"[1]", b'{"view_date": null}', b'{"view_date": ""}', b'{"view_date": {}}']
    objects = delivered(BY_DATE, *lost, {"view_date": "2026-11-21"})
    assert objects["views/view_date=2026-11-21/"].count(b"\n") == 1
    reports = [json.loads(line) for line in objects["errors/processing-failed/"].splitlines()]
    assert [base64.b64decode(report["rawData"]) for report in reports] == lost
    assert {report["errorCode"] for report in reports} == {"DynamicPartitioning.MetadataExtractionFailed"}


def test_parquet_has_the_columns_of_the_table_and_nothing_else() -> None:
    conversion = {"SchemaConfiguration": {"DatabaseName": "d", "TableName": "t"}}
    objects = delivered(
        BY_DATE | {"DataFormatConversionConfiguration": conversion},
        {"view_date": "2026-11-21", "page": "/a", "status": 200, "_timestamp": 1 << 50, "more": 1},
        {"view_date": "2026-11-21", "page": "/b", "entry": True},
        {"view_date": "2026-11-21", "page": "/c", "status": "two hundred"},
    )
    table = pyarrow.parquet.read_table(io.BytesIO(objects["views/view_date=2026-11-21/"]))
    assert table.to_pylist() == [
        {"page": "/a", "status": 200, "_timestamp": 1 << 50, "entry": None},
        {"page": "/b", "status": None, "_timestamp": None, "entry": True},
    ]
    (unfit,) = (json.loads(line) for line in objects["errors/format-conversion-failed/"].splitlines())
    assert json.loads(base64.b64decode(unfit["rawData"]))["page"] == "/c"


def test_a_stream_that_asks_for_more_than_is_played_is_refused() -> None:
    for more in (
        {"CompressionFormat": "Snappy"},
        {"ProcessingConfiguration": processing(("Lambda", {"LambdaArn": "arn:x"}))},
        {"ProcessingConfiguration": processing(("MetadataExtraction", {"MetadataExtractionQuery": ".a|.b"}))},
    ):
        with pytest.raises(UnsupportedError):
            read_destination(settings(**more), lambda database, table: COLUMNS)
    conversion = {"SchemaConfiguration": {"DatabaseName": "d", "TableName": "t"}}
    with pytest.raises(UnsupportedError, match="the column when has the type 'timestamp'"):
        read_destination(
            settings(DataFormatConversionConfiguration=conversion),
            lambda database, table: [Column("when", "timestamp")],
        )


def test_a_query_is_an_object_of_paths() -> None:
    query = parse_query('{ day : .view_date, "host":.site.host }')
    assert query == {"day": ("view_date",), "host": ("site", "host")}
    assert partition(b'{"view_date": 5, "site": {"host": true}}', query) == {"day": "5", "host": "true"}


@given(st.text(max_size=40))
def test_any_text_is_a_query_or_refused(text: str) -> None:
    with suppress(UnsupportedError):
        assert all(path for path in parse_query(text).values())


@given(st.binary(max_size=30) | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_record_is_placed_or_reported(data: bytes) -> None:
    """Nothing is lost on the way, whatever it is."""
    objects = delivered(BY_DATE, data)
    assert len(objects) == 1
    ((where, body),) = objects.items()
    if where == "errors/processing-failed/":
        assert base64.b64decode(json.loads(body)["rawData"]) == data
        with pytest.raises(PartitionError):
            partition(data, parse_query("{view_date: .view_date}"))
    else:
        assert body == data + b"\n"


def test_an_object_has_the_time_of_its_oldest_record() -> None:
    stream = read_destination(settings(Prefix="at/!{timestamp:HH-mm}/"), lambda *_: COLUMNS)
    late, early = Record(b"late", MOMENT.timestamp() + 3600), Record(b"early", MOMENT.timestamp())
    (made,) = stream.objects("views", "1", [late, early])
    assert made.key.startswith("at/09-05/views-1-2026-11-21-09-05-07-")
    assert made.body == b"lateearly"
