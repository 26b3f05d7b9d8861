"""What happened to one request, collected while it walks, for the live line and the access record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from edgewise.cdn.distribution import Trigger
from edgewise.cdn.event import text
from edgewise.cdn.failure import ResultType
from edgewise.cdn.message import Request


@dataclass(frozen=True, slots=True)
class FunctionRun:
    """One invocation for a request; `error` is empty when it went well."""

    trigger: Trigger
    milliseconds: float
    cold: bool
    error: str = ""


@dataclass(slots=True)
class Trace:
    """One viewer request. `started` is in seconds since the epoch; durations are in milliseconds.

    `status` 0 means that the viewer left before the answer, as CloudFront logs it.
    """

    request_id: str
    started: float
    request: Request
    distribution_id: str
    edge_location: str
    host: str = ""
    behavior: str = ""
    origin: str = ""
    status: int = 0
    result: ResultType = "Miss"
    content_type: str = ""
    bytes_sent: int = 0
    duration_ms: float = 0.0
    first_byte_ms: float = 0.0
    detail: str = ""
    functions: list[FunctionRun] = field(default_factory=list)

    @property
    def functions_ms(self) -> float:
        return sum(run.milliseconds for run in self.functions)

    @property
    def cold_starts(self) -> int:
        return sum(run.cold for run in self.functions)


def access_record(trace: Trace) -> dict[str, Any]:
    """The record of the `access` stream: one per viewer request, whatever became of it."""
    request = trace.request
    record = {
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
        "user_agent": text(request.headers.get("user-agent")),
        "referrer": text(request.headers.get("referer")),
        "content_type": text(trace.content_type),
        "result": trace.result,
        "edge_location": trace.edge_location,
        "behavior": trace.behavior,
        "origin": trace.origin,
        "functions_ms": round(trace.functions_ms, 3),
        "cold_starts": trace.cold_starts,
    }
    return {name: value for name, value in record.items() if value != ""}
