"""Lines of the real-time log and batches of Firehose's, as the transforming function meets them."""

from __future__ import annotations

import base64
import json
from typing import Any

from edgewise.realtime import in_order

ID = "SOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ=="
VALUES = {
    "timestamp": "1759687234.191",
    "c-ip": "203.0.113.77",
    "time-to-first-byte": "0.253",
    "sc-status": "404",
    "sc-bytes": "783",
    "cs-method": "GET",
    "cs-protocol": "https",
    "cs-host": "www.example.com",
    "cs-uri-stem": "/caf%C3%A9;jsessionid=1/a%2520b?page=2&token=secret",
    "cs-bytes": "201",
    "x-edge-location": "FRA56-P2",
    "x-edge-request-id": ID,
    "time-taken": "0.254",
    "cs-user-agent": "Mozilla/5.0%20(X11)",
    "cs-referer": "https://user:pass@example.com/?page=1&mail=a%2540b",
    "cs-uri-query": "page=2&token=secret",
    "x-forwarded-for": "198.51.100.7,%20203.0.113.77",
    "x-edge-result-type": "Error",
    "sc-content-type": "text/html;%20charset=utf-8",
    "c-country": "DE",
    "cache-behavior-path-pattern": "*",
    "cs-headers": "User-Agent:Mozilla/5.0%20(X11)%0AX-App:seven%0ACookie:session=1%0Ax-app:8%0AX-Ap",
    "primary-distribution-id": "EMLARXS9EXAMPLE",
}
FIELDS = in_order(VALUES)


def line(**changes: str) -> str:
    values = VALUES | {name.replace("_", "-"): value for name, value in changes.items()}
    return "\t".join(values[name] for name in FIELDS) + "\n"


def batch(*records: str | bytes) -> dict[str, Any]:
    """What Firehose hands over."""
    data = [one.encode() if isinstance(one, str) else one for one in records]
    return {
        "invocationId": "i-1",
        "deliveryStreamArn": "arn:aws:firehose:us-east-1:111122223333:deliverystream/shop-real-time",
        "sourceKinesisStreamArn": "arn:aws:kinesis:us-east-1:111122223333:stream/shop-real-time",
        "region": "us-east-1",
        "records": [
            {"recordId": f"r-{number}", "data": base64.b64encode(one).decode()}
            for number, one in enumerate(data)
        ],
    }


def made(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """All records of an answer, which has each on a line with its end."""
    text = b"".join(base64.b64decode(one["data"]) for one in answer["records"] if one["result"] == "Ok")
    assert not text or text.endswith(b"\n")
    return [json.loads(each) for each in text.splitlines()]
