"""Checks what the site says of the judge of a rollout: its rules, and how it asks for its evidence on AWS."""

from __future__ import annotations

from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.check_secret import check_secret
from edgewise.site.model import Judge, Log
from edgewise.site.raw import RawJudge

# The least and the most of each number that the judge is told.
JUDGE_RULES = {
    "false_rollback_percent": (0.01, 10),
    "least_requests": (1, 1_000_000),
    "least_visitors": (1, 1000),
    "least_difference_percent": (0, 100),
    "most_error_percent": (0.1, 99),
    "latency_factor": (1.05, 100),
    "fresh_minutes": (1, 1440),
    "settle_seconds": (1, 600),
}
_COUNTS = ("least_requests", "least_visitors")


def check_judge(context: Context, raw: RawJudge, log: Log | None) -> Judge:
    """What is said of the judge; the numbers that are not given are the judge's own."""
    rules = {
        key: _check_rule(context, key, given)
        for key in JUDGE_RULES
        if (given := getattr(raw, key)) is not None
    }
    if (raw.user is None) != (raw.password is None):
        context.problems.add("rollout.judge", "`user` and `password` go together", "Give both, or neither.")
    if raw.password is not None and (log is None or log.delivery != "openobserve"):
        context.problems.add(
            "rollout.judge.password",
            "this goes with the delivery `openobserve`",
            "The judge's function on AWS asks OpenObserve; elsewhere judge with `edgewise rollout watch`.",
        )
    if raw.user is not None and not limits.USER.fullmatch(raw.user):
        context.problems.add(
            "rollout.judge.user", "this cannot be used", "Expected a text without control characters."
        )
    region = log.region if log else limits.HOME_REGION
    password = check_secret(context, "rollout.judge.password", raw.password, region)
    return Judge(rules, raw.user or "", password)


def _check_rule(context: Context, key: str, given: float) -> float:
    least, most = JUDGE_RULES[key]
    if key in _COUNTS and least <= given <= most and given % 1:
        context.problems.add(f"rollout.judge.{key}", f"{given} is no whole number", "Expected a count.")
    if key == "latency_factor" and given == 0:
        return 0.0  # nothing is too slow
    return context.number(f"rollout.judge.{key}", given, given, least, most)
