"""Who comes when, and which environment serves."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.simulate.run import run
from edgewise.simulate.traffic import LoggedVisit, LogTraffic, RateTraffic, Traffic
from simulate.plans import plan

MIX = {"us-east-1": 0.75, "eu-central-1": 0.25}


def logged(at: int, target: str = "/", reaches_origin: bool | None = None) -> LoggedVisit:
    return LoggedVisit(at, reaches_origin, "GET", target, "192.0.2.1", 200, "www.example.com", "", "")


def check(traffic: Traffic, seconds: float) -> None:
    """In order, within the time, and the same again."""
    visits = list(traffic.visits())
    assert all(first.at <= second.at for first, second in pairwise(visits))
    assert all(0 <= visit.at < seconds for visit in visits)
    assert visits == list(traffic.visits())


@settings(max_examples=30)
@given(rate=st.floats(0.1, 20), seconds=st.floats(1, 60), seed=st.integers(0, 99))
def test_made_up_visits_come_in_order_and_come_again(rate: float, seconds: float, seed: int) -> None:
    check(RateTraffic(rate, seconds, MIX, 0.3, seed), seconds)


@settings(max_examples=30)
@given(times=st.lists(st.integers(0, 100), min_size=1), seed=st.integers(0, 99))
def test_logged_visits_come_in_order_whatever_the_order_of_the_lines(times: list[int], seed: int) -> None:
    traffic = LogTraffic([logged(1_700_000_000 + at) for at in times], 200, MIX, 0.3, seed)
    check(traffic, 200)
    assert [int(visit.at) for visit in traffic.visits()] == sorted(at - min(times) for at in times)


def test_shares_and_rate_are_kept_on_the_average() -> None:
    visits = list(RateTraffic(50, 200, MIX, 0.3, 1).visits())
    regions = Counter(visit.region for visit in visits)
    assert abs(len(visits) - 10_000) < 500
    assert abs(regions["us-east-1"] / len(visits) - 0.75) < 0.03
    assert abs(sum(visit.reaches_origin for visit in visits) / len(visits) - 0.3) < 0.03


def test_what_the_log_says_about_the_origin_goes_before_the_share() -> None:
    lines = [logged(0, reaches_origin=False), logged(0, reaches_origin=True), logged(0)]
    for miss in (0.0, 1.0):
        visits = LogTraffic(lines, 10, MIX, miss, 1).visits()
        assert sorted(visit.reaches_origin for visit in visits) == sorted([False, True, bool(miss)])


def test_requests_at_the_same_time_need_an_environment_each_and_later_ones_share_it() -> None:
    def environments(times: list[int], work: float) -> int:
        traffic = LogTraffic([logged(at) for at in times], 100, {"us-east-1": 1.0}, 0, 1)
        return run(plan(traffic=traffic, seconds=100, work=work), "stdout").environments

    assert environments([0, 0, 0], work=3) == 3  # within one second, and each takes three
    assert environments([0, 10, 20], work=3) == 1
    assert environments([0, 0, 10, 10, 20], work=3) == 2
