"""The steps of a run, stack by stack: a change set made, executed and waited for; what was done before is found done.

A step has a name of its own in a run, and so has its change set, and the token that CloudFormation writes beside each
of its events.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from edgewise.cloud.apps import distribution_arn
from edgewise.cloud.asking import called
from edgewise.cloud.deployed import EMPTY, Deployed, seen
from edgewise.cloud.errors import ChangedError, CloudError, StackError
from edgewise.cloud.estate import Estate
from edgewise.cloud.journal import Run
from edgewise.cloud.patience import patiently
from edgewise.cloud.plan import DATA
from edgewise.cloud.stack import ChangeSet, Stack
from edgewise.cloud.work import Event
from edgewise.site import DISTRIBUTION_PARAMETER

_DONE: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_DELETED: Final = ("DELETE_COMPLETE",)
# The second step with an app, when the site's own stack says which distribution may call it.
_CALLED: Final = "-called"
# The last one with an app that goes.
_GONE: Final = "-gone"


class Steps:
    """Takes the steps of a site's runs."""

    def __init__(self, estate: Estate) -> None:
        # What the run has brought, in words: it stays when a later step fails.
        self.changed: list[str] = []
        self._estate = estate

    def has_begun(self, run: Run) -> bool:
        """Whether CloudFormation began with any step of a run."""
        return any(
            stack.has_begun(f"{run.token}{step}", f"{run.change_set}{step}")
            for stack, step in self._each(run)
        )

    def drop(self, run: Run) -> None:
        """Delete the change sets of a run that is not gone on with."""
        for stack, step in self._each(run):
            stack.drop(f"{run.change_set}{step}")

    def _each(self, run: Run) -> Iterator[tuple[Stack, str]]:
        """The steps by what their names end with, each with its stack."""
        yield self._estate.stack, ""
        for region in run.apps:
            yield self._estate.app_stack(region), f"-{region}"
            yield self._estate.app_stack(region), f"-{region}{_CALLED}"
        for region in run.gone:
            yield self._estate.app_stack(region), f"-{region}{_GONE}"

    def take(self, run: Run, *, resumed: bool) -> Run | None:
        """The stacks in their order: the apps, the site's own, the apps that may be called only now, those that go.

        What was done before a crash is found done. None if others changed the site's own since.
        """
        self.changed = []
        hosts: dict[str, str] = {}
        for region, app in run.apps.items():
            stack = self._estate.app_stack(region)
            further = f"{run.token}-{region}{_CALLED}"
            if not (resumed and _has_begun(stack, stack.status(), further)):
                run = self._bring(run, stack, f"-{region}", app, resumed)
            found = stack.read()
            hosts |= found.outputs if found else {}
        run_of_site = self._bring_site(run, hosts, resumed)
        if run_of_site is None:
            return None
        run = run_of_site
        outputs = (self._estate.stack.status() or {}).get("Outputs", ())
        ids = {one["OutputKey"]: one["OutputValue"] for one in outputs}
        arn = distribution_arn(self._estate.account, ids.get("DistributionId", ""))
        for region, app in run.apps.items():
            if app["values"].get(DISTRIBUTION_PARAMETER, arn) != arn:
                app = {**app, "values": {**app["values"], DISTRIBUTION_PARAMETER: arn}}
                run = self._bring(run, self._estate.app_stack(region), f"-{region}{_CALLED}", app, resumed)
        for region in run.gone:
            run = self._take_down(run, region)
        return run

    def _bring(self, run: Run, stack: Stack, step: str, app: Mapping[str, Any], resumed: bool) -> Run:
        """Deploy one stack of apps, unless this run did; the run, which has begun if there was anything to do."""
        token = f"{run.token}{step}"
        found = stack.status()
        if not (resumed and _has_begun(stack, found, token)):
            if resumed and self._is_overtaken(run, stack, app):
                raise overtaken(stack.name)
            # In another region than the bucket of the templates.
            body = {
                "TemplateBody": json.dumps(self._estate.assets.get(app["template"]), separators=(",", ":"))
            }
            name = f"{run.change_set}{step}"
            change_set = stack.change_set(name, create=_is_new(found), template=body, values=app["values"])
            if change_set is None:
                return run
            if change_set.obsolete:
                raise overtaken(stack.name)
            run = self._execute(run, stack, change_set, token)
        self._wait(stack, token)
        self._note(f"{stack.name} in {stack.region}")
        return run

    def _is_overtaken(self, run: Run, stack: Stack, app: Mapping[str, Any]) -> bool:
        """Whether the apps were changed since they were looked at, and not by this run's own step before.

        A run of an earlier Edgewise may not say what it saw: then they count as changed.
        """
        there = stack.read()
        if seen(there) == app.get("seen"):
            return False
        return there is None or not stack.latest_work(there.id).startswith(run.token)

    def _note(self, changed: str) -> None:
        if changed not in self.changed:
            self.changed.append(changed)

    def _bring_site(self, run: Run, hosts: Mapping[str, str], resumed: bool) -> Run | None:
        found = self._estate.stack.status()
        if not (resumed and _has_begun(self._estate.stack, found, run.token)):
            change_set = self._made(run) if resumed else None
            if change_set is None:
                if resumed and seen(self._estate.stack.read()) != run.seen:
                    return None
                values = {name: hosts.get(name) or value or "" for name, value in run.values.items()}
                url = {"TemplateURL": self._estate.assets.url(run.template)}
                change_set = self._estate.stack.change_set(
                    run.change_set, create=_is_new(found), template=url, values=values
                )
            if change_set is None:
                return run
            if change_set.obsolete:
                return None
            self._refuse_replacements(change_set, run)
            run = self._execute(run, self._estate.stack, change_set, run.token)
        self._wait(self._estate.stack, run.token)
        self._note(self._estate.stack.name)
        return run

    def _take_down(self, run: Run, region: str) -> Run:
        stack, token = self._estate.app_stack(region), f"{run.token}-{region}{_GONE}"
        found = stack.status()
        if found is None:
            return run
        self._estate.tell("execute", f"CloudFormation takes {stack.name} in {region} down")
        run = self._estate.journal.executing(run)
        stack.delete(token)
        self._wait_for(_DELETED, stack, found["StackId"], token)
        return run

    def _execute(self, run: Run, stack: Stack, change_set: ChangeSet, token: str) -> Run:
        run = self._estate.journal.executing(run)
        where = "" if stack is self._estate.stack else f" with {stack.name} in {stack.region}"
        self._estate.tell("execute", f"CloudFormation begins{where}")
        stack.execute(change_set, token)
        return run

    def _wait(self, stack: Stack, token: str) -> None:
        """Until the run has done with a stack. Raises `StackError`."""
        found = stack.status()
        if found is None:
            raise StackError("the stack was deleted meanwhile", file=stack.name)
        self._wait_for(_DONE, stack, found["StackId"], token)

    def _wait_for(self, ends: tuple[str, ...], stack: Stack, stack_id: str, token: str) -> None:
        """Until what is done under a token is done. Raises `StackError` if it comes to another end."""
        work = stack.work(stack_id, token)
        if (ended := work.wait(self._estate.tell_event)) not in ends:
            raise _failure(stack, ended, work.failures())

    def clear_away(self, stack: Stack, remains: Deployed, run: Run) -> None:
        """Delete what a failed first deployment left. Raises `StackError`."""
        self._estate.tell("clear", "removes what a failed first deployment left behind")
        token = f"{run.token}-clear"
        stack.delete(token)
        self._wait_for(_DELETED, stack, remains.id, token)

    def spread(self, distribution: str) -> None:
        """Wait until every edge has the distribution as it is now."""
        if not distribution:
            return
        client = self._estate.aws("cloudfront")

        def look() -> bool | None:
            told = called(distribution, lambda: client.get_distribution(Id=distribution))
            if told["Distribution"]["Status"] == "Deployed":
                return True
            self._estate.tell("spread", "CloudFront brings it to its edges")
            return None

        patiently(look, who="CloudFront", of=distribution, sleep=self._estate.sleep)

    def _made(self, run: Run) -> ChangeSet | None:
        try:
            made = self._estate.stack.made(run.change_set)
            return None if made is None or made.obsolete else made
        except CloudError as error:
            if error.reason in ("ChangeSetNotFound", "ChangeSetNotFoundException"):
                return None
            raise

    def _refuse_replacements(self, change_set: ChangeSet, run: Run) -> None:
        """What CloudFormation would replace counts as lost, if it holds data."""
        deployed = self._estate.stack.read()
        resources = deployed.template.get("Resources", {}) if deployed else {}
        lost = {one for one in change_set.replaces if _is_lost_by_replacement(resources.get(one, {}))}
        if lost and not run.lose_data:
            self._estate.stack.drop(run.change_set)
        refuse_losses(self._estate.stack.name, lost, run.lose_data)


