"""Firehose's delivery into a bucket: batches, keys, delimiters, partitions, GZIP, Parquet, errors.

moto writes an object for each call, with prefixes unevaluated and records glued together. Here records wait for
company as they do on AWS, though half a second instead of a minute or more, and become objects by `firehose/`. A call
of more than 500 records or 4 MiB is refused, and a record of more than 1,000 KiB.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from moto.firehose.exceptions import InvalidArgumentException, ResourceNotFoundException
from moto.firehose.models import DeliveryStream, FirehoseBackend
from moto.glue.models import glue_backends
from moto.s3.models import s3_backends

from edgewise.localaws.firehose import Column, Record, read_destination
from edgewise.localaws.mends.replacing import replace

_WAIT = 0.5  # seconds that records wait for company
_MAX_RECORDS, _MAX_CALL, _MAX_RECORD = 500, 4 << 20, 1000 << 10

# Told the bucket and the key of each object.
on_object: Callable[[str, str], None] | None = None
# Told the name of a stream whose records could not be written, and why.
on_failure: Callable[[str, str], None] | None = None

_lock = threading.Lock()
_waiting: dict[tuple[str, str, str], list[Record]] = {}
_put_record_batch = FirehoseBackend.put_record_batch


def _put(
    self: FirehoseBackend, delivery_stream_name: str, records: Sequence[dict[str, bytes]]
) -> dict[str, Any]:
    stream = self.delivery_streams.get(delivery_stream_name)
    if stream is None:
        raise ResourceNotFoundException(
            f"Firehose {delivery_stream_name} under account {self.account_id} not found."
        )
    if "ExtendedS3" not in stream.destinations[0]:
        return _put_record_batch(self, delivery_stream_name, list(records))
    now = time.time()
    coming = [Record(one["Data"], now) for one in records]
    _check(coming)
    place = (self.account_id, self.region_name, delivery_stream_name)
    with _lock:
        alone = place not in _waiting
        _waiting.setdefault(place, []).extend(coming)
    if alone:
        timer = threading.Timer(_WAIT, _deliver, (self, stream, place))
        timer.daemon = True
        timer.start()
    answers = [{"RecordId": uuid.uuid4().hex} for _ in coming]
    return {"FailedPutCount": 0, "Encrypted": False, "RequestResponses": answers}


def _check(records: Sequence[Record]) -> None:
    if len(records) > _MAX_RECORDS or sum(len(one.data) for one in records) > _MAX_CALL:
        raise InvalidArgumentException("Records size exceeds 4 MB limit, or there are more than 500 of them")
    if any(len(one.data) > _MAX_RECORD for one in records):
        raise InvalidArgumentException("Record size exceeds 1,000 KiB limit")


def _deliver(backend: FirehoseBackend, stream: DeliveryStream, place: tuple[str, str, str]) -> None:
    with _lock:
        records = _waiting.pop(place, [])
    try:
        destination = read_destination(
            stream.destinations[0]["ExtendedS3"],
            lambda database, table: _columns(backend.account_id, backend.region_name, database, table),
        )
        bucket = s3_backends[backend.account_id][backend.partition]
        for made in destination.objects(stream.delivery_stream_name, stream.version_id, records):
            bucket.put_object(destination.bucket, made.key, made.body)
            if on_object is not None:
                on_object(destination.bucket, made.key)
    except Exception as error:
        if on_failure is None:
            raise
        # A thread of its own has nobody above it; the stream's log on AWS would say it.
        on_failure(stream.delivery_stream_name, f"{len(records)} records were not written: {error}")


def _columns(account: str, region: str, database: str, table: str) -> list[Column]:
    """The columns of a table in moto's Glue catalog."""
    described = glue_backends[account][region].get_table(database, table).as_dict()
    return [Column(one["Name"], one["Type"]) for one in described["StorageDescriptor"]["Columns"]]


def apply() -> None:
    replace(FirehoseBackend, put_record_batch=_put)
