"""Looks again and again until there is something to see, for as long as CloudFormation and CloudFront may take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from edgewise.cloud.asking import is_throttled
from edgewise.cloud.errors import BusyError, CloudError

# A distribution takes minutes to reach all edges, rarely half an hour, and a stack may change it twice.
PATIENCE_S: Final = 5400.0
_EVERY_S: Final = 5.0
_Seen = TypeVar("_Seen")


def patiently(
    look: Callable[[], _Seen | None], *, who: str, of: str, sleep: Callable[[float], None]
) -> _Seen:
    """What there is to see at last; to be asked to slow down is no news. Raises `BusyError`, which says `who` is not
    done, and `of` what."""
    for _ in _pauses(sleep):
        try:
            if (seen := look()) is not None:
                return seen
        except CloudError as error:
            if not is_throttled(error):
                raise
    raise BusyError(
        f"{who} is not done after {PATIENCE_S / 60:.0f} minutes",
        file=of,
        hint="Run the same command again: it goes on waiting.",
    )


def _pauses(sleep: Callable[[float], None]) -> Iterator[None]:
    waited, pause = 0.0, 0.5
    while waited < PATIENCE_S:
        yield
        sleep(pause)
        waited += pause
        # A change set takes seconds, a distribution minutes.
        pause = min(pause * 1.5, _EVERY_S)