def refuse_losses(stack: str, lost: set[str], lose_data: bool) -> None:
    """Raises `StackError` if data would be lost that nobody said may be."""
    if lost and not lose_data:
        raise StackError(
            f"data would be lost with {', '.join(sorted(lost))}",
            file=stack,
            hint="This stack was not changed. If that is meant: --lose-data.",
        )


def overtaken(stack: str) -> ChangedError:
    """What is raised when a plan is for what is there no longer."""
    return ChangedError("somebody else deployed since the plan was made", file=stack, hint="Plan again.")


def _is_lost_by_replacement(resource: Mapping[str, Any]) -> bool:
    return resource.get("Type") in DATA and not resource.get("UpdateReplacePolicy", "").startswith("Retain")


def _has_begun(stack: Stack, found: Mapping[str, Any] | None, token: str) -> bool:
    return found is not None and bool(stack.work(found["StackId"], token).events())


def _is_new(found: Mapping[str, Any] | None) -> bool:
    return found is None or found["StackStatus"] in (EMPTY, "DELETE_COMPLETE")


def _failure(stack: Stack, ended: str, failed: list[Event]) -> StackError:
    why = "; ".join(f"{one.resource}: {one.reason}" for one in failed[:3]) or ended
    if "A version for this Lambda function exists" in why:
        hint = "A deployment that failed left that version behind: delete it when its replicas are gone, in some hours."
    elif ended.startswith("ROLLBACK"):
        hint = "The next `edgewise deploy` removes what is left, and begins anew."
    elif ended == "UPDATE_ROLLBACK_COMPLETE":
        hint = "What was there before is there again."
    else:
        hint = f"Look at the stack's events in the AWS console, region {stack.region}."
    return StackError(f"CloudFormation could not do it: {why}", file=stack.name, hint=hint)
