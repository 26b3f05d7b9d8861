"""What is known of each stream, its columns and the ids seen lately, and how a batch becomes journal frames by it.

Not thread-safe: the engine's lock is held around every call.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from edgewise.store.bodies import Values
from edgewise.store.errors import BodyError
from edgewise.store.frames import RECORDS, SCHEMA, Frame, encode
from edgewise.store.known import KNOWN_STREAMS, Kind
from edgewise.store.recent import RecentIds
from edgewise.store.schema import Schema

MAX_STREAMS: Final = 200
MAX_STREAM_NAME: Final = 200
VIEWS: Final = frozenset({"requests"})


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request adds to a stream. `taken` counts repeats too; `failures` says why, by place in the request."""

    taken: int
    failures: dict[int, str]
    ids: list[str]
    frames: list[tuple[bytes, Frame]]


@dataclass(frozen=True, slots=True)
class _Fitted:
    records: list[dict[str, Any]]
    failures: dict[int, str]
    body: bytes


class Streams:
    """`clock` gives microseconds; `recent_ids` is how many ids are remembered of each stream."""

    def __init__(self, schemas: dict[str, Schema], clock: Callable[[], int], recent_ids: int) -> None:
        self._schemas = {stream: Schema(stream) for stream in KNOWN_STREAMS} | schemas
        self._recent: dict[str, RecentIds] = {}
        self._clock = clock
        self._capacity = recent_ids

    def names(self) -> list[str]:
        """All streams, known ones first."""
        return list(self._schemas)

    def kinds(self, stream: str) -> dict[str, Kind]:
        return dict(self._schemas[stream].kinds)

    def all_kinds(self) -> dict[str, dict[str, Kind]]:
        return {name: dict(one.kinds) for name, one in list(self._schemas.items())}

    def remember(self, recent: dict[str, RecentIds]) -> None:
        """The windows as they were when the store was closed."""
        self._recent = recent

    def batches(self, given: Mapping[str, Values]) -> dict[str, Batch]:
        """The batches for streams (normalised names), which are new perhaps. Raises `BodyError` when one cannot be.

        A stream comes to be with its first record.
        """
        self._check_names(given)
        made: dict[str, Batch] = {}
        try:
            for stream, values in given.items():
                made[stream] = self._batch(stream, values)
        except BaseException:
            self.lost({stream: batch.ids for stream, batch in made.items()})
            raise
        return made

    def _batch(self, stream: str, values: Values) -> Batch:
        schema = self._schemas.get(stream) or Schema(stream)
        fitted = self._fit(schema, values)
        if not fitted.records:
            return Batch(0, fitted.failures, [], [])
        self._schemas[stream] = schema
        records, ids = self._without_repeats(stream, fitted.records)
        frames = []
        if records:
            body = fitted.body if len(records) == len(fitted.records) else None
            frames.append(encode(RECORDS, stream, len(records), body or orjson.dumps(records)))
            if schema.changed:
                frames.insert(0, encode(SCHEMA, stream, 0, orjson.dumps(schema.kinds)))
                schema.changed = False
        return Batch(len(fitted.records), fitted.failures, ids, frames)

    def lost(self, ids: Mapping[str, Iterable[str]]) -> None:
        """These ids' records, by stream, were not stored after all, nor perhaps what was said of columns with them."""
        for stream, lost in ids.items():
            if stream in self._recent:
                self._recent[stream].forget(lost)
        for schema in self._schemas.values():
            schema.changed = True

    def preamble(self) -> list[bytes]:
        """The frames that state all columns."""
        return [
            encode(SCHEMA, stream, 0, orjson.dumps(dict(schema.kinds)))[0]
            for stream, schema in list(self._schemas.items())
        ]

    def schema(self, stream: str) -> Schema:
        """The stream's columns; made when it is new. Raises `BodyError`."""
        self._check_names([stream])
        return self._schemas.setdefault(stream, Schema(stream))

    def _check_names(self, streams: Iterable[str]) -> None:
        fresh = [stream for stream in streams if stream not in self._schemas]
        for stream in fresh:
            if stream in VIEWS:
                raise BodyError(
                    f"{stream!r} is a view of the streams edge and access; nothing can be put into it"
                )
            if not stream or len(stream) > MAX_STREAM_NAME:
                raise BodyError(f"a stream's name has 1 to {MAX_STREAM_NAME} characters")
        if fresh and len(self._schemas) + len(fresh) > MAX_STREAMS:
            raise BodyError(
                f"there are {len(self._schemas)} streams already; at most {MAX_STREAMS} are taken"
            )

    def _fit(self, schema: Schema, values: Values) -> _Fitted:
        """The records as they will be stored, and as JSON. Plain ones are taken as they are, which is fast."""
        if schema.are_plain(values.items):
            with contextlib.suppress(orjson.JSONEncodeError):
                # Strict: an integer that may not fit 64 bits is refused here, and looked at closely below.
                return _Fitted(values.items, {}, orjson.dumps(values.items, option=orjson.OPT_STRICT_INTEGER))
        records, failures = schema.fit_all(values.exact(), self._clock())
        return _Fitted(records, failures, orjson.dumps(records))

    def _without_repeats(
        self, stream: str, records: list[dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], list[str]]:
        recent = self._recent.setdefault(stream, RecentIds(self._capacity))
        ids = [record["record_id"] for record in records if "record_id" in record]
        if recent.add_all(ids):
            return records, ids
        fresh: list[dict[str, Any]] = []
        for record in records:
            if "record_id" not in record or recent.add(record["record_id"]):
                fresh.append(record)
        return fresh, [record["record_id"] for record in fresh if "record_id" in record]
