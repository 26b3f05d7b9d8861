from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.statistics.views import Visited, task_folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return task_folder(tmp_path_factory.mktemp("task"))


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Visited]]:
    """Starts environments, with settings of the statistics that differ as given."""
    made: list[Visited] = []

    def make(**changes: Any) -> Visited:
        made.append(Visited(changes.pop("folder", folder), **changes))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(start: Callable[..., Any]) -> Visited:
    visited: Visited = start()
    return visited
