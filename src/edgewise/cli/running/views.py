"""Brings the page views of a run's own statistics into its store: the files of its delivery stream, as they are.

The files stay where they are, in the S3 of the run's AWS, for any client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any

import orjson

from edgewise.cli.running.child import given_up
from edgewise.localaws.places import REGION, client

_ERRORS = "errors/"  # where the stream's own failures are written, in the template
_PATIENCE = 10.0  # seconds at the end, for what is on its way
_PAUSE = 0.1
_LAST = 1.0  # seconds at the end: what is in the stream is written within half a second


class ViewFiles:
    """`forward` takes a record on its way to the store, as JSON, `say` what the user should know."""

    def __init__(self, forward: Callable[[bytes], None], say: Callable[[str], None]) -> None:
        self._forward = forward
        self._say = say
        self._s3: Any = None
        self._machines: Any = None
        self._objects: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def written(self, bucket: str, key: str) -> None:
        """An object is there."""
        self._objects.put_nowait((bucket, key))

    def start(self, url: str) -> None:
        """Begin to fetch, from the AWS at `url`."""
        self._s3 = client("s3", url, REGION)
        self._machines = client("stepfunctions", url, REGION)
        self._task = asyncio.get_running_loop().create_task(self._fetch_all())

    async def _fetch_all(self) -> None:
        # Now, so that the first view does not wait for it; not above, for most sites have no statistics.
        self._read_file = (await asyncio.to_thread(import_module, "edgewise.logfiles.views")).read_file
        while True:
            bucket, key = await self._objects.get()
            try:
                await self._bring(bucket, key)
            except Exception as error:
                # Whatever is wrong with one file, the next ones are brought.
                self._say(f"s3://{bucket}/{key} was not read: {error}")
            finally:
                self._objects.task_done()

    async def _bring(self, bucket: str, key: str) -> None:
        if key.startswith(_ERRORS):
            self._say(f"a delivery stream could not place a record: s3://{bucket}/{key} says why")
            return
        # In a thread: a visitor must not wait for it.
        records, bad = await asyncio.to_thread(self._read, bucket, key)
        for record in records:
            self._forward(record)
        if bad:
            self._say(f"lines that are no page views: {bad}, in s3://{bucket}/{key}")

    def _read(self, bucket: str, key: str) -> tuple[list[bytes], int]:
        """The records of a file, as JSON, and how many of its lines are none."""
        try:
            body: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except Exception as error:
            # boto3 has many errors and no common root; that a file was not read is all there is to say.
            raise OSError(error) from error
        records, bad = self._read_file(key, body)
        return [orjson.dumps(record) for record in records], len(bad)

    def _running(self) -> bool:
        """Whether a state machine still has views: they are in no file yet."""
        try:
            machines = self._machines.list_state_machines()["stateMachines"]
            return any(
                self._machines.list_executions(
                    stateMachineArn=one["stateMachineArn"], statusFilter="RUNNING"
                )["executions"]
                for one in machines
            )
        except Exception as error:
            raise OSError(error) from error

    async def close(self) -> None:
        """Bring what is still on its way; the AWS must still be there."""
        if self._task is None:
            return
        try:
            async with asyncio.timeout(_PATIENCE):
                while await asyncio.to_thread(self._running):
                    await asyncio.sleep(_PAUSE)
                await asyncio.sleep(_LAST)
                await self._objects.join()
        except TimeoutError:
            unread = self._objects.qsize()
            self._say(f"page views on their way were not waited for; files that were not read: {unread}")
        except OSError as error:
            self._say(f"page views on their way may be lost: {error}")
        await given_up(self._task)
