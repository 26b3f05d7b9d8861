from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from edge.doubles import HandClock
from edge.rollout.site import Cloud, Site, cloud_on_loopback, document
from edgewise.edge.rollout import state
from edgewise.edge.secrets import Secrets

FIRST_MS, AGAIN_MS = state.FIRST_MS, state.AGAIN_MS
OF_SECRETS = Secrets.__init__.__kwdefaults__
KEY_MS = OF_SECRETS["deadline_ms"]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An AWS that answers has time to, on a machine that is busy with something else."""
    monkeypatch.setattr(state, "FIRST_MS", 2500.0)
    monkeypatch.setattr(state, "AGAIN_MS", 2500.0)
    monkeypatch.setitem(OF_SECRETS, "deadline_ms", 2500.0)


@pytest.fixture
def hurry(patient: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From here on a visitor waits for the release as long as in truth, and for the key where an environment begins."""

    def begin() -> None:
        monkeypatch.setattr(state, "FIRST_MS", FIRST_MS)
        monkeypatch.setattr(state, "AGAIN_MS", AGAIN_MS)
        monkeypatch.setitem(OF_SECRETS, "deadline_ms", KEY_MS)

    return begin


@pytest.fixture
def cloud(clock: HandClock) -> Iterator[Cloud]:
    """AWS on loopback, where a release ramps at 10 per cent."""
    with cloud_on_loopback(clock) as cloud:
        cloud.release = document(clock)
        yield cloud


@pytest.fixture
def start(clock: HandClock, cloud: Cloud) -> Iterator[Callable[..., Site]]:
    """Starts environments, with settings of the rollout that differ as given."""
    made: list[Site] = []

    def make(**changes: Any) -> Site:
        made.append(Site(clock, changes.pop("endpoint", cloud.aws.url), **changes))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(start: Callable[..., Site]) -> Site:
    return start()
