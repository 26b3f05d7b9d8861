"""What must hold of every simulation, whatever the traffic and the faults."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.simulate import Outcome, Plan
from edgewise.simulate.deliveries import SETTINGS
from edgewise.simulate.faults import KINDS
from edgewise.simulate.parsing import Spread
from edgewise.simulate.run import run
from simulate.plans import plan

NETWORK = [name for name in SETTINGS if name != "stdout"]
faults = st.builds(
    lambda kind, start, span: f"{start}s-{start + span}s={kind}",
    st.sampled_from(KINDS),
    st.integers(0, 50),
    st.integers(1, 40),
)
_ROUNDING_MS = 0.001


def check(outcome: Outcome, budget_ms: float) -> None:
    """The couriers' counters add up, they confirm nothing that did not arrive, and nobody waits over the budget."""
    assert outcome.made == outcome.invocations == outcome.sent + outcome.dropped + outcome.pending
    assert 0 <= outcome.lost <= outcome.pending
    assert outcome.duplicated <= outcome.retried
    assert (
        outcome.waited_p50_ms <= outcome.waited_p99_ms <= outcome.waited_most_ms <= budget_ms + _ROUNDING_MS
    )
    assert sum(point.made for point in outcome.points) == outcome.made
    assert sum(point.printed for point in outcome.points) <= outcome.dropped


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    idle, round_trip = draw(st.sampled_from([5.0, 600.0])), draw(st.sampled_from([0.0, 0.01, 0.08, 0.5]))
    return plan(
        *draw(st.lists(faults, max_size=1)),
        rate=draw(st.floats(0.2, 8)),
        budget_ms=draw(st.sampled_from([5, 50, 400])),
        idle=Spread(idle, idle),
        keep_alive=draw(st.sampled_from([2.0, 60.0])),
        round_trips=dict.fromkeys(SETTINGS, round_trip),
        seed=draw(st.integers(0, 1000)),
    )


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(list(SETTINGS)), made=plans())
def test_every_record_is_accounted_for(name: str, made: Plan) -> None:
    outcome = run(made, name)
    check(outcome, made.budget_ms)
    if name == "stdout":
        assert (outcome.sent, outcome.lost, outcome.waited_most_ms) == (outcome.made, 0, 0)


@settings(max_examples=20, deadline=None)
@given(name=st.sampled_from(NETWORK), rate=st.floats(0.2, 8), seed=st.integers(0, 1000))
def test_without_faults_only_what_an_environment_had_when_it_ended_is_lost(
    name: str, rate: float, seed: int
) -> None:
    outcome = run(plan(rate=rate, seed=seed), name)
    check(outcome, 50)
    assert outcome.dropped == 0
    # The next request would have brought what an ended environment had not sent yet: little, as nothing was wrong.
    assert outcome.lost <= 5 * outcome.environments


@pytest.mark.parametrize("name", SETTINGS)
def test_the_same_seed_is_the_same_simulation(name: str) -> None:
    made = plan("20s-40s=slow", seed=7)
    assert run(made, name) == run(made, name)
    assert run(made, name) != run(plan("20s-40s=slow", seed=8), name)


def test_a_long_outage_fills_the_memory_and_what_does_not_fit_is_printed() -> None:
    healthy, ill = run(plan(rate=20), "openobserve"), run(plan("10s-55s=dead", rate=20), "openobserve")
    assert healthy.dropped == 0 < ill.dropped
    assert ill.usages["us-east-1"].log_bytes > healthy.usages["us-east-1"].log_bytes


def test_an_answer_that_comes_too_late_makes_duplicates() -> None:
    assert run(plan(rate=10), "openobserve").duplicated == 0
    assert run(plan("10s-40s=slow", rate=10), "openobserve").duplicated > 0


def test_a_collector_that_lies_is_not_believed() -> None:
    outcome = run(plan("0s-60s=lying", rate=2), "openobserve")
    assert outcome.sent == 0
    assert outcome.lost == outcome.pending == outcome.made - outcome.dropped


def test_an_environment_that_idles_too_long_is_replaced_by_a_cold_one() -> None:
    kept = run(plan(rate=0.5), "stdout")
    ended = run(plan(rate=0.5, idle=Spread(1, 1)), "stdout")
    assert ended.environments > kept.environments
    assert ended.hits["rules"] is not None and kept.hits["rules"] is not None
    assert ended.hits["rules"] < kept.hits["rules"]


def test_an_environment_that_is_too_old_is_replaced_by_a_cold_one() -> None:
    kept, ended = run(plan(), "stdout"), run(plan(lifetime=Spread(2, 2)), "stdout")
    assert ended.environments > kept.environments


def test_who_waits_for_answers_waits_a_round_trip_and_who_does_not_does_not() -> None:
    waiting = run(plan(budget_ms=1000), "openobserve-wait")
    writing = run(plan(budget_ms=1000), "openobserve")
    assert 80 <= waiting.waited_p50_ms <= 100  # a crossing takes up to a quarter longer
    assert writing.waited_p50_ms == 0
    assert 160 <= writing.waited_most_ms <= 200  # the first one in an environment opens the connection


@pytest.mark.parametrize(
    ("name", "service"),
    [("firehose", "firehose_bytes"), ("step-functions", "executions"), ("eventbridge", "events")],
)
def test_what_a_service_took_is_counted(name: str, service: str) -> None:
    outcome = run(plan(), name)
    assert sum(getattr(usage, service) for usage in outcome.usages.values()) > 0
    others = {"firehose_bytes", "executions", "events"} - {service}
    assert not any(getattr(usage, other) for usage in outcome.usages.values() for other in others)
