"""Amazon Data Firehose's HTTP endpoint: JSON records, log subscriptions of CloudWatch, CloudFront's real-time lines.

Firehose knows success or failure of a whole request, and repeats it for hours. So what cannot be a record goes, as
text and with the reason, to the stream `rejected`, and the others of its request to theirs.

Source: Amazon Data Firehose Developer Guide, "Understand HTTP endpoint delivery request and response specifications";
CloudWatch Logs User Guide, "Subscription filters" (the payload).
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from edgewise import realtime
from edgewise.store.bodies import Values, check_containers, check_count, parse, parse_exactly, split_lines
from edgewise.store.encodings import MAX_BODY, decompress, too_large
from edgewise.store.engine import Accepted, Engine
from edgewise.store.errors import BodyError
from edgewise.store.normalize import RecordError

REJECTED: Final = "rejected"
_ATTRIBUTES: Final = "x-amz-firehose-common-attributes"
_REQUEST_ID: Final = "x-amz-firehose-request-id"
_GZIP: Final = b"\x1f\x8b"
_MAX_KEPT: Final = 64 << 10  # characters of a rejected record


class Delivery:
    """One request: `store` it, wait for the disk. `limit`: bytes of all its records after decompression."""

    def __init__(
        self, engine: Engine, stream: str, headers: Mapping[str, str], limit: int = MAX_BODY
    ) -> None:
        self.request_id = headers.get(_REQUEST_ID, "")
        self._engine = engine
        self._stream = stream
        self._attributes = headers.get(_ATTRIBUTES, "")
        self._fields: Sequence[str] = realtime.FIELDS
        self._room = limit
        self._count = 0

    def store(self, body: bytes, take: Callable[[int], None]) -> list[Accepted]:
        """Give the stream its records, and `rejected` the rest. `take`: see `decompress`. Raises `BodyError`."""
        self._fields = _fields_of(self._attributes)
        check_containers(body)
        request = parse(body)
        request = request if isinstance(request, dict) else {}
        self.request_id = str(request.get("requestId") or self.request_id)
        records = request.get("records")
        if not isinstance(records, list):
            raise BodyError("expected {'requestId', 'timestamp', 'records': [{'data': base64}]}")
        made: list[dict[str, Any]] = []
        rejected: list[dict[str, Any]] = []
        for record in records:
            self._read(record, take, made, rejected)
        accepted = self._engine.ingest(self._stream, Values(made, lambda: made))
        # They were counted as records already.
        failures = accepted.failures.items()
        rejected += [self._named(self._rejection(orjson.dumps(made[at]), why)) for at, why in failures]
        if not rejected:
            return [accepted]
        return [accepted, self._engine.ingest(REJECTED, Values(rejected, lambda: rejected))]

    def _read(
        self,
        record: object,
        take: Callable[[int], None],
        made: list[dict[str, Any]],
        rejected: list[dict[str, Any]],
    ) -> None:
        data = record.get("data") if isinstance(record, dict) else None
        try:
            content = base64.b64decode(str(data), validate=True)
            content = self._inflated(content, take) if content.startswith(_GZIP) else content
            check_containers(content)
            lines = split_lines(content)
        except (binascii.Error, BodyError) as error:
            rejected.append(self._refused(str(data).encode(), error))
            return
        for line in lines:
            try:
                made += map(self._counted, self._records(line))
            except (BodyError, RecordError, realtime.LineError) as error:
                rejected.append(self._refused(line, error))

    def _refused(self, content: bytes, error: Exception) -> dict[str, Any]:
        """The record that takes its place. Raises what is wrong with the whole request."""
        if isinstance(error, BodyError) and error.status != 400:
            raise error
        reason = f"not base64: {error}" if isinstance(error, binascii.Error) else str(error)
        return self._counted(self._rejection(content, reason))

    def _inflated(self, content: bytes, take: Callable[[int], None]) -> bytes:
        plain = decompress(content, "gzip", self._room, take)
        self._room -= len(plain)
        if self._room <= 0:
            raise BodyError(too_large(MAX_BODY), status=413)
        return plain

    def _records(self, line: bytes) -> Iterator[dict[str, Any]]:
        if not line.lstrip().startswith((b"{", b"[")):
            yield realtime.record(line.rstrip(b"\r").decode("utf-8", "replace"), self._fields)
            return
        # Read twice, because only the second keeps every digit, and only the first refuses what is no JSON.
        parse(line)
        value = parse_exactly(line)
        if not isinstance(value, dict):
            raise RecordError("expected an object")
        if isinstance(value.get("logEvents"), list):
            yield from _log_events(value)
        else:
            yield value

    def _counted(self, record: dict[str, Any]) -> dict[str, Any]:
        check_count(self._count + 1)
        return self._named(record)

    def _named(self, record: dict[str, Any]) -> dict[str, Any]:
        """With an id, so that a repeated request is counted once: Firehose keeps a request's id when it repeats it."""
        self._count += 1
        if self.request_id and not isinstance(record.get("record_id"), str):
            record["record_id"] = f"{self.request_id}:{self._count}"
        return record

    def _rejection(self, content: bytes, reason: str) -> dict[str, Any]:
        text = content[:_MAX_KEPT].decode("utf-8", "replace")
        now = time.time_ns() // 1000
        return {"_timestamp": now, "stream": self._stream, "reason": reason, "record": text}


def _log_events(payload: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The events of a CloudWatch Logs subscription: what is JSON becomes a record of its own, the rest its message.

    A control message only tries the way; it is no record.
    """
    if payload.get("messageType") == "CONTROL_MESSAGE":
        return
    for event in payload["logEvents"]:
        if not isinstance(event, dict):
            raise RecordError("a log event that is no object")
        record = _log_event(event, payload)
        if "timestamp" in event:
            record.setdefault("_timestamp", event["timestamp"])
        if isinstance(event.get("id"), str):
            record.setdefault("record_id", event["id"])
        yield record


def _log_event(event: Mapping[str, Any], payload: Mapping[str, Any]) -> dict[str, Any]:
    message = event.get("message")
    if isinstance(message, str) and message.lstrip().startswith("{"):
        try:
            value = orjson.loads(message)
        except orjson.JSONDecodeError:
            value = None
        if isinstance(value, dict):
            return value
    where = {"log_group": payload.get("logGroup"), "log_stream": payload.get("logStream")}
    return {"message": message, **where}


def _fields_of(header: str) -> Sequence[str]:
    """The fields of real-time lines, from the delivery stream's common attribute `fields`; all when it has none.

    Raises `BodyError` for names that are no fields.
    """
    if not header:
        return realtime.FIELDS
    try:
        chosen = orjson.loads(header)["commonAttributes"].get("fields", "")
        names = str(chosen).replace(",", " ").split()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BodyError(f"{_ATTRIBUTES}: expected {{'commonAttributes': {{…}}}}") from None
    unknown = [name for name in names if name not in realtime.FIELDS]
    if unknown:
        raise BodyError(f"{_ATTRIBUTES}: {unknown[0]!r} is no field of real-time logs")
    return names or realtime.FIELDS
