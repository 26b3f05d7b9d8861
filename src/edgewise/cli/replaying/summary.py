"""What a replay has to say at its end: as facts for `--json` and as lines for people. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import quantiles
from typing import Any

from edgewise.cli.accesslog import SkippedLine
from edgewise.cli.replaying.arrival import Arrival
from edgewise.cli.replaying.hosts import StrangeHost
from edgewise.cli.replaying.sending import Tally
from edgewise.cli.terminal import printable

_TOP = 5


def facts(
    tally: Tally, skipped: Sequence[SkippedLine], arrival: Arrival | None, strange: Sequence[StrangeHost] = ()
) -> dict[str, Any]:
    """The whole summary as one flat-enough object; `store` is null when no store was asked."""
    p50, p99 = _percentiles(tally)
    return {
        "sent": tally.sent,
        "answered": tally.answered,
        "unanswered": dict(tally.unanswered),
        "retried": tally.retried,
        "rewritten": tally.rewritten,
        "refused": tally.refused,
        "statuses": {str(status): n for status, n in sorted(tally.statuses.items())},
        "changed": [
            {"recorded": recorded, "now": now, "count": n, "first": tally.first_changed[recorded, now]}
            for (recorded, now), n in tally.changed.most_common()
        ],
        "unknown_hosts": {each.name: each.requests for each in strange},
        "seconds": round(tally.seconds, 3),
        "requests_per_second": round(_rate(tally), 1),
        "p50_ms": p50,
        "p99_ms": p99,
        "skipped": [{"reason": reason, "lines": lines} for reason, lines in _by_reason(skipped)],
        "store": arrival
        and {
            "expected": arrival.expected,
            "found": arrival.found,
            "missing": list(arrival.missing),
            "twice": list(arrival.twice),
            "without_request_id": arrival.anonymous,
        },
    }


def lines(tally: Tally, skipped: Sequence[SkippedLine]) -> Iterator[str]:
    """The summary of what was sent and answered, for people."""
    p50, p99 = _percentiles(tally)
    took = "" if p50 is None else f" · {_rate(tally):,.0f} a second · p50 {p50} ms · p99 {p99} ms"
    yield _line("sent", f"{tally.sent:,} in {tally.seconds:.1f} s")
    yield _line("answered", f"{tally.answered:,}{took}")
    yield _line("statuses", " · ".join(f"{first}xx {n:,}" for first, n in _classes(tally)) or "none")
    for (recorded, now), n in tally.changed.most_common(_TOP):
        yield _line("changed", f"{recorded} → {now}: {n:,}, first {tally.first_changed[recorded, now]}")
    if len(tally.changed) > _TOP:
        yield _line("", f"… and {len(tally.changed) - _TOP} more; --json names them all")
    for reason, n in tally.unanswered.most_common():
        yield _line("unanswered", f"{n:,}: {reason}")
    if tally.retried:
        yield _line("retried", f"{tally.retried:,} after the connection died")
    if tally.rewritten:
        yield _line(
            "rewritten", f"{tally.rewritten:,} with characters that HTTP does not allow, percent-encoded"
        )
    if tally.refused:
        yield _line(
            "refused", f"{tally.refused:,} that the CDN could not read as a request, and did not record"
        )
    for reason, numbers in _by_reason(skipped):
        shown = ", ".join(map(str, numbers[:_TOP])) + (", …" if len(numbers) > _TOP else "")
        yield _line("skipped", f"{len(numbers):,} × {reason}: line {shown}")


def host_lines(strange: Sequence[StrangeHost]) -> Iterator[str]:
    """The names that the site does not have, and what to do about them."""
    for each in strange[:_TOP]:
        yield _line("403", f"{each.requests:,}: {printable(each.why)}")
    if len(strange) > _TOP:
        yield _line("", f"… and {len(strange) - _TOP} more names; --json has them all")
    if strange:
        yield _line("", "--host NAME sends every request for a name that the site has")


def arrival_lines(arrival: Arrival | None, finished: bool) -> Iterator[str]:
    """What the store said, for people."""
    if not finished:
        yield _line("store", "not checked: interrupted")
    elif arrival is None:
        yield _line("store", "not checked: name it with --store")
    else:
        twice = f"{len(arrival.twice):,} twice" if arrival.twice else "none twice"
        yield _line("store", f"found in the store: {arrival.found:,} of {arrival.expected:,}, {twice}")
        if arrival.anonymous:
            yield _line("", f"{arrival.anonymous:,} answers had no X-Amz-Cf-Id to look for")
        yield from (_line("missing", request_id) for request_id in arrival.missing[:_TOP])
        yield from (_line("twice", request_id) for request_id in arrival.twice[:_TOP])


def _line(label: str, text: str) -> str:
    return f"{label:<11}{text}"


def _rate(tally: Tally) -> float:
    return tally.answered / tally.seconds if tally.seconds else 0.0


def _percentiles(tally: Tally) -> tuple[float | None, float | None]:
    """In milliseconds; None, None when nothing was answered."""
    if not tally.answered:
        return None, None
    if tally.answered == 1:
        only = round(tally.milliseconds[0], 2)
        return only, only
    cuts = quantiles(tally.milliseconds, n=100, method="inclusive")
    return round(cuts[49], 2), round(cuts[98], 2)


def _classes(tally: Tally) -> list[tuple[int, int]]:
    ordered = sorted(tally.statuses.items())
    return [
        (first, sum(n for _, n in group)) for first, group in groupby(ordered, lambda item: item[0] // 100)
    ]


def _by_reason(skipped: Sequence[SkippedLine]) -> list[tuple[str, list[int]]]:
    """Reasons with the numbers of their lines, the commonest first."""
    numbers: dict[str, list[int]] = {}
    for line in skipped:
        numbers.setdefault(line.reason, []).append(line.number)
    return sorted(numbers.items(), key=lambda item: -len(item[1]))
