"""Access logs as traffic for a simulation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgewise.cli.accesslog import FORMATS, entries
from edgewise.logfiles.lines import LoggedRequest, SkippedLine
from edgewise.simulate import PlanError
from edgewise.simulate.traffic import LoggedVisit

_FROM_ORIGIN = ("Miss", "RefreshHit")
_NOBODY = "192.0.2.1"  # for a log without the visitor's address (RFC 5737)


def read_logs(files: Sequence[Path]) -> tuple[tuple[LoggedVisit, ...], int]:
    """The requests of all files, and how many lines held none. PlanError if there is no request."""
    visits: list[LoggedVisit] = []
    skipped = 0
    for file in files:
        for entry in entries(file, PlanError):
            if isinstance(entry, SkippedLine):
                skipped += 1
            else:
                visits.append(_visit(entry))
    if not visits:
        raise PlanError(f"no request in {', '.join(map(str, files))}", hint=FORMATS)
    return tuple(visits), skipped


def _visit(logged: LoggedRequest) -> LoggedVisit:
    return LoggedVisit(
        at=logged.timestamp // 1_000_000,
        reaches_origin=None if logged.result is None else logged.result in _FROM_ORIGIN,
        method=logged.method,
        target=_wire(logged.target) if logged.target.startswith("/") else "/",
        client_ip=logged.client_ip or _NOBODY,
        status=logged.status or 200,
        host=_wire(logged.host) or "www.example.com",
        user_agent=_wire(logged.user_agent),
        referrer=_wire(logged.referrer),
    )


def _wire(text: str | None) -> str:
    """A Latin-1 view of the bytes that were sent, as the local CDN's messages have it."""
    return (text or "").encode("utf-8", "surrogateescape").decode("latin-1")
