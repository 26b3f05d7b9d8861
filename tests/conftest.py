"""What every test has: folders of its own for what a user has once (runs, caches), and how many examples are tried."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

# Each run tries other examples. Who hunts a fault says `--hypothesis-profile thorough`.
settings.register_profile("everyday", max_examples=40, deadline=None)
settings.register_profile("thorough", max_examples=1000, deadline=None)
settings.load_profile("everyday")


@pytest.fixture(scope="session", autouse=True)
def folders_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
