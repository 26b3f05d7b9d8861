"""Which requests to show while logs are followed: each once it is complete, and again if more of it comes later.

Lines of one request come in any order and up to minutes late ("Edge function logs" in the CloudFront Developer
Guide: delivered on a best-effort basis). A request is shown when nothing of it has come for a while.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from edgewise.cloud.edgejoin import Line, Request, join

QUIET_S: Final = 3.0
KEPT_S: Final = 180.0
# How far back each reading goes, so that late lines are seen.
OVERLAP_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Shown:
    """A request to show; `again` if it was shown before, with fewer lines."""

    request: Request
    again: bool


@dataclass(slots=True)
class Tail:
    """What came in the last minutes. Times are of one clock, in seconds."""

    quiet_s: float = QUIET_S
    _lines: dict[str, Line] = field(default_factory=dict)
    _arrived: dict[str, float] = field(default_factory=dict)
    _shown: dict[str, int] = field(default_factory=dict)

    def add(self, lines: Iterable[Line], now: float) -> None:
        """Take the lines of a reading; those that were there before are known by their ids."""
        for line in lines:
            if line.id not in self._arrived:
                self._lines[line.id] = line
                self._arrived[line.id] = now

    def due(self, now: float) -> list[Shown]:
        """What to show now, oldest first."""
        due = []
        for request in join(self._lines.values()):
            ids, newest = request.line_ids, max(self._arrived[one] for one in request.line_ids)
            before = self._shown.get(request.key, 0)
            if len(ids) > before and now - newest >= self.quiet_s:
                self._shown[request.key] = len(ids)
                due.append(Shown(request, before > 0))
            elif now - newest > KEPT_S:
                self._drop(request)
        self._forget(now)
        return due

    def _drop(self, request: Request) -> None:
        for one in request.line_ids:
            self._lines.pop(one, None)
        self._shown.pop(request.key, None)

    def _forget(self, now: float) -> None:
        """Forget lines that no reading can bring again, whether they belong to a request or not."""
        for one in [name for name, when in self._arrived.items() if now - when > 2 * KEPT_S]:
            del self._arrived[one]
            self._lines.pop(one, None)
