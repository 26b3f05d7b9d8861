"""Rules of EventBridge that send to a delivery stream, and dead letters.

moto knows no such target. As on AWS the event, or the part that `InputPath` names, becomes one record; what a target
does not take goes to its dead-letter queue with the error in its attributes, at once where trying again is no use: a
stream that is not there. Source: the EventBridge user guide, "Using dead-letter queues to process undelivered events".
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import ServiceException
from moto.events.models import Rule
from moto.firehose.models import firehose_backends
from moto.sqs.models import sqs_backends

from edgewise.localaws.mends.replacing import replace

_send_to_targets = Rule.send_to_targets


def _send(self: Rule, original_event: Any, transform_input: bool = True) -> None:
    streams = [target for target in self.targets if ":firehose:" in target["Arn"]]
    if streams and self.event_pattern.matches_event(original_event):
        event = _written(original_event)
        for target in streams:
            try:
                _to_stream(target, event)
            except Exception as error:
                _to_dead_letters(self, target, event, error)
    others = [target for target in self.targets if target not in streams]
    if others:
        everything, self.targets = self.targets, others
        try:
            _send_to_targets(self, original_event, transform_input)
        finally:
            self.targets = everything


def _written(event: Any) -> dict[str, Any]:
    """An event as targets see it: without what moto keeps beside it, its time in ISO 8601."""
    shown = {key: value for key, value in event.items() if key not in ("replay-name", "ingestion-time")}
    if not isinstance(shown["time"], str):
        shown["time"] = datetime.fromtimestamp(float(shown["time"]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return shown


def _to_stream(target: dict[str, Any], event: dict[str, Any]) -> None:
    _, _, _, region, account, resource = target["Arn"].split(":", 5)
    selected: Any = event
    for step in target.get("InputPath", "$").split(".")[1:]:
        selected = selected[step]
    data = json.dumps(selected, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    firehose_backends[account][region].put_record(resource.rpartition("/")[2], {"Data": data})


def _to_dead_letters(rule: Rule, target: dict[str, Any], event: dict[str, Any], error: Exception) -> None:
    queue = target.get("DeadLetterConfig", {}).get("Arn")
    if queue is None:
        return  # as on AWS: without a queue it is dropped
    _, _, _, region, account, name = queue.split(":", 5)
    code = "SDK_CLIENT_ERROR"
    if isinstance(error, ServiceException):
        code = "RESOURCE_NOT_FOUND" if "NotFound" in type(error).__name__ else code
    attributes = {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": code,
        "ERROR_MESSAGE": str(error) or type(error).__name__,
    }
    sqs_backends[account][region].send_message(
        name,
        json.dumps(event),
        message_attributes={
            key: {"DataType": "String", "StringValue": value} for key, value in attributes.items()
        },
    )


def apply() -> None:
    replace(Rule, send_to_targets=_send)
