"""How commands read a store."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edgewise.cli.runs import store_place

if TYPE_CHECKING:
    from edgewise.store import Reader


@contextmanager
def reading(store: str | None) -> Iterator[Reader]:
    """The store that `--store` names, or the nearest; damage that is found there is told on standard error."""
    # Here, so that the other commands start without it.
    from edgewise.store import open_reader

    reader = open_reader(store_place(store), tell=lambda message: print(f"store: {message}", file=sys.stderr))
    try:
        yield reader
    finally:
        reader.close()
