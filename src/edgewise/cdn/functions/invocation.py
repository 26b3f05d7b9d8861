"""One call of a function: what goes in, what comes out, and the ids that its log shows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from edgewise.cdn.functions.runtime_api import Outcome

# The error type of an invocation that came to nothing because the function was closed.
CLOSED = "Sandbox.Closed"


@dataclass(slots=True)
class Invocation:
    """One call and what came of it. Times are in seconds; `started` is on the monotonic clock.

    `seconds` is the time that is reported: the handler's, and that of an init that had to be repeated in it.
    """

    request_id: str
    trace_id: str
    event: bytes
    outcome: asyncio.Future[Outcome]
    started: float = 0.0
    seconds: float = 0.0
    init_seconds: float | None = None
    cold: bool = False


def new_invocation(event: bytes, random_bits: Callable[[int], int]) -> Invocation:
    """Needs a running loop. The ids are unique, not secret: `uuid4` would ask the kernel for each."""
    digits = random_bits(224).to_bytes(28, "big").hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return Invocation(
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}",
        f"Root=1-{int(time.time()):08x}-{digits[32:]};Sampled=0",
        event,
        asyncio.get_running_loop().create_future(),
    )
