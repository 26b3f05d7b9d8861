"""Carries a plan out: lock, code, templates, the steps of the stacks, history; all of it may be taken again.

What a run has done is read from AWS, not remembered; the journal holds what AWS does not know: which run it was.
Calls that must not count twice carry the run's own name or token.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from edgewise.cloud import history
from edgewise.cloud.deployed import seen, usable
from edgewise.cloud.detaching import let_go
from edgewise.cloud.errors import ChangedError, CloudError, StackError
from edgewise.cloud.estate import Estate
from edgewise.cloud.journal import Run, new_run
from edgewise.cloud.lock import Lock, this_holder
from edgewise.cloud.package import Package, digest_of
from edgewise.cloud.parameters import Values
from edgewise.cloud.planning import Plan, plan_of
from edgewise.cloud.standing import Result, Standing, result_of, standing
from edgewise.cloud.steps import Steps, overtaken, refuse_losses

# What everybody meets is after these what it was before.
_UNRECORDED: Final = ("stage", "abandon")


class Deployment:
    """Plans and takes runs of a site."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._steps = Steps(estate)

    def plan(self, package: Package, again: int = 0) -> Plan:
        """What deploying this would change. Reads only. Raises `BusyError` and `CloudError`."""
        return plan_of(self.estate, package, again)

    def unfinished(self, *, break_lock: bool = False) -> Run | None:
        """The run of this folder that CloudFormation began with and that is not finished; None if there is none.

        One that it has not begun with is dropped: what the folder and the command say now goes before it.
        """
        with self.estate.journal.held():
            run = self.estate.journal.read()
            if run is None or not run.executing:
                return None
            if self._steps.has_begun(run):
                return run
            if self.estate.assets.exists():
                # The lock that a crash left behind goes with the run.
                with Lock(self.estate.assets, run, break_it=break_lock):
                    self._steps.drop(run)
            self.estate.journal.give_up(run)
        self.estate.tell("drop", f"drops the unfinished {run.action}: CloudFormation had not begun with it")
        return None

    def resume(self, *, break_lock: bool = False) -> Result | None:
        """Go on with a run that had begun to change the stack; None if there is none."""
        run = self.estate.journal.read()
        if run is None or not run.executing:
            return None
        with self.estate.journal.held():
            with self._to_its_end():
                result = self._resumed(run, break_lock)
            if result is None:
                self.estate.journal.give_up(run)
            return result

    def _resumed(self, run: Run, break_lock: bool) -> Result | None:
        if not self.estate.assets.exists():
            return None
        # Whatever is found, the lock that a crash left behind goes with the run.
        with Lock(self.estate.assets, run, break_it=break_lock):
            if not run.apps and self.estate.stack.status() is None:
                return None
            self.estate.tell("resume", f"goes on with the unfinished {run.action}")
            done = self._taken(run, resumed=True)
            return self._ended(done) if done else None

    def carry_out(self, plan: Plan, *, break_lock: bool = False, lose_data: bool = False) -> Result:
        """Deploy what was planned. Raises `ChangedError` if something else is there by now, and `StackError`."""
        with self.estate.journal.held(), self._to_its_end():
            before = self.estate.journal.read()
            run = self._begin(plan, before)
            if self.estate.assets.ensure():
                self.estate.tell("bucket", f"made the bucket {self.estate.assets.bucket}")
            with Lock(self.estate.assets, run, break_it=break_lock):
                if before and before.id != run.id:
                    self._steps.drop(before)
                return self._act(run, plan, lose_data)

    @contextmanager
    def _to_its_end(self) -> Iterator[None]:
        """Afterwards no run is unfinished, unless it was kept from going on. The lock is released before that: one
        that a crash leaves behind can be told as the run's own."""
        try:
            yield
        except (StackError, ChangedError):
            if run := self.estate.journal.read():
                self.estate.journal.give_up(run)
            raise
        self.estate.journal.finish()

    def _begin(self, plan: Plan, before: Run | None) -> Run:
        """This run: the unfinished one if it was for the same, else a new one."""
        if before and not before.executing and (before.action, before.digest) == (plan.action, plan.digest):
            return before
        return self.estate.journal.write(new_run(plan.action, plan.digest, before, plan.again))

    def _act(self, run: Run, plan: Plan, lose_data: bool) -> Result:
        self._refuse_overtaken(plan)
        refuse_losses(self.estate.name, {one.resource for one in plan.losses}, lose_data)
        self._clear_away(run, plan)
        for asset in plan.package.assets:
            if self.estate.assets.put_code(asset):
                self.estate.tell("upload", f"{asset.key}, {len(asset.content):,} bytes")
        done = self._taken(self._noted(run, plan, lose_data), resumed=False)
        if done is None:
            raise overtaken(self.estate.name)
        return self._ended(done)

    def _clear_away(self, run: Run, plan: Plan) -> None:
        if plan.deployed and plan.deployed.is_remains:
            self._steps.clear_away(self.estate.stack, plan.deployed, run)
        for app in plan.apps:
            if app.template is not None and app.deployed and app.deployed.is_remains:
                self._steps.clear_away(self.estate.app_stack(app.region), app.deployed, run)

    def _noted(self, run: Run, plan: Plan, lose_data: bool) -> Run:
        """The run with all that it takes to go on with it, written down; its templates are in the bucket."""
        recipe, _ = self.estate.assets.put_template(plan.package.template)
        template, _ = self.estate.assets.put_template(plan.template)
        apps: dict[str, Any] = {
            one.region: {
                "template": self.estate.assets.put_template(one.template)[0],
                "values": dict(one.values),
                "seen": "" if one.creates else seen(one.deployed),
            }
            for one in plan.apps
            if one.template is not None
        }
        return self.estate.journal.write(
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

    def _taken(self, run: Run, *, resumed: bool) -> Run | None:
        """The run after its steps; None if others changed the site's own stack since."""
        try:
            return self._steps.take(run, resumed=resumed)
        except (StackError, ChangedError) as error:
            error.hint = " ".join(one for one in (error.hint, self._way_back()) if one) or None
            if isinstance(error, StackError):
                # CloudFormation goes back without taking a policy off.
                let_go(self.estate)
            raise

    def _way_back(self) -> str:
        """What of a run that failed is there all the same, and how to undo it."""
        if not self._steps.changed:
            return ""
        try:
            known = history.entries(self.estate.assets)
        except CloudError as error:
            self.estate.tell("history", f"the history cannot be read: {error.message}")
            known = []
        back = f": `edgewise rollback --to {known[-1].number}` takes that back" if known else ""
        return f"Before that it changed {', '.join(self._steps.changed)}{back}."

    def _ended(self, run: Run) -> Result:
        """Write down what a run did, if it did anything."""
        there = standing(self.estate)
        if there is None:
            raise StackError("the stack was deleted meanwhile", file=self.estate.name)
        recorded = run.executing and run.action not in _UNRECORDED
        number = self._recorded(run, there) if recorded else 0
        if let_go(self.estate) or run.executing:
            self._steps.spread(there.own.outputs.get("DistributionId", ""))
        return result_of(there.own, run.settings_hash, number)

    def _recorded(self, run: Run, there: Standing) -> int:
        """The number of the deployment, which is written down with all that is there, also what it did not bring."""
        by, assets = this_holder(run.id, datetime.now(UTC)), self.estate.assets
        entry = history.Entry(
            number=0,
            run=run.id,
            at=by.since,
            by=f"{by.owner} on {by.host}",
            recipe=digest_of(assets.get(run.recipe)),
            template=run.recipe,
            settings_hash=run.settings_hash,
            again=run.again,
            state=there.state,
            apps={region: assets.put_template(one.template)[0] for region, one in there.apps.items()},
            images=there.images,
        )
        return history.record(assets, entry).number

    def _refuse_overtaken(self, plan: Plan) -> None:
        if seen(usable(self.estate.stack.read())) != plan.seen:
            raise overtaken(self.estate.name)
        for app in plan.apps:
            stack = self.estate.app_stack(app.region)
            there = stack.read()
            if seen(there if app.template is None else usable(there)) != seen(app.deployed):
                raise overtaken(stack.name)


def _values(plan: Plan) -> Values:
    """The values of the parameters: the plan's, and of those that it says nothing of the deployed ones."""
    there = plan.deployed.parameters if plan.deployed else {}
    kept = {name: there[name] for name in plan.template.get("Parameters", {}) if name in there}
    return {**kept, **plan.values}
