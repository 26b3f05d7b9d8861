"""The built-in log step: one record when a visitor's request arrives, one when its origin answers.

It collects facts; what is masked in them is `privacy.py`'s, how they are typed and cut `record.py`'s, how they leave
the delivery's.
"""

from __future__ import annotations

from .privacy import Privacy, make_keys
from .record import HEADER_BYTES, SCHEMA, TEXT, build_record
from .sampling import is_sampled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .delivery import Delivery
    from .environment import Environment
    from .request import Request
    from .response import Response
    from .settings import Settings

    Facts = dict[str, Any]

_LOGGED = ("viewer-request", "origin-response")
# A tablet counts as a mobile viewer too, so the narrower name comes first.
_DEVICES = {
    "cloudfront-is-smarttv-viewer": "smart-tv",
    "cloudfront-is-tablet-viewer": "tablet",
    "cloudfront-is-mobile-viewer": "mobile",
    "cloudfront-is-desktop-viewer": "desktop",
}
_COUNTERS = ("sent", "dropped")  # of a delivery
_COUNTERS_OF_NETWORK = ("sent", "dropped", "retried", "waited_ms", "batch_age_ms")


class Log:
    """Opens a record before the steps run and closes it when they have run."""

    __slots__ = (
        "_can_read_key",
        "_counters",
        "_delivery",
        "_environment",
        "_privacy",
        "_sample",
        "_settings_hash",
        "_text_fields",
    )

    def __init__(self, delivery: Delivery, environment: Environment, settings: Settings) -> None:
        """`settings` have a log."""
        assert settings.log is not None
        self._delivery = delivery
        self._counters = _COUNTERS if settings.log["delivery"] == "stdout" else _COUNTERS_OF_NETWORK
        self._environment = environment
        self._settings_hash = settings.hash
        self._sample: float = settings.log["sample"]
        self._privacy = Privacy(settings.log["privacy"], make_keys(settings.log, environment))
        self._can_read_key = True
        self._text_fields = TEXT | {field: HEADER_BYTES for _, field in self._privacy.headers}

    def open(self, request: Request) -> Facts | None:
        """What the visitor asked for, before a step changes it; None at a trigger that is not logged."""
        return self._request_facts(request) if request.trigger in _LOGGED else None

    def close(self, facts: Facts | None, request: Request, answer: Response | None, context: Any) -> None:
        """Make the record and deliver it, unless it is left out of the sample; a failure or an error is always told.

        A trigger that is not logged gets a record only to report a failure.
        """
        environment = self._environment
        status = None if answer is None else answer.status
        sample = 1.0 if environment.failure or (status or 0) >= 400 else self._sample
        if (facts is None and not environment.failure) or not is_sampled(request.request_id, sample):
            return
        facts = facts or self._request_facts(request)
        self._mask(facts)
        if answer is not None:
            facts["status"] = status if 0 <= answer.status <= 999 else None
            facts["content_type"] = _value(answer.event["headers"], "content-type")
        memory, delivery = environment.memory, self._delivery
        for name in self._counters:
            facts[name] = getattr(delivery, name)
        if memory.hits or memory.misses:
            facts.update(memory_hits=memory.hits, memory_misses=memory.misses)
        facts.update(
            record_id=_record_id(request, context),
            _timestamp=environment.entered,
            schema=SCHEMA,
            duration_ms=environment.elapsed_ms(),
            sample_rate=sample,
            region=environment.region,
            function_version=environment.function_version,
            settings_hash=self._settings_hash,
            environment_id=environment.environment_id,
            environment_age_ms=environment.age_ms(),
            invocation=environment.invocation,
            cold=environment.invocation == 1,
            failed_steps=environment.failed_steps,
            failure=environment.failure,
        )
        record = build_record(facts, self._text_fields)
        environment.failure = ""
        delivery.deliver(record, context.get_remaining_time_in_millis())

    def _mask(self, facts: Facts) -> None:
        """Without the site's key the record goes without what needs it; that is told when it begins."""
        try:
            self._privacy.mask(facts, self._environment.entered)
            self._can_read_key = True
        except Exception as fault:
            if self._can_read_key:
                self._environment.note_failure("privacy", fault)
            self._can_read_key = False

    def _request_facts(self, request: Request) -> Facts:
        headers = request.event["headers"]
        facts: Facts = {
            "request_id": request.request_id,
            "trigger": request.trigger,
            "distribution_id": request.distribution_id,
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "client_ip": request.client_ip,
            "host": _value(headers, "host"),
            "user_agent": _value(headers, "user-agent"),
            "referrer": _value(headers, "referer"),
            "language": _value(headers, "accept-language"),
        }
        for name, field in self._privacy.headers:
            facts[field] = _value(headers, name)
        if request.trigger.startswith("origin-"):
            _correct_origin_side(facts, request)
        return facts


def _record_id(request: Request, context: Any) -> str:
    """With origin failover one visitor's request reaches an origin trigger twice, with one request id."""
    # Without the former, which CloudFront always sends, records would take each other for duplicates.
    record_id = f"{request.request_id or context.aws_request_id}:{request.trigger}"
    return f"{record_id}:{context.aws_request_id[:8]}" if request.trigger.startswith("origin-") else record_id


def _value(headers: Any, name: str) -> Any:
    """The first value of a header; None also where the map has not the shape that CloudFront gives it."""
    try:
        entries = headers.get(name)
        return entries[0]["value"] if entries else None
    except (LookupError, TypeError, AttributeError):
        return None


def _correct_origin_side(facts: Facts, request: Request) -> None:
    """Leave out what CloudFront put in the visitor's place, and take what it knows about the visitor.

    Its own headers can be believed here alone: at viewer triggers they are whatever the visitor sent.
    """
    headers, origin = request.event["headers"], request.origin
    if facts["user_agent"] == "Amazon CloudFront":
        facts["user_agent"] = None
    kinds = origin.values() if isinstance(origin, dict) else ()
    if any(isinstance(kind, dict) and facts["host"] == kind.get("domainName") for kind in kinds):
        facts["host"] = None
    facts["country"] = _value(headers, "cloudfront-viewer-country")
    devices = (device for name, device in _DEVICES.items() if _value(headers, name) == "true")
    facts["device"] = next(devices, None)
