"""Runs rules side by side and judges each."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from conformance.client import NoAnswer
from conformance.kit import Kit
from conformance.rule import Failed, Rule
from conformance.target import Target

WORKERS = 24  # rules at a time; most of them wait for a cache to grow old
LIMIT = 240.0  # seconds; an address that has stopped to answer does not hold the run for hours


@dataclass(frozen=True, slots=True)
class Result:
    """How a rule fared. `passed` is None when it was skipped."""

    rule: Rule
    passed: bool | None
    expected: str = ""
    seen: str = ""
    seconds: float = 0.0


def run(rules: Sequence[Rule], target: Target, workers: int = WORKERS) -> list[Result]:
    """Judge these rules; the results are in their order."""
    name = secrets.token_hex(4)
    until = time.monotonic() + LIMIT

    def in_time(rule: Rule) -> Result:
        if time.monotonic() > until:
            return Result(
                rule, False, f"a run of at most {LIMIT:.0f} seconds", "its time was over before this rule"
            )
        return judge(rule, target, name)

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(in_time, rules))


def judge(rule: Rule, target: Target, name: str) -> Result:
    """Judge one rule. A rule that trips over an unexpected answer fails, and says over what."""
    if rule.local and not target.local:
        return Result(rule, None)
    began = time.monotonic()
    try:
        rule.check(Kit(target.client, target.reports, name, rule.name))
    except Failed as failed:
        return Result(rule, False, failed.expected, failed.seen, time.monotonic() - began)
    except NoAnswer as error:
        return Result(rule, False, "an answer", str(error), time.monotonic() - began)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        seen = f"{type(error).__name__}: {error}"
        return Result(rule, False, "an answer of the expected form", seen, time.monotonic() - began)
    return Result(rule, True, seconds=time.monotonic() - began)
