"""The far side, as a model: reads the requests of the real deliveries, remembers records, answers as the services do.

It answers for OpenObserve (`_json`), Firehose, Step Functions and EventBridge, which it tells apart by the request.
"""

from __future__ import annotations

import zlib
from binascii import a2b_base64
from collections.abc import Callable
from math import ceil
from typing import Any

import orjson

from .usage import EVENT_BYTES, FIREHOSE_BYTES, Usage

Record = dict[str, Any]
_TARGET = b"\r\nX-Amz-Target: "


class Collector:
    """Calls `store` with every record that it takes; counts what AWS would bill in the `usage` of the caller."""

    __slots__ = ("_store",)

    def __init__(self, store: Callable[[Record], None]) -> None:
        self._store = store

    def take(self, message: bytes, fault: str, usage: Usage) -> bytes:
        """The whole answer to one whole request; `fault` is one in which there is an answer."""
        head, _, body = message.partition(b"\r\n\r\n")
        if fault == "503":
            return _answer(503, {"__type": "ServiceUnavailableException", "message": "simulated"})
        if b"\r\nContent-Encoding: gzip" in head:
            body = zlib.decompress(body, 16 + zlib.MAX_WBITS)
        content = orjson.loads(body)
        target = head.partition(_TARGET)[2].partition(b"\r\n")[0]
        if fault == "lying":
            return _answer(200, {} if target else _openobserve(0))
        records, answer = _READERS[target](content, usage)
        for record in records:
            self._store(record)
        return _answer(200, answer)


def _answer(status: int, content: Any) -> bytes:
    body = orjson.dumps(content)
    return b"HTTP/1.1 %d Simulated\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def _openobserve(stored: int) -> Any:
    return {"code": 200, "status": [{"name": "edge", "successful": stored, "failed": 0}]}


def _read_openobserve(content: Any, usage: Usage) -> tuple[list[Record], Any]:
    return content, _openobserve(len(content))


def _read_firehose(content: Any, usage: Usage) -> tuple[list[Record], Any]:
    lines = [a2b_base64(record["Data"]) for record in content["Records"]]
    usage.firehose_bytes += sum(ceil(len(line) / FIREHOSE_BYTES) * FIREHOSE_BYTES for line in lines)
    answer = {"FailedPutCount": 0, "RequestResponses": [{"RecordId": "simulated"}] * len(lines)}
    return [orjson.loads(line) for line in lines], answer


def _read_step_functions(content: Any, usage: Usage) -> tuple[list[Record], Any]:
    usage.executions += 1
    given = orjson.loads(content["input"])
    arn = f"{content['stateMachineArn']}:{content['name']}"
    return given if isinstance(given, list) else [given], {"executionArn": arn, "startDate": 0}


def _read_eventbridge(content: Any, usage: Usage) -> tuple[list[Record], Any]:
    details = [entry["Detail"] for entry in content["Entries"]]
    usage.events += sum(ceil(len(detail) / EVENT_BYTES) for detail in details)
    answer = {"FailedEntryCount": 0, "Entries": [{"EventId": "simulated"}] * len(details)}
    return [orjson.loads(detail) for detail in details], answer


_READERS: dict[bytes, Callable[[Any, Usage], tuple[list[Record], Any]]] = {
    b"": _read_openobserve,
    b"Firehose_20150804.PutRecordBatch": _read_firehose,
    b"AWSStepFunctions.StartExecution": _read_step_functions,
    b"AWSEvents.PutEvents": _read_eventbridge,
}
