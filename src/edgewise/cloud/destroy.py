"""Takes a site down, as far as that can be done now: CloudFront lets go of functions only hours after their last use.

What cannot be deleted yet is left as a stack in DELETE_FAILED, which is all that has to be remembered: the same command
some hours later deletes the rest. Nothing that is the user's is emptied. Source: "Delete Lambda@Edge functions and
replicas" in the CloudFront developer guide.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final

from edgewise.cloud.apps import app_regions
from edgewise.cloud.deployed import Deployed, being_changed, seen
from edgewise.cloud.detaching import policy_of, take_off
from edgewise.cloud.errors import ChangedError, ReplicasError, StackError
from edgewise.cloud.estate import Estate
from edgewise.cloud.journal import Run, new_run
from edgewise.cloud.lock import Lock
from edgewise.cloud.plan import DATA
from edgewise.cloud.stack import Stack
from edgewise.cloud.staging import refuse_staged
from edgewise.cloud.versions import FUNCTION, VERSION
from edgewise.cloud.work import Event

_REPLICATED: Final = "replicated function"


@dataclass(frozen=True, slots=True)
class Leaving:
    """What taking a stack down would do, by the names in the template; `kept` has the names on AWS of what stays.

    `policy` is one of a staged change that was left at its distribution, and is taken off first.
    """

    name: str
    region: str
    stack: Deployed
    deleted: tuple[str, ...]
    kept: dict[str, str]
    data: tuple[str, ...]
    policy: str = ""

    @property
    def distribution(self) -> str:
        """The id of its distribution; empty for a stack without one."""
        return self.stack.outputs.get("DistributionId", "")

    @property
    def log_groups(self) -> tuple[str, ...]:
        """The groups that Lambda makes, in the stack's region, for functions that are not at the edge."""
        found = (one for one in self.stack.template.get("Resources", {}).values() if one["Type"] == FUNCTION)
        names = (one["Properties"].get("FunctionName") for one in found)
        return tuple(f"/aws/lambda/{name}" for name in names if isinstance(name, str))


class Destruction:
    """Takes a site down."""

    def __init__(self, estate: Estate, regions: Iterable[str] = ()) -> None:
        """`regions` are those where the site file has apps; those that the deployed site notes are known besides."""
        self._estate = estate
        self._regions = tuple(regions)

    def plan(self) -> list[Leaving]:
        """What would go, and what would stay: the site's own stack, then those of its apps. Reads only.

        Raises `BusyError`, and `StagingError` while a change is staged.
        """
        own = self._leaving(self._estate.stack)
        if own and not (own.stack.in_progress or own.stack.is_remains):
            refuse_staged(own.stack.template, self._estate.name)
        regions = (*self._regions, *app_regions(own.stack if own else None), *self._estate.journal.regions())
        apps = [self._leaving(self._estate.app_stack(region)) for region in dict.fromkeys(regions)]
        return [one for one in (own, *apps) if one]

    def _leaving(self, stack: Stack) -> Leaving | None:
        found = stack.look()
        if found is None:
            return None
        if not found.is_empty:
            stack.refuse_strange(found)
        elif not stack.is_asked_for_by_us(found):
            self._estate.tell(
                "empty",
                f"the stack {stack.name} was asked for and never made, and nothing says that we asked: it stays. "
                f"`aws cloudformation delete-stack --region {stack.region} --stack-name {stack.name}` deletes it",
            )
            return None
        if found.in_progress and found.status != "DELETE_IN_PROGRESS":
            raise being_changed(found)
        # Versions go with their function, whatever the template says.
        there = {
            name: one
            for name, one in found.template.get("Resources", {}).items()
            if name in found.physical and one["Type"] != VERSION
        }
        kept = {name: one for name, one in there.items() if _is_kept(one)}
        return Leaving(
            stack.name,
            stack.region,
            found,
            tuple(name for name in there if name not in kept),
            {name: found.physical[name] for name in kept},
            tuple(name for name, one in there.items() if name not in kept and one["Type"] in DATA),
            "" if found.in_progress else policy_of(self._estate.aws, found),
        )

    def carry_out(self, leaving: Sequence[Leaving], *, break_lock: bool = False) -> None:
        """Delete the stacks. Raises `ReplicasError` when the functions have to wait, and `StackError`.

        What was looked at has to be there still: else it raises `ChangedError`.
        """
        failed: list[ReplicasError | StackError] = []
        with self._estate.journal.held(), ExitStack() as held:
            # Where apps are has to be known as long as one is there: what notes it may go first.
            regions = tuple(one.region for one in leaving if one.name != self._estate.name)
            run = self._run(regions)
            if self._estate.assets.exists():
                held.enter_context(Lock(self._estate.assets, run, break_it=break_lock))
            for one in leaving:
                # Where functions wait for CloudFront, the distribution is gone, and its apps may go.
                if not failed or isinstance(failed[0], ReplicasError):
                    failed += self._delete(one, run)
        # After the lock: one that a crash leaves behind can be told as the run's own.
        if failed:
            self._estate.journal.give_up(run)
            raise failed[-1]
        self._estate.journal.finish()

    def _delete(self, leaving: Leaving, run: Run) -> list[ReplicasError | StackError]:
        """Delete one stack; what it failed of, if it did."""
        stack = (
            self._estate.stack
            if leaving.name == self._estate.name
            else self._estate.app_stack(leaving.region)
        )
        token = run.token
        if leaving.stack.status == "DELETE_FAILED":
            # What failed has this run's token, if it is this run that goes on: with that nothing would begin.
            token = f"{token}-{uuid.uuid4().hex[:8]}"
        if leaving.stack.status == "DELETE_IN_PROGRESS":
            token = stack.latest_work(leaving.stack.id)
        else:
            self._refuse_another(stack, leaving)
            if leaving.policy:
                # CloudFront does not turn off a distribution that has one.
                take_off(self._estate.aws, leaving.distribution, leaving.policy)
                self._estate.tell("policy", f"the policy {leaving.policy} of a staged change is taken off")
            stack.delete(token)
        work = stack.work(leaving.stack.id, token)
        ended = work.wait(self._estate.tell_event)
        if ended == "DELETE_COMPLETE":
            return []
        return [_left(stack.name, ended, work.failures())]

    def remove_assets(self, *, break_lock: bool = False) -> None:
        """Delete the bucket of the code, unless somebody deploys from it. Raises `LockedError`."""
        with self._estate.journal.held():
            with Lock(self._estate.assets, self._run(), break_it=break_lock):
                self._estate.assets.remove()
            self._estate.journal.finish()

    def forget(self) -> None:
        """End a run that was killed when there was nothing left to do: its lock is the last of it."""
        run = self._estate.journal.read()
        if run and self._estate.assets.exists():
            with self._estate.journal.held(), Lock(self._estate.assets, run):
                pass
        self._estate.journal.finish()

    def _refuse_another(self, stack: Stack, leaving: Leaving) -> None:
        if seen(stack.look()) != seen(leaving.stack):
            raise ChangedError(
                "somebody changed the stack since it was looked at",
                file=stack.name,
                hint="Run `edgewise destroy` again: it says what would go now.",
            )

    def _run(self, regions: Iterable[str] = ()) -> Run:
        """This run: the unfinished one if it was for the same, else a new one; it knows of apps in `regions`."""
        before = self._estate.journal.read()
        run = before if before and before.action == "destroy" else new_run("destroy", "", before)
        return self._estate.journal.write(
            replace(run, regions=tuple(dict.fromkeys((*run.everywhere, *regions))))
        )


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
