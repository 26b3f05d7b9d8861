"""Carries a plan out: lock, code, template, change set, execution, waiting, history; each step may be taken again.

What a run has done is read from AWS, not remembered; the journal holds what AWS does not know: which run it was.
Calls that must not count twice carry the run's own name or token.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from edgewise.cloud import history
from edgewise.cloud.asking import Aws, account_of, called, is_throttled
from edgewise.cloud.assets import Assets
from edgewise.cloud.errors import BusyError, ChangedError, CloudError, StackError
from edgewise.cloud.journal import Journal, Run, new_run
from edgewise.cloud.lock import Lock, this_holder
from edgewise.cloud.package import Package, digest_of
from edgewise.cloud.plan import DATA
from edgewise.cloud.planning import Plan, plan_of, seen, usable
from edgewise.cloud.stack import EVERY_S, PATIENCE_S, ChangeSet, Deployed, Event, Stack
from edgewise.cloud.versions import associations, number_of

Tell = Callable[[str, str], None]
"""Is told each step as it is taken: its name and a sentence."""

_DONE: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


@dataclass(frozen=True, slots=True)
class Result:
    """What is deployed: the stack's outputs, the version number at each trigger, the deployment's number (0: none new).

    `settings_hash` is what records of the site carry.
    """

    outputs: Mapping[str, str]
    versions: Mapping[tuple[str, str], int | None]
    number: int
    settings_hash: str


class Deployment:
    """Deploys the site `name` with the clients of `aws`; `folder` is the site's `.edgewise`."""

    def __init__(
        self,
        aws: Aws,
        name: str,
        folder: Path,
        *,
        tell: Tell,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.account = account_of(aws)
        self.assets = Assets(aws("s3"), name, self.account)
        self.stack = Stack(aws("cloudformation"), name, sleep or time.sleep)
        self.journal = Journal(folder, self.account)
        self._aws = aws
        self._tell = tell
        self._sleep = sleep or time.sleep

    def plan(self, package: Package, again: int = 0) -> Plan:
        """What deploying this would change. Reads only. Raises `BusyError` and `CloudError`."""
        return plan_of(self._aws, self.stack, package, again)

    def resume(self, *, break_lock: bool = False) -> Result | None:
        """Go on with a run that had begun to change the stack; None if there is none."""
        run = self.journal.read()
        if run is None or not run.executing:
            return None
        with self.journal.held(), self._to_its_end():
            if not self.assets.exists():
                return None
            # Whatever is found, the lock that a crash left behind goes with the run.
            with Lock(self.assets, run, break_it=break_lock):
                found = self.stack.status()
                if found is None:
                    return None
                self._tell("resume", f"goes on with the unfinished {run.action}")
                if not self.stack.events(found["StackId"], run.token):
                    change_set = self._made(run)
                    if change_set is None:
                        return None
                    self.stack.execute(change_set, run.token)
                return self._finish(run)

    def carry_out(self, plan: Plan, *, break_lock: bool = False, lose_data: bool = False) -> Result:
        """Deploy what was planned. Raises `ChangedError` if something else is there by now, and `StackError`."""
        with self.journal.held(), self._to_its_end():
            run = self._begin(plan)
            if self.assets.ensure():
                self._tell("bucket", f"made the bucket {self.assets.bucket}")
            with Lock(self.assets, run, break_it=break_lock):
                return self._act(run, plan, lose_data)

    @contextmanager
    def _to_its_end(self) -> Iterator[None]:
        """Afterwards no run is unfinished, unless it was kept from going on. The lock is released before that: one
        that a crash leaves behind can be told as the run's own."""
        try:
            yield
        except (StackError, ChangedError):
            self.journal.finish()
            raise
        self.journal.finish()

    def _begin(self, plan: Plan) -> Run:
        """This run: the unfinished one if it was for the same, else a new one."""
        action, digest = "rollback" if plan.again else "deploy", digest_of(plan.template)
        before = self.journal.read()
        if before and not before.executing and (before.action, before.digest) == (action, digest):
            return before
        if before:
            self.stack.drop(before.change_set)
        return self.journal.write(new_run(action, digest, before, plan.again))

    def _act(self, run: Run, plan: Plan, lose_data: bool) -> Result:
        if seen(usable(self.stack.read(), self.stack.name)) != plan.seen:
            raise _overtaken(self.stack.name)
        if plan.deployed and plan.deployed.is_remains:
            self._clear_away(plan.deployed, run)
        for asset in plan.package.assets:
            if self.assets.put_code(asset):
                self._tell("upload", f"{asset.key}, {len(asset.content):,} bytes")
        recipe, _ = self.assets.put_template(plan.package.template)
        _, url = self.assets.put_template(plan.template)
        run = self.journal.write(replace(run, recipe=recipe, settings_hash=plan.package.settings_hash))
        change_set = self.stack.change_set(run.change_set, create=plan.creates, url=url)
        if change_set is None:
            return self.result(0, run.settings_hash)
        if change_set.obsolete:
            raise _overtaken(self.stack.name)
        self._refuse_losses(plan, change_set, run, lose_data)
        run = self.journal.executing(run)
        self._tell("execute", "CloudFormation begins")
        self.stack.execute(change_set, run.token)
        return self._finish(run)

    def _finish(self, run: Run) -> Result:
        """Wait for a run that CloudFormation works on, and write it down."""
        found = self.stack.status()
        if found is None:
            raise StackError("the stack was deleted meanwhile", file=self.stack.name)
        ended = self.stack.wait(found["StackId"], run.token, self._event)
        if ended not in _DONE:
            failed = self.stack.failures(found["StackId"], run.token)
            raise _failure(self.stack.name, ended, failed)
        by = this_holder(run.id, datetime.now(UTC))
        entry = history.Entry(
            number=0,
            run=run.id,
            at=by.since,
            by=f"{by.owner} on {by.host}",
            recipe=digest_of(self.assets.get(run.recipe)),
            template=run.recipe,
            settings_hash=run.settings_hash,
            again=run.again,
        )
        number = history.record(self.assets, entry).number
        result = self.result(number, run.settings_hash)
        self._spread(result.outputs.get("DistributionId", ""))
        return result

    def result(self, number: int, settings_hash: str) -> Result:
        """What is deployed now; `number` is that of the deployment that brought it, 0 for none."""
        deployed = self.stack.read()
        if deployed is None:
            raise StackError("the stack was deleted meanwhile", file=self.stack.name)
        served = associations(deployed.template)
        numbers = {trigger: number_of(deployed.physical.get(one, one)) for trigger, one in served.items()}
        return Result(deployed.outputs, numbers, number, settings_hash)

    def _spread(self, distribution: str) -> None:
        """Wait until every edge has the distribution as it is now."""
        if not distribution:
            return
        client = self._aws("cloudfront")
        for _ in range(int(PATIENCE_S / EVERY_S)):
            try:
                told = called(distribution, lambda: client.get_distribution(Id=distribution))
                if told["Distribution"]["Status"] == "Deployed":
                    return
            except CloudError as error:
                if not is_throttled(error):
                    raise
            self._tell("spread", "CloudFront brings it to its edges")
            self._sleep(EVERY_S)
        raise BusyError(
            "CloudFront has not brought it to all edges yet",
            file=distribution,
            hint="Run the same command again.",
        )

    def _made(self, run: Run) -> ChangeSet | None:
        try:
            made = self.stack.made(run.change_set)
            return None if made is None or made.obsolete else made
        except CloudError as error:
            if error.reason in ("ChangeSetNotFound", "ChangeSetNotFoundException"):
                return None
            raise

    def _clear_away(self, remains: Deployed, run: Run) -> None:
        self._tell("clear", "removes what a failed first deployment left behind")
        token = f"{run.token}-clear"
        self.stack.delete(token)
        if (ended := self.stack.wait(remains.id, token, self._event)) != "DELETE_COMPLETE":
            failed = self.stack.failures(remains.id, token)
            raise _failure(self.stack.name, ended, failed)

    def _refuse_losses(self, plan: Plan, change_set: ChangeSet, run: Run, lose_data: bool) -> None:
        """Before anything is changed: what CloudFormation would replace counts as lost, if it holds data."""
        lost = {one.resource for one in plan.losses}
        if plan.deployed:
            resources = plan.deployed.template.get("Resources", {})
            lost |= {one for one in change_set.replaces if _is_lost_by_replacement(resources.get(one, {}))}
        if lost and not lose_data:
            self.stack.drop(run.change_set)
            raise StackError(
                f"data would be lost with {', '.join(sorted(lost))}",
                file=self.stack.name,
                hint="Nothing was changed. If that is meant: --lose-data.",
            )

    def _event(self, event: Event) -> None:
        reason = f": {event.reason}" if event.status.endswith("_FAILED") else ""
        self._tell("event", f"{event.resource} {event.status.lower().replace('_', ' ')}{reason}")


def _overtaken(stack: str) -> ChangedError:
    return ChangedError("somebody else deployed since the plan was made", file=stack, hint="Plan again.")


def _is_lost_by_replacement(resource: Mapping[str, Any]) -> bool:
    return resource.get("Type") in DATA and not resource.get("UpdateReplacePolicy", "").startswith("Retain")


def _failure(stack: str, ended: str, failed: list[Event]) -> StackError:
    why = "; ".join(f"{one.resource}: {one.reason}" for one in failed[:3]) or ended
    if "A version for this Lambda function exists" in why:
        hint = "A deployment that failed left that version behind: delete it when its replicas are gone, in some hours."
    elif ended.startswith("ROLLBACK"):
        hint = "The next `edgewise deploy` removes what is left, and begins anew."
    elif ended == "UPDATE_ROLLBACK_COMPLETE":
        hint = "What was there before is there again."
    else:
        hint = "Look at the stack's events in the AWS console, region us-east-1."
    return StackError(f"CloudFormation could not do it: {why}", file=stack, hint=hint)
