"""Who deploys now: an object in the assets bucket that only one can write. Two at once are refused, not merged.

S3 writes with `If-None-Match: *` when nothing is there, and replaces or deletes with `If-Match` what was looked at
("How to prevent object overwrites with conditional writes" in the S3 user guide).
"""

from __future__ import annotations

import getpass
import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from edgewise.cloud.assets import Assets
from edgewise.cloud.errors import CloudError, LockedError
from edgewise.cloud.journal import Run

_KEY: Final = "lock.json"
_TAKEN: Final = frozenset(("412", "409", "PreconditionFailed", "ConditionalRequestConflict"))
_GONE: Final = frozenset(("404", "NoSuchBucket", "NoSuchKey"))
STALE_HOURS: Final = 2


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds it: the run's id, the person, the machine, and since when (ISO 8601, UTC)."""

    run: str
    owner: str
    host: str
    since: str


def this_holder(run: str, now: datetime) -> Holder:
    """This person at this machine."""
    try:
        owner = getpass.getuser()
    except (OSError, KeyError):
        owner = "somebody"
    return Holder(run, owner, platform.node(), now.isoformat(timespec="seconds"))


class Lock:
    """Held inside its `with` block; released whatever ends the block, if it is still ours."""

    def __init__(
        self,
        assets: Assets,
        run: Run,
        *,
        break_it: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._assets = assets
        self._run = run
        self._break = break_it
        self._now = now
        self._etag = ""

    def __enter__(self) -> Lock:
        if not self._write(IfNoneMatch="*"):
            self._take_over()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._assets.call("delete_object", Key=_KEY, IfMatch=self._etag)
        except CloudError as error:
            # Somebody broke it, and the one that lies there now is theirs; or its bucket is gone.
            if error.reason not in _TAKEN | _GONE:
                raise

    def _take_over(self) -> None:
        """What is there: this run's own, from before a crash; one to be broken; or somebody else's."""
        found = self._read()
        if found is None:
            # Released between the two calls.
            if self._write(IfNoneMatch="*"):
                return
            found = self._read()
        if found is None:
            raise LockedError("others deploy this site in quick succession", file=self._assets.bucket)
        holder, etag = found
        if holder.run in self._run.ids:
            self._etag = etag
        elif not (self._break and self._write(IfMatch=etag)):
            raise _held(holder, self._assets.bucket, self._now())

    def _write(self, **condition: str) -> bool:
        body = json.dumps(asdict(this_holder(self._run.id, self._now()))).encode()
        try:
            answer = self._assets.call("put_object", Key=_KEY, Body=body, **condition)
        except CloudError as error:
            if error.reason in _TAKEN | _GONE:
                return False
            raise
        self._etag = answer["ETag"]
        return True

    def _read(self) -> tuple[Holder, str] | None:
        try:
            answer = self._assets.call("get_object", Key=_KEY)
            return Holder(**json.loads(answer["Body"].read())), answer["ETag"]
        except CloudError as error:
            if error.reason in _GONE:
                return None
            raise
        except (ValueError, TypeError):
            return Holder("", "somebody", "an unknown machine", ""), answer["ETag"]


def _held(holder: Holder, bucket: str, now: datetime) -> LockedError:
    hint = "Wait until that is done."
    message = f"{holder.owner} on {holder.host} deploys this site"
    try:
        age = now - datetime.fromisoformat(holder.since)
    except (ValueError, TypeError):
        hint = "If nobody does: --break-lock."
    else:
        message += f", since {holder.since}"
        if age.total_seconds() > STALE_HOURS * 3600:
            hint = f"That was over {int(age.total_seconds() // 3600)} hours ago. If nobody does any more: --break-lock."
    return LockedError(message, file=f"s3://{bucket}/{_KEY}", hint=hint)
