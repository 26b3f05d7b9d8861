"""What happened to one request, collected while it walks: for the live line, records, logs and the inspector.

Only references are collected, nothing is copied or rendered before somebody asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from edgewise.cdn.cachekey import CacheKey, spelled
from edgewise.cdn.distribution import FunctionDefinition, Trigger
from edgewise.cdn.event import text
from edgewise.cdn.failure import Explanation, ResultType
from edgewise.cdn.message import Headers, Request
from edgewise.cdn.policies import CachePolicy
from edgewise.cdn.viewerfacts import ViewerFacts

# How the cache was asked: `pass` is a request that it is not asked for at all.
CacheOutcome = Literal["pass", "miss", "hit", "expired", "revalidated", "stale", "collapsed"]


@dataclass(slots=True)
class FunctionRun:
    """One invocation for a request; `error` is empty when it went well.

    `event` and `result` are the JSON texts that went in and came out; `request_id` is Lambda's own.
    """

    trigger: Trigger
    function: str
    milliseconds: float
    cold: bool
    error: str = ""
    request_id: str = ""
    event: bytes = b""
    result: bytes = b""
    explanation: Explanation | None = None
    definition: FunctionDefinition | None = None

    @property
    def file(self) -> str:
        """Where the handler is, empty if that is not known."""
        return str(self.definition.file) if self.definition else ""


@dataclass(slots=True)
class OriginExchange:
    """One request to an origin as it was sent, and what became of it; `status` 0 is no answer."""

    origin: str
    domain: str
    request: Request
    status: int
    headers: Headers
    milliseconds: float
    error: str = ""


@dataclass(slots=True)
class CacheLook:
    """What the cache said and why: `reason` is a sentence.

    `age` and `ttl` are in seconds, of the object that was found or stored; None when there is none. `nearest` is
    the key of another object with the same path.
    """

    outcome: CacheOutcome = "pass"
    reason: str = ""
    raw_key: CacheKey | None = None
    policy: CachePolicy | None = None
    nearest: CacheKey | None = None
    age: float | None = None
    ttl: float | None = None

    @property
    def key(self) -> list[tuple[str, str]]:
        """The parts of the key with their names; empty when the cache was not asked."""
        if self.raw_key is None or self.policy is None:
            return []
        return spelled(self.raw_key, self.policy)

    @property
    def explanation(self) -> str:
        """The reason, and for a miss what differs from the nearest object that is there."""
        if self.nearest is None or self.policy is None:
            return self.reason
        there = dict(spelled(self.nearest, self.policy))
        differing = [
            f"{name} is {value!r} here and {there.get(name, '')!r} there"
            for name, value in self.key
            if there.get(name, "") != value
        ]
        return f"{self.reason}; an object with the same path is, but its {', its '.join(differing)}"


@dataclass(slots=True)
class Trace:
    """One viewer request. `started` is in seconds since the epoch (of this machine); durations are in milliseconds.

    `status` 0 means that the viewer left before the answer, as CloudFront logs it. `result` is
    `x-edge-result-type`: what was done, `response_result` is `x-edge-response-result-type`: what was sent.
    """

    request_id: str
    started: float
    request: Request
    facts: ViewerFacts
    distribution_id: str
    distribution_domain: str
    edge_location: str
    region: str
    host: str = ""
    behavior: str = ""
    origin: str = ""
    status: int = 0
    result: ResultType = "Miss"
    response_result: ResultType = "Miss"
    detailed_result: str = ""
    content_length: int | None = None
    bytes_sent: int = 0
    duration_ms: float = 0.0
    first_byte_ms: float = 0.0
    detail: str = ""
    cache: CacheLook = field(default_factory=CacheLook)
    functions: list[FunctionRun] = field(default_factory=list)
    exchanges: list[OriginExchange] = field(default_factory=list)
    answer: Headers | None = None

    def aside(self) -> Trace:
        """A trace of its own for work that goes on after this one was told."""
        return Trace(
            self.request_id,
            self.started,
            self.request,
            self.facts,
            self.distribution_id,
            self.distribution_domain,
            self.edge_location,
            self.region,
            self.host,
        )

    def answered(self, name: str) -> str:
        """The value of a header of the answer (its name in lower case); empty when there is none."""
        return self.answer.get(name) if self.answer is not None else ""

    @property
    def functions_ms(self) -> float:
        return sum(run.milliseconds for run in self.functions)

    @property
    def cold_starts(self) -> int:
        return sum(run.cold for run in self.functions)


def access_record(trace: Trace) -> dict[str, Any]:
    """The record of the `access` stream: one per viewer request, whatever became of it."""
    request = trace.request
    record: dict[str, Any] = {
        "_timestamp": int(trace.started * 1_000_000),
        "record_id": f"{trace.request_id}:access",
        "request_id": trace.request_id,
        "schema": "access/1",
        "distribution_id": trace.distribution_id,
        "host": text(trace.host),
        "method": request.method,
        "path": text(request.uri),
        "query": text(request.query),
        "protocol": request.scheme,
        "status": trace.status,
        "bytes_sent": trace.bytes_sent,
        "bytes_received": request.received_bytes,
        "duration_ms": round(trace.duration_ms, 3),
        "first_byte_ms": round(trace.first_byte_ms, 3),
        "client_ip": request.viewer,
        "country": trace.facts.country,
        "user_agent": text(request.headers.get("user-agent")),
        "referrer": text(request.headers.get("referer")),
        "content_type": text(trace.answered("content-type")),
        "result": trace.result,
        "edge_location": trace.edge_location,
        "behavior": trace.behavior,
        "origin": trace.origin,
        "functions_ms": round(trace.functions_ms, 3),
        "cold_starts": trace.cold_starts,
    }
    for name in [name for name, value in record.items() if value == ""]:
        del record[name]
    return record
