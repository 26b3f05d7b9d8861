from __future__ import annotations

import pytest

from edge.doubles import ENVIRON, HandClock, Output
from edgewise.edge import Edge


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def output() -> Output:
    return Output()


@pytest.fixture
def edge(clock: HandClock, output: Output) -> Edge:
    """The application as a bundle without settings would make it, on a clock and an output of the test's own."""
    return Edge(clock=clock, write=output, environ=ENVIRON)
