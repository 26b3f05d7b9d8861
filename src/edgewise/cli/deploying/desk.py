"""Where commands that change a site on AWS are put together: the site, what it has there, the person at the screen.

A run that was begun and not finished comes first: by the same command it goes on, before another one it asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edgewise.cdn import load_template
from edgewise.check import check_template
from edgewise.cli.deploying.edge import keep_regions
from edgewise.cli.deploying.screen import Screen
from edgewise.cli.errors import DeployCommandError
from edgewise.cli.runs import STATE_FOLDER
from edgewise.cli.saving import queries_of
from edgewise.cloud.clients import Clients
from edgewise.cloud.deploy import Deployment
from edgewise.cloud.edgelogs import find
from edgewise.cloud.estate import Estate
from edgewise.cloud.images import given_images, moving_tags, refuse_unknown
from edgewise.cloud.package import Package, package
from edgewise.cloud.placed import Placed
from edgewise.cloud.planning import Plan
from edgewise.cloud.standing import Result, result_of, standing
from edgewise.cloud.verify import Expected, verify
from edgewise.site import load_site, needed_on_aws


class Desk:
    """A site by its folder, and what a command does with it on AWS. Raises `SiteError`."""

    def __init__(
        self,
        directory: Path,
        *,
        as_json: bool,
        yes: bool = False,
        no_verify: bool = False,
        break_lock: bool = False,
        lose_data: bool = False,
    ) -> None:
        """What is said beforehand are the options of those names."""
        self.site = load_site(directory)
        self.screen = Screen(as_json)
        self.aws = Clients()
        self.yes = yes
        self.no_verify = no_verify
        self.break_lock = break_lock
        self.lose_data = lose_data

    @cached_property
    def estate(self) -> Estate:
        """What the site has in the account that is signed in to. Raises `CredentialsError`."""
        return Estate(self.aws, self.site.name, self.site.directory / STATE_FOLDER, tell=self.screen.step)

    @cached_property
    def _deployment(self) -> Deployment:
        return Deployment(self.estate)

    def state(self) -> str:
        """What stands for all that is deployed; empty if nothing is, or not by us."""
        there = standing(self.estate)
        return there.state if there else ""

    def images(self, given: Sequence[str] | None) -> dict[str, str]:
        """The images of `--image`, by the parameters that they are for. Raises `ImageError`."""
        images = given_images(self.site, given or ())
        for one in moving_tags(images):
            self.screen.note(one)
        return images

    def package(self, command: str, images: Mapping[str, str]) -> Package:
        """What the site needs on AWS, made in a folder of ours, with those `images` that are not to stay as they are.

        `command` is what takes an image that is missing.

        Raises `SiteError`, `BuildError`, and `ImageError` where an image is neither given nor deployed.
        """
        if self.site.images:
            there = standing(self.estate)
            known = {**(there.images if there else {}), **images}
            refuse_unknown(self.site, self.estate.account, known, command)
        return package(self.site, self._built, self.estate.assets.bucket, queries_of(self.site), images)

    def refuse_errors(self, ignored: Sequence[str] | None) -> None:
        """Look at what was made as `edgewise check` does, before AWS takes its time. Raises `DeployCommandError`."""
        found = check_template(load_template(self._built / "template.yaml"), ignored=ignored or ())
        errors = [one for one in found if one.rule.level == "error"]
        for one in errors:
            self.screen.note(f"error {one.rule.id}: {one.message}")
        if errors:
            raise DeployCommandError(
                "AWS would refuse this site, or its requests would fail",
                file=self.site.file,
                hint=f"`edgewise check` says where and why. If it is wrong about it: --ignore {errors[0].rule.id}.",
            )

    @property
    def _built(self) -> Path:
        return self.site.directory / STATE_FOLDER / "deploy"

    def plan(self, package: Package, again: int = 0) -> Plan:
        """What deploying this would change. Raises `BusyError` and `CloudError`."""
        return self._deployment.plan(package, again)

    def show(self, plan: Plan) -> None:
        """What would change."""
        self.screen.plan(self.estate.name, self.estate.account, plan)

    def show_needed(self) -> None:
        """What the functions need besides."""
        for one in needed_on_aws(self.site):
            self.screen.note(f"The functions need, and the template does not make: {one}")

    def note_unfinished(self) -> None:
        """Say what would come first if this were not only a plan."""
        if (run := self.estate.journal.read()) and run.executing:
            self.screen.note(
                f"A {run.action} of this folder is unfinished: without --plan-only it is finished before this, or "
                "dropped if CloudFormation had not begun with it."
            )

    def go_on(self, action: str, again: int | None = None) -> Result | None:
        """Finish the unfinished run; its result if it is what is asked for: this `action`, and this deployment `again`.

        What CloudFormation had not begun with is dropped. Another run is asked for, and settled: what it began may be
        the very thing that nobody wants any more.
        """
        run = self._deployment.unfinished(break_lock=self.break_lock)
        if run is None:
            return None
        own = run.action == action and again in (None, run.again)
        if not own:
            what = f"{run.action} to {run.again}" if run.again else run.action
            self.screen.note(
                f"CloudFormation has begun with the {what} of this folder, and that is unfinished."
            )
            self.screen.confirm(f"Finish that {what} first?", self.yes)
        finished = self._deployment.resume(break_lock=self.break_lock)
        if finished is None:
            return None
        self.screen.result(finished)
        if not own and run.action != "stage":
            self.keep_regions(finished)
        return finished if own else None

    def carry_out(self, plan: Plan, question: str) -> Result:
        """Do what was planned, if somebody says so; what is deployed then."""
        if plan.nothing and plan.deployed:
            return result_of(plan.deployed, plan.package.settings_hash)
        self.screen.confirm(question, self.yes)
        return self._deployment.carry_out(plan, break_lock=self.break_lock, lose_data=self.lose_data)

    def settle(self, result: Result, *, log_days: int | None = 0) -> None:
        """What comes after the stack: the regions of the edge, and a look at the site. Raises `VerifyError`.

        Every command that changes what everybody meets ends here, also where nothing was left to change: an earlier run
        may have ended before.
        """
        self.keep_regions(result, log_days=log_days)
        domain = result.outputs.get("DomainName")
        if domain and not self.no_verify:
            expected = Expected.of(result.settings_hash, result.versions) if result.recorded else None
            self.screen.note(self.verify(f"https://{domain}/", expected))

    def keep_regions(self, result: Result, *, log_days: int | None = 0) -> None:
        """See to the regions of the edge. With 0 `log_days` logs are kept as they are."""
        placed = Placed(self.estate.assets)
        keep_regions(self.site, self.aws, result.outputs, self.screen, log_days=log_days, placed=placed)

    def verify(
        self, url: str, expected: Expected | None, headers: Mapping[str, str] = MappingProxyType({})
    ) -> str:
        """A sentence on what the site answered. Raises `VerifyError`."""
        return verify(
            url,
            expected,
            self.find,
            tell=self.screen.step,
            sleep=self.estate.sleep,
            headers=headers,
        )

    def find(self, request: str, since_ms: int) -> Mapping[str, Any] | None:
        """The record of a request in the functions' logs."""
        return find(self.aws, self.site.name, request, since_ms)
