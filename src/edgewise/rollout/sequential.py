"""Sequential tests: evidence that may be looked at as often as one likes, and acted on at once.

Each test makes an e-process: a number that starts at 1 or below and that, while the new version is no worse, stays
below 1/a for ever with a probability of at least 1 - a (Ville's inequality), however often it is looked at.

* `Comparison`: the new version against the old one. Time is cut into blocks. Given how many visitors of each version
  were answered in a block, of those who had not failed yet, and how many of all of them failed now, which ones did is a
  matter of drawing without looking, if the versions are alike: the hypergeometric distribution. A block's factor is how
  much more likely the draw is if the odds of failing are `w` times as high: w^k / E[w^K]. Whatever happens to both
  versions at once (an incident behind both, a busy hour, another share) cancels out, since only the draw within a block
  counts. A visitor fails once, since one who keeps failing would be drawn once and counted often.
* `Limit`: the new version against a fixed share of failures, for when there is nothing to compare it with.

Both are mixtures over several `w`, so that none has to be known before, and over several beginnings, so that a version
that turns bad after a good day is not excused by that day.

Sources: M. Lindon and A. Malek, "Anytime-Valid Inference for Multinomial Count Data", NeurIPS 2022 (errors of canaries
whose rates change with time, by conditioning on the sum); R. J. Turner and P. D. Grünwald, "Safe Sequential Testing and
Effect Estimation in Stratified Count Data", AISTATS 2023 (products over blocks); the conditional factor of a 2x2 table
is that of R. A. Fisher's exact test against his noncentral hypergeometric distribution, as in the package safestats.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from math import exp, lgamma, log
from typing import Final

# How many times as high the odds of failing may have become, and how much each is believed beforehand.
_TIMES: Final = ((2.0, 0.1), (4.0, 0.15), (10.0, 0.55), (30.0, 0.2))
_FIRST: Final = 0.8  # of the belief is in "bad from the beginning"
_SMALLEST: Final = 1e-300


class Mixture:
    """The e-process itself: factors come in, block after block, for each of `_TIMES`."""

    def __init__(self, first: int = 0) -> None:
        """`first` is the number of the first beginning that anything is known of: the ones before are left out."""
        self._sums = [0.0] * len(_TIMES)
        self._beginnings = first

    def reach(self, beginning: int) -> None:
        """The version may have turned bad at any beginning up to this one. All beliefs together are 1."""
        for place in range(self._beginnings, beginning + 1):
            belief = (1 - _FIRST) / (place * (place + 1)) if place else _FIRST
            self._sums = [one + belief * share for one, (_, share) in zip(self._sums, _TIMES, strict=True)]
        self._beginnings = max(self._beginnings, beginning + 1)

    def multiply(self, factors: list[float]) -> None:
        """Each factor is the logarithm of a block's."""
        self._sums = [
            max(_SMALLEST, one * exp(min(600.0, each))) for one, each in zip(self._sums, factors, strict=True)
        ]

    @property
    def value(self) -> float:
        """The evidence: 1/a is reached by chance with a probability of a at most."""
        return min(1e300, sum(self._sums))


def comparison(failed_new: int, new: int, failed_old: int, old: int) -> list[float]:
    """The logarithms of a block's factors, one for each of `_TIMES`. Counts include the failed ones."""
    failed = failed_new + failed_old
    if not failed or not new or not old:
        return [0.0] * len(_TIMES)
    means = _mean_powers(new, old, failed)
    return [failed_new * log(times) - mean for (times, _), mean in zip(_TIMES, means, strict=True)]


def limit(failed: int, count: int, share: float) -> list[float]:
    """The same against a fixed share of failures; the alternative's odds are the limit's, times each of `_TIMES`."""
    odds = share / (1 - share)
    return [failed * log(times) - count * log((1 + odds * times) / (1 + odds)) for times, _ in _TIMES]


@lru_cache(maxsize=4096)
def _mean_powers(new: int, old: int, failed: int) -> tuple[float, ...]:
    """log E[w^K] for each w, where K of `failed` visitors, drawn of `new` + `old`, are of the new version."""
    least, most = max(0, failed - old), min(failed, new)
    base = _choose(new, least) + _choose(old, failed - least) - _choose(new + old, failed)
    # From one number to the next by the ratio of their probabilities, for that is cheaper than three logarithms.
    steps = (
        log((new - k) * (failed - k)) - log((k + 1) * (old - failed + k + 1)) for k in range(least, most)
    )
    chances = list(accumulate(steps, initial=base))
    return tuple(
        _log_sum([each + k * log(times) for k, each in enumerate(chances, least)]) for times, _ in _TIMES
    )


def _choose(of: int, some: int) -> float:
    return lgamma(of + 1) - lgamma(some + 1) - lgamma(of - some + 1)


def _log_sum(values: list[float]) -> float:
    highest = max(values)
    return highest + log(sum(exp(each - highest) for each in values))
