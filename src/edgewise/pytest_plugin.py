"""The pytest fixture `edgewise_site`. pytest finds it by itself where this package is installed.

pytest imports this module at every start, also of tests that are not about sites. So it stands outside of
`edgewise.testing`, whose import takes as long as many a test, and needs that package only when the fixture is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

__tracebackhide__ = True  # pytest shows the line of the test, not ours

if TYPE_CHECKING:
    from edgewise.testing import EdgeSite
    from edgewise.testing.placing import Place


@pytest.fixture
def edgewise_site() -> Iterator[Callable[..., EdgeSite]]:
    """A function that runs a site for the length of the test: see `edgewise.testing.run_site` for what it takes.

    Fake origins that it was given are closed with it.
    """
    from edgewise.errors import EdgewiseError
    from edgewise.testing import FakeOrigin, run_site

    with ExitStack() as stack:

        def run(place: str | Path, *, origins: Mapping[str, Place] | None = None, **options: str) -> EdgeSite:
            for origin in (origins or {}).values():
                if isinstance(origin, FakeOrigin):
                    stack.callback(origin.close)
            try:
                return stack.enter_context(run_site(place, origins=origins, **options))
            except EdgewiseError as error:
                raise error.with_traceback(None) from None  # what is wrong is in the test or in the site

        yield run
