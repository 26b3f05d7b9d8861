from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from edge.doubles import HandClock
from edge.rollout.site import Cloud, Site, cloud_on_loopback, document


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
