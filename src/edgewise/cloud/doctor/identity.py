"""Who we are to AWS, and whether our clock agrees with its: a request that is signed minutes off is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

from edgewise.cloud.asking import called
from edgewise.cloud.clients import Clients
from edgewise.cloud.doctor.finding import Finding
from edgewise.cloud.errors import CloudError

# Signatures are good for five minutes ("Signature Version 4" in the IAM User Guide).
_REFUSED_S: Final = 300
_WORTH_A_WORD_S: Final = 60


@dataclass(frozen=True, slots=True)
class Identity:
    """The account's number, and the ARN of who asks."""

    account: str
    arn: str


def who_am_i(aws: Clients, clock: Callable[[], float] = time.time) -> tuple[Identity | None, list[Finding]]:
    """Ask AWS who we are; the answer's date, which an error has too, is AWS's clock."""
    dates: list[tuple[str, float]] = []

    def note(http_response: Any, **other: Any) -> None:
        dates.append((http_response.headers.get("date", ""), clock()))

    identity, findings = None, []
    try:
        client = aws("sts")
        client.meta.events.register("after-call.sts.GetCallerIdentity", note)
        answer = called("AWS", client.get_caller_identity)
        identity = Identity(answer["Account"], answer["Arn"])
        findings.append(Finding("credentials", "ok", f"{identity.arn} of account {identity.account}"))
    except CloudError as error:
        findings.append(Finding("credentials", "error", error.message, error.hint or ""))
    if not dates:
        return identity, [
            *findings,
            Finding("clock", "unknown", "AWS's clock was not heard: it gave no answer"),
        ]
    return identity, [*findings, *_skew(*dates[-1])]


def _skew(date: str, here: float) -> list[Finding]:
    try:
        off = here - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return [Finding("clock", "unknown", "AWS's answer has no date")]
    how = f"this machine's clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} AWS's"
    if abs(off) < _WORTH_A_WORD_S:
        return [Finding("clock", "ok", "this machine's clock agrees with AWS's")]
    level: Any = "error" if abs(off) >= _REFUSED_S else "warning"
    return [
        Finding("clock", level, how, "AWS refuses requests that are signed five minutes off: set the clock.")
    ]
