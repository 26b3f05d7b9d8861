"""The recorded traffic of a replay: the requests of one access log."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from edgewise.cli.accesslog import FORMATS, entries
from edgewise.cli.errors import ReplayError
from edgewise.logfiles.lines import LoggedRequest, SkippedLine


@dataclass(slots=True)
class Recorded:
    """The requests, and the lines before the last of them that hold none."""

    requests: list[LoggedRequest] = field(default_factory=list)
    skipped: list[SkippedLine] = field(default_factory=list)


def read_recorded(file: Path, limit: int | None) -> Recorded:
    """The first `limit` requests of a log. Raises `ReplayError` if there is none."""
    recorded = Recorded()
    with closing(entries(file, ReplayError)) as lines:
        for entry in lines:
            if isinstance(entry, SkippedLine):
                recorded.skipped.append(entry)
                continue
            recorded.requests.append(entry)
            if len(recorded.requests) == limit:
                break
    if not recorded.requests:
        first = recorded.skipped[0] if recorded.skipped else None
        raise ReplayError(
            f"no request in this file: {first.reason if first else 'it is empty'}",
            hint=FORMATS,
            file=file,
            line=first.number if first else None,
        )
    return recorded
