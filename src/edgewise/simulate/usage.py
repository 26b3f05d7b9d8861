"""What AWS counts of a delivery's work in one region, before any price."""

from __future__ import annotations

from dataclasses import dataclass

HOME = "us-east-1"  # where functions are deployed, and the region of a service where the site names none
FIREHOSE_BYTES = 5 * 1024  # each record is rounded up to these (Firehose's pricing page)
EVENT_BYTES = 64 * 1024  # of an event's payload count as one event (EventBridge's pricing page)
# What Lambda itself writes about one invocation: START, END and REPORT, as in the Lambda Developer Guide's "Viewing
# CloudWatch logs for Python functions", with a version and times of usual length, and their line ends.
_ID = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"
PLATFORM_BYTES = len(
    f"START RequestId: {_ID} Version: 12\n"
    f"END RequestId: {_ID}\n"
    f"REPORT RequestId: {_ID}\tDuration: 1.74 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 56 MB\t\n"
)


@dataclass(slots=True)
class Usage:
    """Of the functions: invocations, milliseconds billed, bytes that they wrote. Of the services: what they took."""

    invocations: int = 0
    billed_ms: int = 0
    log_bytes: int = 0
    firehose_bytes: int = 0
    partitioned_bytes: int = 0
    executions: int = 0
    events: int = 0
