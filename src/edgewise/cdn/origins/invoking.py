"""Invokes the function that is an origin, as whoever calls it on AWS would: within the origin's read timeout."""

from __future__ import annotations

import asyncio
import secrets
from typing import Protocol

from edgewise.cdn import failure
from edgewise.cdn.distribution import Origin
from edgewise.cdn.functions.function import FunctionResult


class Invocable(Protocol):
    """What runs the function: `functions.Function`, or a test's own."""

    async def invoke(self, event: bytes) -> FunctionResult: ...


async def invoke(function: Invocable, origin: Origin, event: bytes, attempts: int) -> FunctionResult:
    """What the function answers; raises `RequestFailure` (504) when it outlasts the read timeout each time."""
    for _ in range(attempts):
        try:
            async with asyncio.timeout(origin.read_timeout):
                return await function.invoke(event)
        except TimeoutError:
            continue
    raise failure.timed_out(f"{origin.domain}: no answer within {origin.read_timeout:g} s, {attempts} times")


def new_trace_id(now: float) -> str:
    """The value of `X-Amzn-Trace-Id` of a request that begins here."""
    return f"Root=1-{int(now):08x}-{secrets.token_hex(12)}"
