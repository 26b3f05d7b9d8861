"""The tests' promise: a version that is no worse is rarely taken for a worse one, however often one looks."""

from __future__ import annotations

import random
from math import comb, exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.rollout.sequential import Mixture, comparison, limit

SMALL = st.integers(1, 12)


@settings(deadline=None)
@given(SMALL, SMALL, st.data())
def test_the_expected_factor_of_a_block_is_one_when_versions_are_alike(
    new: int, old: int, data: st.DataObject
) -> None:
    """By going through every draw of the hypergeometric distribution."""
    failed = data.draw(st.integers(0, new + old))
    expected = [0.0] * 4
    for failed_new in range(max(0, failed - old), min(failed, new) + 1):
        chance = comb(new, failed_new) * comb(old, failed - failed_new) / comb(new + old, failed)
        for place, factor in enumerate(comparison(failed_new, new, failed - failed_new, old)):
            expected[place] += chance * exp(factor)
    assert expected == pytest.approx([1.0] * 4)


@settings(deadline=None)
@given(st.integers(1, 40), st.floats(0.001, 0.5), st.floats(0, 1))
def test_the_expected_factor_against_a_limit_is_one_at_the_limit_and_less_below(
    count: int, share: float, below: float
) -> None:
    for rate in (share, share * below):
        expected = [0.0] * 4
        for failed in range(count + 1):
            chance = comb(count, failed) * rate**failed * (1 - rate) ** (count - failed)
            for place, factor in enumerate(limit(failed, count, share)):
                expected[place] += chance * exp(factor)
        assert all(each <= 1 + 1e-9 for each in expected)
        if rate == share:
            assert expected == pytest.approx([1.0] * 4)


@settings(deadline=None)
@given(st.lists(st.integers(0, 500), max_size=20))
def test_all_beliefs_together_are_at_most_one(beginnings: list[int]) -> None:
    mixture = Mixture()
    for each in beginnings:
        mixture.reach(each)
    assert mixture.value <= 1 + 1e-9
    late = Mixture(100)
    late.reach(max([0, *beginnings]))
    assert late.value < 0.01, "what is left out is not made up for"


def test_looking_after_every_block_raises_few_false_alarms() -> None:
    """1,000 releases without a fault of 200 looks each, at a level of 5 %: at most 5 % may ever get there."""
    rng, alarms = random.Random(5), 0
    for _ in range(1000):
        mixture = Mixture()
        mixture.reach(0)
        for _ in range(200):
            # One request of ten goes to the new version, and every block has one failure.
            mixture.multiply(
                comparison(int(rng.random() < 0.1), 10, 1, 90) if rng.random() < 0.5 else [0.0] * 4
            )
            if mixture.value >= 20:
                alarms += 1
                break
    assert alarms <= 50


def test_counts_of_a_busy_site_are_no_trouble() -> None:
    assert all(each < 0 for each in comparison(4000, 100_000, 60_000, 900_000))
    mixture = Mixture()
    mixture.reach(0)
    for _ in range(50):
        mixture.multiply(comparison(50_000, 100_000, 0, 900_000))
    assert mixture.value == 1e300
    for _ in range(500):
        mixture.multiply(comparison(0, 100_000, 50_000, 900_000))
    assert 0 <= mixture.value < 1e-9
