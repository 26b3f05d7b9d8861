"""From results to a score, a verdict and what is printed. Nothing here asks anybody anything."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.rule import Rule
from conformance.run import Result

KNOWN = Path(__file__).with_name("known.toml")


@dataclass(frozen=True, slots=True)
class Score:
    """How many of the scored rules hold. Doubtful and skipped rules are counted beside it."""

    passed: int
    scored: int
    doubtful: int = 0
    doubtful_passed: int = 0
    skipped: int = 0

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means all of them."""
        return 100 * self.passed // self.scored if self.scored else 100


def score(results: Sequence[Result]) -> Score:
    judged = [result for result in results if result.passed is not None]
    scored = [result for result in judged if not result.rule.doubtful]
    doubtful = [result for result in judged if result.rule.doubtful]
    return Score(
        passed=sum(result.passed is True for result in scored),
        scored=len(scored),
        doubtful=len(doubtful),
        doubtful_passed=sum(result.passed is True for result in doubtful),
        skipped=len(results) - len(judged),
    )


def by_group(results: Sequence[Result]) -> dict[str, Score]:
    """The score of each group, in the order of the rules."""
    names = dict.fromkeys(result.rule.group for result in results)
    return {name: score([each for each in results if each.rule.group == name]) for name in names}


def read_known(file: Path, rules: Sequence[Rule]) -> dict[str, str]:
    """The known deviations: rule to reason. Raises ValueError for an unknown rule, and for one without a reason."""
    known = tomllib.loads(file.read_text(encoding="utf-8"))
    names = {rule.name for rule in rules}
    for name, reason in known.items():
        if name not in names:
            raise ValueError(f"{file.name} lists {name!r}, which is no rule")
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError(f"{file.name} gives no reason for {name!r}")
    return known


@dataclass(frozen=True, slots=True)
class Verdict:
    """`failed` are scored rules that do not hold and are not known not to; `mended` hold, yet are listed as known."""

    failed: tuple[Result, ...]
    known: tuple[Result, ...]
    mended: tuple[Result, ...]

    @property
    def good(self) -> bool:
        return not self.failed and not self.mended


def verdict(results: Sequence[Result], known: Mapping[str, str]) -> Verdict:
    fails = [result for result in results if result.passed is False]
    return Verdict(
        failed=tuple(each for each in fails if each.rule.name not in known and not each.rule.doubtful),
        known=tuple(each for each in fails if each.rule.name in known),
        mended=tuple(each for each in results if each.passed and each.rule.name in known),
    )


def table(results: Sequence[Result]) -> str:
    """The score per group and in total, as text."""
    rows = [*by_group(results).items(), ("total", score(results))]
    lines = [f"{'group':28}{'passed':>8}{'of':>6}{'%':>6}   {'doubtful':>9}{'skipped':>9}"]
    for name, line in rows:
        doubtful = f"{line.doubtful_passed}/{line.doubtful}" if line.doubtful else ""
        skipped = str(line.skipped or "")
        row = f"{name:28}{line.passed:8}{line.scored:6}{line.percent:6}   {doubtful:>9}{skipped:>9}"
        lines.append(row.rstrip())
    return "\n".join(lines)


def failures(results: Sequence[Result], known: Mapping[str, str]) -> str:
    """Every rule that does not hold: what was expected, what was seen, and the guide's page."""
    parts = []
    for result in results:
        if result.passed is not False:
            continue
        rule = result.rule
        mark = " (known: " + known[rule.name] + ")" if rule.name in known else ""
        mark = mark or (" (doubtful, not scored)" if rule.doubtful else "")
        parts.append(
            f"{rule.group} / {rule.name}{mark}\n"
            f"  rule      {rule.title}\n"
            f"  expected  {result.expected}\n"
            f"  seen      {result.seen}\n"
            f"  page      {rule.url}"
        )
    return "\n\n".join(parts)


def as_json(results: Sequence[Result], known: Mapping[str, str]) -> dict[str, Any]:
    """Everything, for a program."""
    return {
        "total": _numbers(score(results)),
        "groups": {name: _numbers(line) for name, line in by_group(results).items()},
        "good": verdict(results, known).good,
        "rules": [
            {
                "name": result.rule.name,
                "group": result.rule.group,
                "title": result.rule.title,
                "page": result.rule.url,
                "doubtful": result.rule.doubtful,
                "known": known.get(result.rule.name),
                "passed": result.passed,
                "expected": result.expected,
                "seen": result.seen,
                "seconds": round(result.seconds, 3),
            }
            for result in results
        ],
    }


def _numbers(line: Score) -> dict[str, int]:
    return {
        "passed": line.passed,
        "scored": line.scored,
        "percent": line.percent,
        "doubtful": line.doubtful,
        "doubtful_passed": line.doubtful_passed,
        "skipped": line.skipped,
    }
