"""Takes a site down, as far as that can be done now: CloudFront lets go of functions only hours after their last use.

What cannot be deleted yet is left as a stack in DELETE_FAILED, which is all that has to be remembered: the same command
some hours later deletes the rest. Nothing that is the user's is emptied. Source: "Delete Lambda@Edge functions and
replicas" in the CloudFront developer guide.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgewise.cloud.asking import Aws, account_of
from edgewise.cloud.assets import Assets
from edgewise.cloud.deploy import Tell
from edgewise.cloud.errors import BusyError, ChangedError, ReplicasError, StackError
from edgewise.cloud.journal import Journal, Run, new_run
from edgewise.cloud.lock import Lock
from edgewise.cloud.plan import DATA
from edgewise.cloud.planning import seen
from edgewise.cloud.stack import Deployed, Event, Stack
from edgewise.cloud.versions import VERSION

_REPLICATED: Final = "replicated function"


@dataclass(frozen=True, slots=True)
class Leaving:
    """What taking a site down would do, by the names in the template; `kept` has the names on AWS of what stays."""

    stack: Deployed
    deleted: tuple[str, ...]
    kept: dict[str, str]
    data: tuple[str, ...]


class Destruction:
    """Takes down the site `name` with the clients of `aws`; `folder` is the site's `.edgewise`."""

    def __init__(
        self,
        aws: Aws,
        name: str,
        folder: Path,
        *,
        tell: Tell,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        account = account_of(aws)
        self.assets = Assets(aws("s3"), name, account)
        self._stack = Stack(aws("cloudformation"), name, sleep or time.sleep)
        self._journal = Journal(folder, account)
        self._tell = tell

    def plan(self) -> Leaving | None:
        """What would go, and what would stay; None if there is no stack. Reads only. Raises `BusyError`."""
        stack = self._stack.ours()
        if stack is None:
            return None
        if stack.in_progress and stack.status != "DELETE_IN_PROGRESS":
            raise BusyError(
                f"the stack is being changed: {stack.status}",
                file=self._stack.name,
                hint="Wait until that is done.",
            )
        # Versions go with their function, whatever the template says.
        there = {
            name: one
            for name, one in stack.template["Resources"].items()
            if name in stack.physical and one["Type"] != VERSION
        }
        kept = {name: one for name, one in there.items() if _is_kept(one)}
        return Leaving(
            stack,
            tuple(name for name in there if name not in kept),
            {name: stack.physical[name] for name in kept},
            tuple(name for name, one in there.items() if name not in kept and one["Type"] in DATA),
        )

    def carry_out(self, leaving: Leaving, *, break_lock: bool = False) -> None:
        """Delete the stack. Raises `ReplicasError` when the functions have to wait, and `StackError`.

        What was looked at has to be there still: else it raises `ChangedError`.
        """
        with self._journal.held(), ExitStack() as held:
            run = self._run()
            if self.assets.exists():
                held.enter_context(Lock(self.assets, run, break_it=break_lock))
            token = run.token
            if leaving.stack.status == "DELETE_IN_PROGRESS":
                token = self._stack.token_of_latest(leaving.stack.id)
            else:
                self._refuse_another(leaving)
                self._stack.delete(token)
            ended = self._stack.wait(leaving.stack.id, token, self._event)
            failed = self._stack.failures(leaving.stack.id, token)
        # After the lock: one that a crash leaves behind can be told as the run's own.
        self._journal.finish()
        if ended != "DELETE_COMPLETE":
            raise _left(self._stack.name, ended, failed)

    def remove_assets(self, *, break_lock: bool = False) -> None:
        """Delete the bucket of the code, unless somebody deploys from it. Raises `LockedError`."""
        with self._journal.held():
            with Lock(self.assets, self._run(), break_it=break_lock):
                self.assets.remove()
            self._journal.finish()

    def forget(self) -> None:
        """End a run that was killed when there was nothing left to do: its lock is the last of it."""
        run = self._journal.read()
        if run and self.assets.exists():
            with self._journal.held(), Lock(self.assets, run):
                pass
        self._journal.finish()

    def _refuse_another(self, leaving: Leaving) -> None:
        if seen(self._stack.read()) != seen(leaving.stack):
            raise ChangedError(
                "somebody changed the stack since it was looked at",
                file=self._stack.name,
                hint="Run `edgewise destroy` again: it says what would go now.",
            )

    def _run(self) -> Run:
        """This run: the unfinished one if it was for the same, else a new one."""
        before = self._journal.read()
        if before and before.action == "destroy":
            return before
        return self._journal.write(new_run("destroy", "", before))

    def _event(self, event: Event) -> None:
        why = f": {event.reason}" if event.status.endswith("_FAILED") else ""
        self._tell("event", f"{event.resource} {event.status.lower().replace('_', ' ')}{why}")


def _is_kept(resource: dict[str, str]) -> bool:
    return resource.get("DeletionPolicy", "Delete").startswith("Retain")


def _left(stack: str, ended: str, failed: list[Event]) -> ReplicasError | StackError:
    held = sorted({one.resource for one in failed if _REPLICATED in one.reason})
    others = [one for one in failed if one.resource not in held]
    if held and not others:
        return ReplicasError(
            f"CloudFront still holds replicas of {', '.join(held)}",
            file=stack,
            hint="The site is off, and nothing serves visitors. Replicas go within some hours: run `edgewise destroy` "
            "again then, and it deletes the rest.",
        )
    why = "; ".join(f"{one.resource}: {one.reason}" for one in others[:3]) or ended
    return StackError(
        f"not everything could be deleted: {why}",
        file=stack,
        hint="Remove what stands in the way, and run `edgewise destroy` again.",
    )
