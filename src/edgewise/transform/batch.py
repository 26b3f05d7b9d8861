"""One batch of Firehose's: each of its records transformed, dropped or given back as failed. Values in, values out.

Source: Amazon Data Firehose Developer Guide, "Transform source data" and "Required parameters for data transformation":
an answer for each record id, `Ok`, `Dropped` or `ProcessingFailed`, and at most 6 MB of answer. What failed is written
into the bucket of the stream as it came.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from edgewise.realtime import LineError

# Of Lambda's 6 MB (6,291,456 bytes) for the answer to a call, with room for what is around the records.
MOST_ANSWER: Final = 6_200_000
# What one answer has beside its id and its data.
_AROUND: Final = len('{"recordId": "", "result": "ProcessingFailed", "data": ""}, ')

Record = dict[str, Any]
# A line of the log without its end; raises `LineError`.
Read = Callable[[str], Record]


def transformed(event: Mapping[str, Any], read: Read, most: int = MOST_ANSWER) -> tuple[Record, Counter[str]]:
    """The answer to a batch, and how often each reason for a failure was met.

    A record whose answer has no more room is given back as failed, so that it is kept; `most` is in bytes.
    """
    failures: Counter[str] = Counter()
    records = event["records"]
    # Whatever else happens there must be room to give every record back.
    room = most - sum(_size(one, one["data"]) for one in records)
    answers = []
    for one in records:
        try:
            data = _transformed(one["data"], read)
        except LineError as error:
            failures[error.reason] += 1
            answers.append(_answer(one, "ProcessingFailed", one["data"]))
            continue
        more = len(data) - len(one["data"])
        if more > room:
            failures["no room in the answer"] += 1
            answers.append(_answer(one, "ProcessingFailed", one["data"]))
            continue
        room -= more
        answers.append(_answer(one, "Ok" if data else "Dropped", data))
    return {"records": answers}, failures


def _transformed(data: str, read: Read) -> str:
    """The lines of one record as lines of JSON, in base64; empty when it has none. Raises `LineError` for a bad one."""
    try:
        text = base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise LineError("no text in base64") from None
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    # Each ends with a line end, also the last: what reads them takes some lone JSON for something else.
    made = [json.dumps(read(line), separators=(",", ":")) + "\n" for line in lines if line.strip()]
    return base64.b64encode("".join(made).encode()).decode()


def _answer(record: Mapping[str, Any], result: str, data: str) -> Record:
    return {"recordId": record["recordId"], "result": result, "data": data}


def _size(record: Mapping[str, Any], data: str) -> int:
    return len(record["recordId"]) + len(data) + _AROUND
