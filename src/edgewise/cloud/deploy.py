"""Carries a plan out: lock, code, templates, the steps of the stacks, history; all of it may be taken again.

What a run has done is read from AWS, not remembered; the journal holds what AWS does not know: which run it was.
Calls that must not count twice carry the run's own name or token.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from edgewise.cloud import history
from edgewise.cloud.apps import app_regions
from edgewise.cloud.asking import Aws, account_of
from edgewise.cloud.assets import Assets
from edgewise.cloud.detaching import stray_policy, take_off
from edgewise.cloud.errors import ChangedError, CloudError, StackError
from edgewise.cloud.journal import Journal, Run, new_run
from edgewise.cloud.lock import Lock, this_holder
from edgewise.cloud.package import METADATA, Package, digest_of
from edgewise.cloud.parameters import Values, images_of
from edgewise.cloud.planning import Plan, plan_of, seen, usable
from edgewise.cloud.stack import Deployed, Stack
from edgewise.cloud.steps import Steps, Tell, overtaken, refuse_losses
from edgewise.cloud.versions import associations, number_of

# What everybody meets is after these what it was before.
_UNRECORDED: Final = ("stage", "abandon")


@dataclass(frozen=True, slots=True)
class Result:
    """What is deployed: the stack's outputs, the version number at each trigger, the deployment's number (0: none new).

    `settings_hash` is what records of the site carry; `recorded` says whether every request of the default behavior
    leaves one in the functions' logs.
    """

    outputs: Mapping[str, str]
    versions: Mapping[tuple[str, str], int | None]
    number: int
    settings_hash: str
    recorded: bool = False


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
        self._steps = Steps(
            aws,
            self.account,
            self.assets,
            self.stack,
            self.journal,
            tell=lambda step, sentence: self._tell(step, sentence),
            sleep=sleep or time.sleep,
        )

    def state(self) -> str:
        """What stands for all that is deployed, as the history has it; empty if it was not deployed by us."""
        deployed = self.stack.read()
        return _state(deployed, self._apps(app_regions(deployed))) if deployed else ""

    def images(self) -> dict[str, str]:
        """The images that the deployed site's functions run, by their parameters."""
        deployed = self.stack.read()
        return _images(deployed, self._apps(app_regions(deployed))) if deployed else {}

    def plan(self, package: Package, again: int = 0) -> Plan:
        """What deploying this would change. Reads only. Raises `BusyError` and `CloudError`."""
        return plan_of(self._aws, self.stack, package, again, regions=self.journal.regions())

    def unfinished(self, *, break_lock: bool = False) -> Run | None:
        """The run of this folder that CloudFormation began with and that is not finished; None if there is none.

        One that it has not begun with is dropped: what the folder and the command say now goes before it.
        """
        with self.journal.held():
            run = self.journal.read()
            if run is None or not run.executing:
                return None
            if self._steps.has_begun(run):
                return run
            if self.assets.exists():
                # The lock that a crash left behind goes with the run.
                with Lock(self.assets, run, break_it=break_lock):
                    self._steps.drop(run)
            self.journal.give_up(run)
        self._tell("drop", f"drops the unfinished {run.action}: CloudFormation had not begun with it")
        return None

    def resume(self, *, break_lock: bool = False) -> Result | None:
        """Go on with a run that had begun to change the stack; None if there is none."""
        run = self.journal.read()
        if run is None or not run.executing:
            return None
        with self.journal.held():
            with self._to_its_end():
                result = self._resumed(run, break_lock)
            if result is None:
                self.journal.give_up(run)
            return result

    def _resumed(self, run: Run, break_lock: bool) -> Result | None:
        if not self.assets.exists():
            return None
        # Whatever is found, the lock that a crash left behind goes with the run.
        with Lock(self.assets, run, break_it=break_lock):
            if not run.apps and self.stack.status() is None:
                return None
            self._tell("resume", f"goes on with the unfinished {run.action}")
            done = self._taken(run, resumed=True)
            return self._ended(done) if done else None

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
            if run := self.journal.read():
                self.journal.give_up(run)
            raise
        self.journal.finish()

    def _begin(self, plan: Plan) -> Run:
        """This run: the unfinished one if it was for the same, else a new one."""
        action, digest = plan.action, plan.digest
        before = self.journal.read()
        if before and not before.executing and (before.action, before.digest) == (action, digest):
            return before
        if before:
            self._steps.drop(before)
        return self.journal.write(new_run(action, digest, before, plan.again))

    def _act(self, run: Run, plan: Plan, lose_data: bool) -> Result:
        self._refuse_overtaken(plan)
        refuse_losses(self.stack.name, {one.resource for one in plan.losses}, lose_data)
        if plan.deployed and plan.deployed.is_remains:
            self._steps.clear_away(self.stack, plan.deployed, run)
        for app in plan.apps:
            if app.template is not None and app.deployed and app.deployed.is_remains:
                self._steps.clear_away(self._steps.app_stack(app.region), app.deployed, run)
        for asset in plan.package.assets:
            if self.assets.put_code(asset):
                self._tell("upload", f"{asset.key}, {len(asset.content):,} bytes")
        recipe, _ = self.assets.put_template(plan.package.template)
        template, _ = self.assets.put_template(plan.template)
        apps = {
            one.region: {
                "template": self.assets.put_template(one.template)[0],
                "values": dict(one.values),
                "seen": "" if one.creates else seen(one.deployed),
            }
            for one in plan.apps
            if one.template is not None
        }
        run = self.journal.write(
            replace(
                run,
                recipe=recipe,
                settings_hash=plan.package.settings_hash,
                template=template,
                seen="" if plan.creates else plan.seen,
                values=_values(plan),
                apps=apps,
                gone=tuple(one.region for one in plan.apps if one.template is None),
                lose_data=lose_data,
            )
        )
        done = self._taken(run, resumed=False)
        if done is None:
            raise overtaken(self.stack.name)
        return self._ended(done)

    def _taken(self, run: Run, *, resumed: bool) -> Run | None:
        """The run after its steps; None if others changed the site's own stack since."""
        try:
            return self._steps.take(run, resumed=resumed)
        except (StackError, ChangedError) as error:
            error.hint = " ".join(one for one in (error.hint, self._way_back()) if one) or None
            if isinstance(error, StackError):
                # CloudFormation goes back without it.
                self._let_go()
            raise

    def _way_back(self) -> str:
        """What of a run that failed is there all the same, and how to undo it."""
        if not self._steps.changed:
            return ""
        try:
            known = history.entries(self.assets)
        except CloudError as error:
            self._tell("history", f"the history cannot be read: {error.message}")
            known = []
        back = f": `edgewise rollback --to {known[-1].number}` takes that back" if known else ""
        return f"Before that it changed {', '.join(self._steps.changed)}{back}."

    def _let_go(self) -> bool:
        """Whether a policy of a staged change was taken off, that the stack does not have.

        Trouble with that is told, and hides nothing of what the run came to: the next plan finds the policy.
        """
        try:
            deployed = self.stack.read()
            policy = stray_policy(self._aws, deployed)
            if deployed is None or not policy:
                return False
            take_off(self._aws, deployed.outputs["DistributionId"], policy)
        except CloudError as error:
            self._tell(
                "policy",
                "a policy of a staged change may be left at the distribution, and the plan of the next "
                f"`edgewise deploy` says whether it is: {error.message}",
            )
            return False
        self._tell(
            "policy",
            f"CloudFormation left the policy {policy} of a staged change: it is taken off, and everybody meets what "
            "is deployed. What is left of the policy and of its staging distribution is to be deleted in CloudFront's "
            "console",
        )
        return True

    def _ended(self, run: Run) -> Result:
        """Write down what a run did, if it did anything."""
        deployed = self._there()
        recorded = run.executing and run.action not in _UNRECORDED
        number = self._recorded(run, deployed) if recorded else 0
        if self._let_go() or run.executing:
            self._steps.spread(deployed.outputs.get("DistributionId", ""))
        return _result(deployed, number, run.settings_hash)

    def _recorded(self, run: Run, deployed: Deployed) -> int:
        """The number of the deployment, which is written down with all that is there, also what it did not bring."""
        apps = self._apps(app_regions(deployed))
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
            state=_state(deployed, apps),
            apps={region: self.assets.put_template(one.template)[0] for region, one in apps.items()},
            images=_images(deployed, apps),
        )
        return history.record(self.assets, entry).number

    def result(self, number: int, settings_hash: str) -> Result:
        """What is deployed now; `number` is that of the deployment that brought it, 0 for none."""
        return _result(self._there(), number, settings_hash)

    def _there(self) -> Deployed:
        deployed = self.stack.read()
        if deployed is None:
            raise StackError("the stack was deleted meanwhile", file=self.stack.name)
        return deployed

    def _refuse_overtaken(self, plan: Plan) -> None:
        if seen(usable(self.stack.read(), self.stack.name)) != plan.seen:
            raise overtaken(self.stack.name)
        for app in plan.apps:
            stack = self._steps.app_stack(app.region)
            there = stack.read()
            if seen(there if app.template is None else usable(there, stack.name)) != seen(app.deployed):
                raise overtaken(stack.name)

    def _apps(self, regions: Iterable[str]) -> dict[str, Deployed]:
        found = {region: self._steps.app_stack(region).read() for region in regions}
        return {region: one for region, one in found.items() if one}


def _values(plan: Plan) -> Values:
    """The values of the parameters: the plan's, and of those that it says nothing of the deployed ones."""
    there = plan.deployed.parameters if plan.deployed else {}
    kept = {name: there[name] for name in plan.template.get("Parameters", {}) if name in there}
    return {**kept, **plan.values}


def _result(deployed: Deployed, number: int, settings_hash: str) -> Result:
    served = associations(deployed.template)
    numbers = {trigger: number_of(deployed.physical.get(one, one)) for trigger, one in served.items()}
    notes = deployed.template.get("Metadata", {}).get(METADATA, {})
    return Result(deployed.outputs, numbers, number, settings_hash, bool(notes.get("Recorded")))


def _state(deployed: Deployed, apps: Mapping[str, Deployed]) -> str:
    templates = {region: one.template for region, one in apps.items()}
    return history.state_of(history.recipe_of(deployed.template), templates, _images(deployed, apps))


def _images(deployed: Deployed, apps: Mapping[str, Deployed]) -> dict[str, str]:
    """The images that the functions run, by their parameters."""
    stacks = (deployed, *apps.values())
    return images_of({name: value for one in stacks for name, value in one.parameters.items()})
