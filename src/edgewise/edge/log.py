"""The built-in log step: one record when a visitor's request arrives, one when its origin answers.

It collects facts; how they are typed and cut is `record.py`'s, how they leave is the delivery's.
"""

from __future__ import annotations

from .record import SCHEMA, build_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .delivery import Delivery
    from .environment import Environment
    from .request import Request
    from .response import Response

    Facts = dict[str, Any]

_LOGGED = ("viewer-request", "origin-response")
# A tablet counts as a mobile viewer too, so the narrower name comes first.
_DEVICES = {"smarttv": "smart-tv", "tablet": "tablet", "mobile": "mobile", "desktop": "desktop"}


class Log:
    """Opens a record before the steps run and closes it when they have run."""

    __slots__ = ("_delivery", "_environment", "_settings_hash")

    def __init__(self, delivery: Delivery, environment: Environment, settings_hash: str | None) -> None:
        self._delivery = delivery
        self._environment = environment
        self._settings_hash = settings_hash

    def open(self, request: Request) -> Facts | None:
        """What the visitor asked for, before a step changes it; None at a trigger that is not logged."""
        return _request_facts(request) if request.trigger in _LOGGED else None

    def close(self, facts: Facts | None, request: Request, answer: Response | None, context: Any) -> None:
        """Make the record and deliver it. A trigger that is not logged gets one only to report a failure."""
        environment = self._environment
        if facts is None and not environment.failure:
            return
        facts = facts or _request_facts(request)
        if answer is not None:
            facts["status"] = answer.status
            facts["content_type"] = answer.headers.get("content-type")
        facts.update(
            record_id=_record_id(request, context),
            _timestamp=environment.entered,
            schema=SCHEMA,
            duration_ms=environment.elapsed_ms(),
            region=environment.region,
            function_version=environment.function_version,
            settings_hash=self._settings_hash,
            environment_id=environment.environment_id,
            environment_age_ms=environment.age_ms(),
            invocation=environment.invocation,
            cold=environment.invocation == 1,
            sent=self._delivery.sent,
            dropped=self._delivery.dropped,
            failed_steps=environment.failed_steps,
            failure=environment.failure,
        )
        record = build_record(facts)
        environment.failure = ""
        self._delivery.deliver(record, context.get_remaining_time_in_millis())


def _record_id(request: Request, context: Any) -> str:
    """With origin failover one visitor's request reaches an origin trigger twice, with one request id."""
    # Without the former, which CloudFront always sends, records would take each other for duplicates.
    record_id = f"{request.request_id or context.aws_request_id}:{request.trigger}"
    return f"{record_id}:{context.aws_request_id[:8]}" if request.trigger.startswith("origin-") else record_id


def _request_facts(request: Request) -> Facts:
    header = request.headers.get
    facts: Facts = {
        "request_id": request.request_id,
        "trigger": request.trigger,
        "distribution_id": request.distribution_id,
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "client_ip": request.client_ip,
        "host": header("host"),
        "user_agent": header("user-agent"),
        "referrer": header("referer"),
        "language": header("accept-language"),
    }
    if request.trigger.startswith("origin-"):
        _correct_origin_side(facts, request)
    return facts


def _correct_origin_side(facts: Facts, request: Request) -> None:
    """Leave out what CloudFront put in the visitor's place, and take what it knows about the visitor.

    Its own headers can be believed here alone: at viewer triggers they are whatever the visitor sent.
    """
    header = request.headers.get
    if facts["user_agent"] == "Amazon CloudFront":
        facts["user_agent"] = None
    if any(facts["host"] == origin.get("domainName") for origin in (request.origin or {}).values()):
        facts["host"] = None
    facts["country"] = header("cloudfront-viewer-country")
    devices = (
        device for name, device in _DEVICES.items() if header(f"cloudfront-is-{name}-viewer") == "true"
    )
    facts["device"] = next(devices, None)
