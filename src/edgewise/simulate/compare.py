"""Several deliveries through the same traffic, in as many processes as there are processors."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing import get_context

from .outcome import Outcome
from .run import Plan, run


def compare(plan: Plan, names: Sequence[str]) -> Iterator[Outcome]:
    """The outcome of each delivery, in the order of `names`, as soon as it is there."""
    workers = min(len(names), os.cpu_count() or 1)
    if workers == 1:
        yield from map(partial(run, plan), names)
        return
    with get_context("spawn").Pool(
        workers, initializer=_ignore_interrupt
    ) as pool:  # its end ends the processes
        yield from pool.imap(partial(run, plan), names)


def _ignore_interrupt() -> None:
    """Ctrl-C reaches every process of the terminal, and is this one's parent's to deal with."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
