"""Access logs as traffic for a simulation."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from edgewise.cli.replay import open_log
from edgewise.logfiles.lines import LoggedRequest, SkippedLine, read
from edgewise.simulate import PlanError
from edgewise.simulate.traffic import LoggedVisit

_FROM_ORIGIN = ("Miss", "RefreshHit")
_NOBODY = "192.0.2.1"  # for a log without the visitor's address (RFC 5737)


def read_logs(files: Sequence[Path]) -> tuple[tuple[LoggedVisit, ...], int]:
    """The requests of all files, and how many lines held none. PlanError if there is no request."""
    visits: list[LoggedVisit] = []
    skipped = 0
    for file in files:
        for entry in _entries(file):
            if isinstance(entry, SkippedLine):
                skipped += 1
            else:
                visits.append(_visit(entry))
    if not visits:
        raise PlanError(
            f"no request in {', '.join(map(str, files))}",
            hint="An access log has Apache's common or combined format, or is CloudFront's standard log.",
        )
    return tuple(visits), skipped


def _entries(file: Path) -> Iterator[LoggedRequest | SkippedLine]:
    try:
        with open_log(file) as lines:
            yield from read(lines)
    except (OSError, EOFError, zlib.error) as error:
        raise PlanError(f"the log cannot be read: {error}", file=file) from error


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
