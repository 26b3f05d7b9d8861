"""Queues say what comes into them.

On AWS an alarm says that the queue of a site's failed views is not empty; here nobody would look.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.sqs.models import SQSBackend

from edgewise.localaws.mends.replacing import replace

# Told the name of a queue, and why its new message is there as far as the message says it.
on_message: Callable[[str, str], None] | None = None

_send_message = SQSBackend.send_message


def _send(self: SQSBackend, queue_name: str, message_body: str, *more: Any, **named: Any) -> Any:
    message = _send_message(self, queue_name, message_body, *more, **named)
    if on_message is not None:
        on_message(queue_name, _reason(message_body, message.message_attributes))
    return message


def _reason(body: str, attributes: Any) -> str:
    """Of a rule's dead letter the error in its attributes, of a state machine's message its `reason`."""
    error = (attributes or {}).get("ERROR_MESSAGE")
    if error is not None:
        return str(error["StringValue"])
    try:
        content = json.loads(body)
    except ValueError:
        return ""
    reason = content.get("reason") if isinstance(content, dict) else None
    return reason if isinstance(reason, str) else ""


def apply() -> None:
    replace(SQSBackend, send_message=_send)
