"""Lines as functions at the edge write them, for tests of what reads them."""

from __future__ import annotations

import json
from typing import Any

VIEWER = "/aws/lambda/us-east-1.shop-viewer"
ORIGIN = "/aws/lambda/us-east-1.shop-origin"


def record(request_id: str, **fields: Any) -> str:
    return json.dumps({"schema": "edge/1", "request_id": request_id, **fields})


def invocation(lambda_id: str, *messages: str, init_ms: float | None = None, status: str = "") -> list[str]:
    """What a stream has of one invocation, Lambda's own lines around what the function prints."""
    report = (
        f"REPORT RequestId: {lambda_id}\tDuration: 1.25 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 35 MB\t"
    )
    if init_ms is not None:
        report += f"Init Duration: {init_ms:.2f} ms\t"
    return [
        *(["INIT_START Runtime Version: python:3.13.v1\n"] if init_ms is not None else []),
        f"START RequestId: {lambda_id} Version: 7\n",
        *(f"{one}\n" for one in messages),
        f"END RequestId: {lambda_id}\n",
        report + (f"Status: {status}" if status else "") + "\n",
    ]
