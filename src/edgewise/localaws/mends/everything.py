"""All mends at once."""

from __future__ import annotations

from edgewise.localaws.mends import (
    clients,
    executions,
    expressions,
    programs,
    queues,
    serving,
    streams,
    targets,
)


def apply() -> None:
    """Mend moto in this process; again does nothing. Raises `UnsupportedError` for a moto that is not known."""
    for mend in (serving, clients, programs, expressions, executions, streams, targets, queues):
        mend.apply()
