"""Checks the alarms: who is told, and numbers in their ranges."""

from __future__ import annotations

from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.model_alarms import Alarms
from edgewise.site.problems import shown
from edgewise.site.raw_alarms import RawAlarms

_MOST = 1_000_000


def check_alarms(context: Context, raw: RawAlarms) -> Alarms:
    """The alarms, their defaults filled in."""
    _check_told(context, raw)
    return Alarms(
        email=raw.email,
        topic=raw.topic,
        error_percent=context.number("alarms.error_percent", raw.error_percent, 5, 0, 100),
        least_requests=context.whole("alarms.least_requests", raw.least_requests, 20, (1, _MOST)),
        function_errors=context.number("alarms.function_errors", raw.function_errors, 0, 0, _MOST),
        duration_ms=context.number(
            "alarms.duration_ms", raw.duration_ms, 1000, 1, limits.ORIGIN_TIMEOUT_S * 1000
        ),
        dropped=context.number("alarms.dropped", raw.dropped, 0, 0, _MOST),
        dashboard=raw.dashboard is not False,
        more_metrics=bool(raw.more_metrics),
    )


def _check_told(context: Context, raw: RawAlarms) -> None:
    if (raw.email is None) == (raw.topic is None):
        context.problems.add(
            "alarms",
            "alarms tell either `email` or `topic`, and here are "
            + ("neither" if raw.email is None else "both"),
            'For example: email = "ops@example.com".',
        )
    if raw.email is not None and not limits.EMAIL.fullmatch(raw.email):
        context.problems.add(
            "alarms.email", f"{shown(raw.email)} is no address of a mail", "For example: ops@example.com."
        )
    found = limits.TOPIC.fullmatch(raw.topic or "")
    if raw.topic is not None and not found:
        context.problems.add(
            "alarms.topic",
            f"{shown(raw.topic)} is not the ARN of a topic",
            f"Expected arn:aws:sns:{limits.HOME_REGION}:ACCOUNT:NAME; one that ends in .fifo takes no alarms.",
        )
    elif found and found["region"] != limits.HOME_REGION:
        context.problems.add(
            "alarms.topic",
            f"the topic is in {found['region']}",
            f"An alarm rings in its own region alone, and the site's are in {limits.HOME_REGION}.",
        )
