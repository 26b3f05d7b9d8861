"""Asks for a staged change that chance gives to a few: many requests, and a look for the record of one that met it.

An answer does not say which side gave it; a record does, by the distribution or by its settings. Visitors' records
count as well as those of the requests that are made here. That none was found shows nothing, and is told as that.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from edgewise.cloud.errors import VerifyError
from edgewise.cloud.estate import Tell
from edgewise.cloud.verify import Find, ask, refuse_failed, unrecorded, written_by

Seek = Callable[[int], Mapping[str, Any] | None]
"""Finds a record of the staged change, written after a time in milliseconds."""

# Enough that 95 of 100 tries meet a share of 5 %, and no more than a site can bear.
MOST_REQUESTS: Final = 60
_SURE: Final = 0.95
# Records come up to a minute after the answer: some looks are left when all requests are made.
_LOOKS: Final = 18
_EVERY_S: Final = 10.0
_A_LOOK: Final = 5


def requests_for(percent: int) -> int:
    """How many requests it takes until one of them meets a share for all but certain."""
    return min(MOST_REQUESTS, math.ceil(math.log(1 - _SURE) / math.log(1 - percent / 100)))


def meet(
    url: str, percent: int, seek: Seek, find: Find, *, tell: Tell, sleep: Callable[[float], None]
) -> str:
    """Ask until a request has met the change; a sentence on what was seen, or could not be.

    Raises `VerifyError` when a function fails, nobody answers, or the requests left no records at all.
    """
    since = time.time_ns() // 1_000_000 - 60_000
    wanted, ids, made = requests_for(percent), list[str](), 0
    for _ in range(_LOOKS):
        now = min(_A_LOOK, wanted - made)
        ids += _asked(url, now, tell)
        made += now
        sleep(_EVERY_S)
        if record := seek(since):
            return f"a request met the staged change, {written_by(record)}"
        tell("verify", f"{made} requests made, and no record of one that met the staged change yet")
    # Where nobody answered so far, this one says so.
    ids = ids or [ask(url).request_id]
    if not ids[0] or find(ids[0], since) is None:
        raise unrecorded(ids[0], url)
    missed = round(100 * (1 - percent / 100) ** len(ids))
    return (
        "it could not be shown that the staged change answers: no request met it that left a record by now. Of "
        f"{len(ids)} requests none meets {percent} % in {missed} of 100 cases, by chance alone"
    )


def _asked(url: str, requests: int, tell: Tell) -> list[str]:
    """The ids of so many requests. One that nobody answers is told: others may be."""
    ids = []
    for _ in range(requests):
        try:
            answer = ask(url)
        except VerifyError as error:
            tell("verify", error.message)
            continue
        refuse_failed(answer, url)
        if answer.request_id:
            ids.append(answer.request_id)
    return ids
