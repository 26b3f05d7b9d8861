"""The life of one execution environment, as a table.

    starting ──ready──► idle ──invoke──► busy ──answered──► idle
        │                 │                │
        └──────fail───────┴─────fail───────┴──────► gone

An environment serves one invocation at a time and is frozen while it is idle. A function that crashes, times
out or does not start takes its process with it; Lambda resets such an environment and starts it again within the
next invocation, under the function's timeout. Here that is a new environment with the same log stream. Source:
Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle".
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    GONE = "gone"


_NEXT = {
    (State.STARTING, "ready"): State.IDLE,
    (State.IDLE, "invoke"): State.BUSY,
    (State.BUSY, "answered"): State.IDLE,
    (State.STARTING, "fail"): State.GONE,
    (State.IDLE, "fail"): State.GONE,
    (State.BUSY, "fail"): State.GONE,
}


class IllegalTransition(Exception):
    """An event came in a state where it cannot; the runtime client broke the protocol, or we did."""


def after(state: State, event: str) -> State:
    """The state that follows; raises `IllegalTransition`, and then nothing has changed."""
    try:
        return _NEXT[state, event]
    except KeyError:
        raise IllegalTransition(f"{event!r} while {state}") from None
