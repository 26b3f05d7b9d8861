"""The built-in log step: one record when a visitor's request arrives, one when its origin answers, or a step for it.

It collects facts; what is masked in them is `privacy.py`'s, how they are typed and cut `record.py`'s, how they leave
the delivery's.
"""

from __future__ import annotations

from .headers import value_of
from .origin_side import COUNTRY, OF_CLOUDFRONT, is_origins, told_devices
from .privacy import Privacy, make_keys
from .record import HEADER_BYTES, SCHEMA, TEXT, build_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .delivery import Delivery
    from .environment import Environment
    from .record import Record
    from .request import Request
    from .response import Response
    from .settings import Settings

    Facts = dict[str, Any]

_LOGGED = ("viewer-request", "origin-response")
_COUNTERS = ("sent", "dropped")  # of a delivery
_COUNTERS_OF_NETWORK = ("sent", "dropped", "retried", "waited_ms", "batch_age_ms")


class Log:
    """Opens a record before the steps run and closes it when they have run."""

    def __init__(self, delivery: Delivery, environment: Environment, settings: Settings) -> None:
        """`settings` have a log."""
        assert settings.log is not None
        self._delivery = delivery
        self._counters = _COUNTERS if settings.log["delivery"] == "stdout" else _COUNTERS_OF_NETWORK
        self._environment = environment
        self._sample: float = settings.log["sample"]
        self._constant = build_record(
            {
                "schema": SCHEMA,
                "region": environment.region,
                "function_version": environment.function_version,
                "settings_hash": settings.hash,
                "environment_id": environment.environment_id,
            }
        )
        privacy = settings.log["privacy"]
        self._privacy = Privacy(privacy, make_keys(privacy["key"], settings.log, environment))
        self._can_read_key = True
        self._text_fields = TEXT | {field: HEADER_BYTES for _, field in self._privacy.headers}

    def open(self, request: Request) -> Facts | None:
        """What the visitor asked for, before a step changes it; None at a trigger that is not logged."""
        return self._request_facts(request) if request.trigger in _LOGGED else None

    def close(self, facts: Facts | None, request: Request, answer: Response | None, context: Any) -> None:
        """Make the record and deliver it, unless it is left out of the sample; a failure or an error is always told.

        A trigger that is not logged gets a record only to report a failure, or an answer that no other trigger sees.
        """
        environment = self._environment
        status = 0 if answer is None else answer.status
        # What is answered at origin-request, CloudFront does not show to origin-response.
        has_cause = (
            facts is not None or environment.failure or (status and request.trigger == "origin-request")
        )
        sample = 1.0 if environment.failure or status >= 400 else self._sample
        # Without CloudFront's id, which it always sends, records would take each other for duplicates.
        request_id = request.request_id or context.aws_request_id
        if not has_cause or not is_sampled(request_id, sample):
            return
        facts = facts or self._request_facts(request)
        has_waited = self._mask(facts)
        if answer is not None:
            facts["status"] = status if 0 < status <= 999 else None
            facts["content_type"] = value_of(answer.event["headers"], "content-type")
        facts["record_id"] = _record_id(request_id, request.trigger, context)
        facts["failure"] = environment.failure
        facts |= environment.noted
        record = self._constant | build_record(facts, self._text_fields)
        record["sample_rate"] = sample
        self._add_numbers(record)
        environment.failure = ""
        self._delivery.deliver(record, 0.0 if has_waited else environment.remaining_ms())

    def _add_numbers(self, record: Record) -> None:
        """What the environment has counted."""
        environment = self._environment
        record["_timestamp"] = environment.entered
        record["duration_ms"] = environment.elapsed_ms()
        record["environment_age_ms"] = environment.age_ms()
        record["invocation"] = environment.invocation
        record["cold"] = environment.invocation == 1
        record["failed_steps"] = environment.failed_steps
        if environment.memory.hits or environment.memory.misses:
            record["memory_hits"] = environment.memory.hits
            record["memory_misses"] = environment.memory.misses
        for name in self._counters:
            record[name] = getattr(self._delivery, name)
        if self._delivery.drop_reason:
            record["drop_reason"] = self._delivery.drop_reason

    def _mask(self, facts: Facts) -> bool:
        """Whether the visitor waited for the site's key: then nothing else is waited for.

        Without the key the record goes without what needs it; that is told when it begins.
        """
        environment = self._environment
        loads = environment.memory.loads
        try:
            self._privacy.mask(facts, environment.entered)
            self._can_read_key = True
        except Exception as fault:
            if self._can_read_key:
                environment.note_failure("privacy", fault)
            self._can_read_key = False
        return environment.memory.loads > loads

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
            "host": value_of(headers, "host"),
            "user_agent": value_of(headers, "user-agent"),
            "referrer": value_of(headers, "referer"),
            "language": value_of(headers, "accept-language"),
        }
        for name, field in self._privacy.headers:
            facts[field] = value_of(headers, name)
        if request.trigger.startswith("origin-"):
            _correct_origin_side(facts, request)
        return facts


def is_sampled(request_id: str, rate: float) -> bool:
    """Whether the request belongs to the share `rate` (0 to 1): by its id, so that the records of one request, made in
    different functions and regions, are kept or left out together. CloudFront makes the ids; no visitor can choose."""
    if rate >= 1:
        return True
    import binascii  # here, for most sites keep all

    return binascii.crc32(request_id.encode("utf-8", "replace")) < rate * 0x1_0000_0000


def _record_id(request_id: str, trigger: str, context: Any) -> str:
    """With origin failover one visitor's request reaches an origin trigger twice, with one request id."""
    if trigger.startswith("origin-"):
        return f"{request_id}:{trigger}:{context.aws_request_id[:8]}"
    return f"{request_id}:{trigger}"


def _correct_origin_side(facts: Facts, request: Request) -> None:
    """Leave out what CloudFront put in the visitor's place, and take what it knows about the visitor."""
    headers = request.event["headers"]
    if facts["user_agent"] == OF_CLOUDFRONT:
        facts["user_agent"] = None
    if is_origins(facts["host"], request.origin):
        facts["host"] = None
    facts["country"] = value_of(headers, COUNTRY)
    facts["device"] = next(iter(told_devices(headers)), None)
