"""Plays the delivery stream that reads real-time lines: batches, the call of its function, and what comes of it.

Source: Amazon Data Firehose Developer Guide, "Transform source data" (the event, the answer, three tries). The function
runs in an execution environment, as on AWS; lines wait a moment for company instead of half a minute.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from edgewise.cdn.functions.function import Function
from edgewise.cdn.functions.launcher import Launcher
from edgewise.cdn.functions.logs import LogSink
from edgewise.cdn.template.identities import ACCOUNT, REGION
from edgewise.cdn.template.line_streams import LineStream

_LINGER = 0.05  # seconds
_BATCH = 500
_MOST_WAITING = 100_000
_TRIES = 3
_LAST = 10.0  # seconds at the end, for what is on its way


class LineDelivery:
    """`add` takes lines from any thread; `forward` gets each record, as JSON, in the loop that made this.

    `say` is told what went wrong, once for each kind of trouble. Lines that fail are in the files of the real-time log.
    """

    def __init__(
        self,
        stream: LineStream,
        forward: Callable[[bytes], None],
        say: Callable[[str], None],
        on_log: LogSink,
    ) -> None:
        self.stream = stream
        self._forward = forward
        self._say = say
        self._launcher = Launcher()
        self._function = Function(stream.function, REGION, self._launcher, on_log, max_environments=1)
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[str] = deque()
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._told: set[str] = set()
        self._task = self._loop.create_task(self._deliver())

    def add(self, line: str) -> None:
        """A line with its end."""
        self._loop.call_soon_threadsafe(self._take, line)

    def _take(self, line: str) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            self._tell("speed", "lines come faster than it reads them, and some were left out", 1)
            return
        self._waiting.append(line)
        self._idle.clear()
        self._arrived.set()

    @property
    def is_busy(self) -> bool:
        """Whether lines are on their way."""
        return not self._idle.is_set()

    async def _deliver(self) -> None:
        while True:
            await self._arrived.wait()
            await asyncio.sleep(_LINGER)
            self._arrived.clear()
            while self._waiting:
                lines = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
                await self._transform(lines)
            if not self._arrived.is_set():
                self._idle.set()

    async def _transform(self, lines: list[str]) -> None:
        event = _event(self.stream, lines)
        payload = json.dumps(event).encode()
        for _ in range(_TRIES):
            result = await self._function.invoke(payload)
            if not result.outcome.failed:
                break
        else:
            self._tell("function", f"its function failed ({result.outcome.error_type})", len(lines))
            return
        try:
            answers = json.loads(result.outcome.payload)["records"]
            given = {one["recordId"]: one for one in answers}
        except (ValueError, LookupError, TypeError):
            self._tell("answer", "its function's answer is not what Firehose takes", len(lines))
            return
        failed = 0
        for record in event["records"]:
            try:
                for one in _records(given[record["recordId"]]):
                    self._forward(one)
            except (LookupError, ValueError, TypeError):
                failed += 1
        if failed:
            self._tell("lines", "its function could not read them", failed)

    def _tell(self, kind: str, why: str, count: int) -> None:
        if kind not in self._told:
            self._told.add(kind)
            what = f"lines of the real-time log that are no records: {count}, {why}"
            self._say(f"the delivery stream {self.stream.delivery}: {what}")

    async def close(self) -> None:
        """Deliver what waits, within a bounded time, and end the function's process."""
        # What other threads have added is on its way through the loop.
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(_LAST):
                await self._idle.wait()
        except TimeoutError:
            self._say(f"lines of the real-time log that were not waited for: {len(self._waiting)}")
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._function.close()
        self._launcher.close()


def _event(stream: LineStream, lines: list[str]) -> dict[str, Any]:
    """What Firehose hands to a function: a record for each line, as CloudFront puts them into Kinesis."""
    now = time.time_ns() // 1_000_000
    arn = f"arn:aws:{{}}:{REGION}:{ACCOUNT}:{{}}"
    return {
        "invocationId": str(uuid.uuid4()),
        "sourceKinesisStreamArn": arn.format("kinesis", f"stream/{stream.source}"),
        "deliveryStreamArn": arn.format("firehose", f"deliverystream/{stream.delivery}"),
        "region": REGION,
        "records": [_record(number, line, now) for number, line in enumerate(lines)],
    }


def _record(number: int, line: str, now: int) -> dict[str, Any]:
    sequence = f"{now}{number:020}"
    return {
        "recordId": f"{sequence}000000",
        "approximateArrivalTimestamp": now,
        "data": base64.b64encode(line.encode()).decode(),
        "kinesisRecordMetadata": {
            "sequenceNumber": sequence,
            "subsequenceNumber": 0,
            "partitionKey": sequence,
            "shardId": "shardId-000000000000",
            "approximateArrivalTimestamp": now,
        },
    }


def _records(answer: Any) -> Iterator[bytes]:
    """The records of one answer. Raises `ValueError` for one that says it failed, or that nobody can use."""
    if answer["result"] == "Dropped":
        return
    if answer["result"] != "Ok":
        raise ValueError(answer["result"])
    try:
        data = base64.b64decode(answer["data"], validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    yield from filter(None, data.split(b"\n"))
