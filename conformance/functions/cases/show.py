"""Cases that show what a function was given, and in which order functions ran."""

import base64
import json
from typing import Any

# What a case returns that only edits: the message passes on.
DONE = object()
Cf = dict[str, Any]


def event(cf: Cf, context: Any) -> Any:
    """Hand the event itself to the viewer: as a body where there can be one, else as a header."""
    text = json.dumps(cf)
    trigger = cf["config"]["eventType"]
    if trigger == "viewer-response":
        packed = base64.b64encode(text.encode()).decode()
        cf["response"]["headers"]["x-event"] = [{"key": "X-Event", "value": packed}]
        return DONE
    if trigger == "origin-response":
        cf["response"]["body"] = text
        return DONE
    return generated("200", text)


def generated(status: Any, body: str = "", **more: Any) -> dict[str, Any]:
    """A response of the function's own."""
    headers = {"content-type": [{"key": "Content-Type", "value": "application/json"}]}
    return {"status": status, "headers": headers, "body": body, **more}


def trail(cf: Cf, context: Any) -> Any:
    """Add this trigger's name to a header: of the request on its way in, of the response on its way out."""
    trigger = cf["config"]["eventType"]
    headers = cf[trigger.partition("-")[2]]["headers"]
    before = [entry["value"] for entry in headers.get("x-trail", [])]
    headers["x-trail"] = [{"key": "X-Trail", "value": " ".join([*before, trigger])}]
    return DONE


def mark(cf: Cf, context: Any, value: str = "") -> Any:
    """Leave a header that says which trigger and which invocation of it was here."""
    trigger = cf["config"]["eventType"]
    value = value or context.aws_request_id
    cf[trigger.partition("-")[2]]["headers"][f"x-{trigger}"] = [{"value": value}]
    return DONE


def asked(cf: Cf, context: Any) -> Any:
    """Tell the origin which origin the event named, and whose request it is."""
    (origin,) = cf["request"]["origin"].values()
    named = origin["domainName"] + origin["path"]
    cf["request"]["headers"]["x-asked"] = [{"key": "X-Asked", "value": named}]
    cf["request"]["headers"]["x-id"] = [{"key": "X-Id", "value": cf["config"]["requestId"]}]
    return DONE


CASES = {"event": event, "trail": trail, "mark": mark, "asked": asked}
