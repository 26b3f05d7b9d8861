"""The function behind the balancer: prints what it was told, and the time, so that no cache is suspected."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from typing import Any

SHOWN = {
    "x-environment-born": "The environment at the edge began",
    "x-almanac-read": "It read the almanac",
    "x-saying": "Today's saying",
}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a load balancer. A target group that wants several values of a header has them in `multiValueHeaders`."""
    headers = event.get("headers") or {
        name: values[-1] for name, values in event["multiValueHeaders"].items()
    }
    rows = {what: headers.get(name, "(nothing)") for name, what in SHOWN.items()}
    rows["This function answered"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    answer = {
        "statusCode": 200,
        "statusDescription": "200 OK",
        "isBase64Encoded": False,
        "body": _page(rows),
    }
    name = "headers" if "headers" in event else "multiValueHeaders"
    kind = "text/html; charset=utf-8"
    return answer | {name: {"Content-Type": kind if name == "headers" else [kind]}}


def _page(rows: dict[str, str]) -> str:
    cells = "".join(
        f"<dt>{html.escape(what)}</dt><dd>{html.escape(value)}</dd>\n" for what, value in rows.items()
    )
    return f"<!doctype html>\n<html lang=en><title>Almanac</title>\n<h1>Almanac</h1>\n<dl>\n{cells}</dl>\n</html>\n"
