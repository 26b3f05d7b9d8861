"""Every kind of log becomes the same records; what is broken is named with its line."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.logfiles.errors import FormatError
from edgewise.logfiles.layouts import chunks
from edgewise.logfiles.lines import LoggedRequest, read
from edgewise.logfiles.records import Making, records
from edgewise.logfiles.tables import Bad, parse
from edgewise.realtime import FIELDS as REAL_TIME
from logfiles.samples import CHROME, FIELDS, HEADER, NOON, bring, line, log, rows, values

AGENT = CHROME.replace("%20", " ")
RECORD = {
    "_timestamp": NOON,
    "record_id": "req-1:access",
    "request_id": "req-1",
    "schema": "access/1",
    "host": "www.example.com",
    "method": "GET",
    "path": "/café%20au%20lait",
    "query": "a=1%20b",
    "protocol": "https",
    "status": 200,
    "bytes_sent": 4321,
    "bytes_received": 321,
    "duration_ms": 57.0,
    "first_byte_ms": 31.0,
    "client_ip": "203.0.113.9",
    "user_agent": AGENT,
    "referrer": "https://example.com/?q=%",
    "content_type": "text/html; charset=utf-8",
    "result": "Hit",
    "edge_location": "FRA56-P2",
    "agent": "person",
    "browser": "Chrome",
    "os": "Windows",
    "device": "desktop",
}


def table(
    text: str | bytes, fields: tuple[str, ...] | None = None, blocks: Iterable[int] = ()
) -> tuple[Any, list[Bad]]:
    """The records and the bad lines of a log; `blocks` are places at which it is cut into blocks of lines."""
    data = text.encode() if isinstance(text, str) else text
    ends = sorted({data.rfind(b"\n", 0, at) + 1 for at in blocks} | {0, len(data)})
    pieces = [data[start:end] for start, end in pairwise(ends)]
    parsed = [parse(chunk) for chunk in chunks(pieces, fields)]
    made = [records(one, Making(), "log") for one in parsed]
    return (pa.concat_tables(made) if made else None), [bad for one in parsed for bad in one.bad]


def found(text: str | bytes, fields: tuple[str, ...] | None = None) -> list[dict[str, Any]]:
    made, bad = table(text, fields)
    assert not bad
    return [{name: value for name, value in row.items() if value is not None} for row in made.to_pylist()]


def test_a_standard_log() -> None:
    assert found(log(line())) == [RECORD]


def test_a_standard_log_with_windows_line_ends_and_no_last_one() -> None:
    assert found(log(line(), line()).replace("\n", "\r\n")[:-2]) == [RECORD, RECORD]


def test_the_header_decides_the_columns_also_in_the_middle() -> None:
    other = "x-edge-request-id time date cs(User-Agent) sc-status"
    first, second = found(log(line()) + f"#Version: 1.0\n#Fields: {other}\n" + line(other))
    assert first == RECORD
    wanted = {
        "_timestamp",
        "record_id",
        "request_id",
        "schema",
        "user_agent",
        "status",
        "agent",
        "browser",
        "os",
        "device",
    }
    assert second == {name: value for name, value in RECORD.items() if name in wanted}


@pytest.mark.parametrize("sent", [AGENT, "curl/8.5.0", "100% Bot+1"])
def test_a_user_agent_that_was_encoded_twice(sent: str) -> None:
    once = sent.replace("%", "%25").replace(" ", "%20")
    twice = once.replace("%", "%25")
    assert [
        row["user_agent"]
        for row in found(log(line(**{"cs(User-Agent)": once}), line(**{"cs(User-Agent)": twice})))
    ] == [
        sent,
        sent if " " in sent else once,
    ]


def test_hyphens_are_nothing() -> None:
    (row,) = found(log(line(**dict.fromkeys(("cs(User-Agent)", "cs(Referer)", "cs-uri-query"), "-"))))
    assert not {"user_agent", "referrer", "query", "browser"} & row.keys()
    assert (row["agent"], row["bot_reason"]) == ("unknown", "no user agent")


def test_what_is_not_a_number_is_nothing_and_the_rest_is_there() -> None:
    (first, second) = found(log(line(sc_bytes="many", time_taken="1e3"), line()))
    assert second == RECORD
    assert first == {
        name: value for name, value in RECORD.items() if name not in ("bytes_sent", "duration_ms")
    }


def test_requests_without_an_id_get_one_of_their_log_and_line() -> None:
    first, second = found(log(line(x_edge_request_id="-"), line()))
    assert (first["request_id"], first["record_id"]) == (f"log-3-{NOON}", f"log-3-{NOON}:access")
    assert second == RECORD


def test_json_lines() -> None:
    known = values()
    assert (
        found(json.dumps(known) + "\n\n" + json.dumps(known | {"sc-bytes": 4321, "cs(Cookie)": "-"}) + "\n")
        == [RECORD] * 2
    )


def test_times_in_milliseconds_are_kept() -> None:
    known = {name: value for name, value in values().items() if name not in ("date", "time")}
    (row,) = found(json.dumps(known | {"timestamp(ms)": "1710158400123"}))
    assert row == RECORD | {"_timestamp": NOON + 123_000}


@pytest.mark.parametrize("time", ["253402300800000", "9" * 18, "-1", "soon"])
def test_a_time_that_no_calendar_has_is_a_bad_line(time: str) -> None:
    text = "#Fields: timestamp(ms) sc-status\n1710158400123\t200\n" + time + "\t200\n"
    made, bad = table(text)
    assert made["_timestamp"].to_pylist() == [NOON + 123_000]
    assert [(one.line, one.reason) for one in bad] == [(3, "the time is not a date")]


def test_w3c_with_blanks_between_the_fields() -> None:
    assert found(log(line()).replace("\t", " ")) == [RECORD]


def test_parquet(tmp_path: Path) -> None:
    names = {
        name: name.lower().replace("-", "_").replace("(", "_").replace(")", "") for name in FIELDS.split()
    }
    known = values()
    pq.write_table(
        pa.table(
            {column: [known.get(name, "-")] * 3 for name, column in names.items()}
            | {"date": ["2024-03-11", "-", "2024-03-11"]}
        ),
        tmp_path / "log.parquet",
    )
    summary, rejects = bring(tmp_path / "store", tmp_path / "log.parquet")
    assert (summary.records, summary.bad) == (2, 1)
    assert rejects.shown == [f"{tmp_path}/log.parquet:2: the time is not a date"]
    assert rows(tmp_path / "store", "SELECT DISTINCT * FROM access") == [RECORD]


def real_time(**changes: str) -> str:
    known = values() | {
        "timestamp": "1710158400.123",
        "cs-host": "www.example.com",
        "x-host-header": "d111111abcdef8.cloudfront.net",
        "cs-uri-stem": "/caf%C3%A9%2520au%2520lait?a=1%2520b",
        "cs-user-agent": CHROME,
        "cs-referer": "https://example.com/?q=%25",
        "c-country": "DE",
        "cache-behavior-path-pattern": "/caf*",
    }
    return "\t".join({**known, **changes}.get(name, "-") for name in REAL_TIME) + "\n"


REAL_TIME_RECORD = RECORD | {"_timestamp": NOON + 123_000, "country": "DE", "behavior": "/caf*"}


def test_a_real_time_log_with_all_fields() -> None:
    assert found(real_time()) == [REAL_TIME_RECORD]


def test_a_real_time_log_with_chosen_fields() -> None:
    chosen = ("timestamp", "c-ip", "sc-status", "cs-host", "cs-uri-stem", "x-edge-request-id")
    all_of_it = dict(zip(REAL_TIME, real_time().rstrip("\n").split("\t"), strict=True))
    text = "\t".join(all_of_it[name] for name in chosen) + "\n"
    (row,) = found(text, chosen)
    assert row.items() <= REAL_TIME_RECORD.items()
    assert row["query"] == "a=1%20b"
    with pytest.raises(FormatError, match="6 fields, and no word of which"):
        found(text)


def test_a_combined_log() -> None:
    text = (
        '203.0.113.9 - - [11/Mar/2024:13:00:00 +0100] "GET /caf%C3%A9?a=1 HTTP/1.1" 200 4321 "https://example.com/" '
        '"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"\n'
    )
    assert found(text) == [
        {
            "_timestamp": NOON,
            "record_id": "log-1-0e9a3739c627:access",
            "request_id": "log-1-0e9a3739c627",
            "schema": "access/1",
            "method": "GET",
            "path": "/caf%C3%A9",
            "query": "a=1",
            "status": 200,
            "bytes_sent": 4321,
            "client_ip": "203.0.113.9",
            "user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "referrer": "https://example.com/",
            "agent": "bot",
            "browser": "Googlebot",
            "device": "desktop",
            "bot_reason": "crawler: Googlebot",
        }
    ]


def test_bad_lines_are_named_with_their_number_and_reason() -> None:
    text = log(line(), "only\tthree\tfields\n", "\n", line(date="yesterday"), line(time="25:00:00"), line())
    made, bad = table(text)
    assert made.num_rows == 2
    assert [(one.line, one.reason) for one in bad] == [
        (4, "3 fields instead of 33"),
        (6, "the time is not a date"),
        (7, "the time is not a date"),
    ]
    assert bad[1].text.decode() == line(date="yesterday").rstrip("\n")


def test_a_broken_line_behind_the_header_is_the_only_bad_one() -> None:
    made, bad = table(log("0\n", line()))
    assert (made.num_rows, [one.line for one in bad]) == (1, [3])


def test_bad_lines_of_json_and_combined_logs() -> None:
    _, bad = table(json.dumps(values()) + '\n[1]\n{"a": 1\n' + json.dumps(values(date="-")) + "\n")
    assert [one.line for one in bad] == [2, 3, 4]
    combined = '1.2.3.4 - - [11/Mar/2024:12:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-"\n'
    _, bad = table(combined + "what is this\n" + combined)
    assert [(one.line, one.reason) for one in bad] == [(2, "not a line of the combined or common log format")]


@pytest.mark.parametrize("text", ["hello\nworld\n", "\x7fELF\x00\x01\n", "<html>\n", "\x1c\n"])
def test_what_is_no_log_is_said(text: str) -> None:
    with pytest.raises(FormatError, match="no log of a known format"):
        table(text)


def test_a_header_without_a_time_is_said() -> None:
    with pytest.raises(FormatError, match="do not have a time"):
        table("#Fields: c-ip cs-method\n1.2.3.4\tGET\n")


HOSTILE = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=12)


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            HOSTILE, st.builds(line, sc_status=HOSTILE, **{"cs(User-Agent)": HOSTILE}), st.just(line())
        ),
        max_size=12,
    ),
    st.lists(st.integers(0, 4000), max_size=4),
)
def test_it_does_not_matter_where_blocks_end_and_no_line_is_lost(lines: list[str], cuts: list[int]) -> None:
    text = HEADER + "".join(one.rstrip("\n") + "\n" for one in lines if not one.startswith("#"))
    whole, bad = table(text)
    pieces, bad_pieces = table(text, blocks=cuts)
    assert (whole.to_pylist() if whole else []) == (pieces.to_pylist() if pieces else [])
    assert bad == bad_pieces
    filled = sum(bool(one.strip(" \r\n\t\x0b\x0c")) for one in text.split("\n")) - 2
    assert (whole.num_rows if whole else 0) + len(bad) >= filled - sum(one.count("\r") for one in lines)


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "cs-uri-stem": st.text(max_size=8).map(lambda text: "/" + encoded(text)),
                "cs-uri-query": st.text(max_size=8).map(lambda text: encoded(text) or "-"),
                "cs(User-Agent)": st.text(max_size=8).map(lambda text: encoded(text) or "-"),
                "cs(Referer)": st.text(max_size=8).map(lambda text: encoded(text) or "-"),
            }
        ),
        max_size=6,
    )
)
def test_it_reads_what_a_reader_of_single_lines_reads(requests: list[dict[str, str]]) -> None:
    text = log(*(line(**request) for request in requests))
    made, bad = table(text)
    assert not bad
    expected = [one for one in read(text.split("\n")) if isinstance(one, LoggedRequest)]
    assert [
        (
            row["path"] + (f"?{row['query']}" if row["query"] else ""),
            row["user_agent"],
            row["referrer"],
            row["_timestamp"],
        )
        for row in (made.to_pylist() if made else [])
    ] == [(one.target, one.user_agent, one.referrer, one.timestamp) for one in expected]


def encoded(text: str) -> str:
    """As CloudFront encodes what a viewer sent."""
    return "".join(
        chr(byte) if 0x20 < byte < 0x7F and byte not in b"\"#%'<>[\\]^`{|}~-?" else f"%{byte:02X}"
        for byte in text.encode("utf-8", "replace")
    )


def test_what_a_delivery_stream_could_not_deliver() -> None:
    fields = ("timestamp", "c-ip", "sc-status", "cs-uri-stem", "x-edge-request-id")
    lines = [f"171015840{number}.5\t203.0.113.9\t404\t/a?b=1\treq-{number}\n" for number in range(2)]
    wrapped = [
        {
            "attemptsMade": 4,
            "arrivalTimestamp": 1710158400000,
            "errorCode": "Lambda.FunctionError",
            "errorMessage": "The Lambda function returned ProcessingFailed",
            "attemptEndingTimestamp": 1710158400100,
            "rawData": base64.b64encode(line.encode()).decode(),
            "lambdaARN": "arn:aws:lambda:us-east-1:111122223333:function:shop-real-time-transform:$LATEST",
        }
        for line in lines
    ]
    text = "".join(json.dumps(one, separators=(",", ":")) + "\n" for one in wrapped)
    first, second = found(text, fields)
    assert first == {
        "_timestamp": 1_710_158_400_500_000,
        "record_id": "req-0:access",
        "request_id": "req-0",
        "schema": "access/1",
        "client_ip": "203.0.113.9",
        "status": 404,
        "path": "/a",
        "query": "b=1",
    }
    assert second["request_id"] == "req-1"
    # A line of Firehose's own that says nothing, between others.
    _, bad = table(text + '{"attemptsMade":1}\n', fields)
    assert [one.line for one in bad] == [3]
