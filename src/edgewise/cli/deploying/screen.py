"""Tells a person, or with `--json` a program, what is planned and done on AWS."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from edgewise.cli.errors import DeployCommandError
from edgewise.cli.terminal import printable
from edgewise.cloud.clients import HOME_REGION
from edgewise.cloud.deployed import Deployed
from edgewise.cloud.history import Entry
from edgewise.cloud.plan import Change
from edgewise.cloud.planning import Plan
from edgewise.cloud.staged import Staged
from edgewise.cloud.standing import Result

_SIGNS = {"add": "+", "change": "~", "remove": "-"}


class Screen:
    """Prints lines, or one object a line."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json
        self._last = ""

    def step(self, step: str, sentence: str) -> None:
        """A step as it is taken; one that only goes on is told once."""
        if self._json:
            self._object(event="step", step=step, text=sentence)
        elif sentence != self._last:
            print(f"  {printable(sentence)}", flush=True)
        self._last = sentence

    def note(self, sentence: str) -> None:
        """Something worth knowing."""
        if self._json:
            self._object(event="note", text=sentence)
        else:
            print(printable(sentence), flush=True)

    def plan(self, name: str, account: str, plan: Plan) -> None:
        """What would change."""
        changes = () if plan.nothing else plan.changes
        for app in plan.apps:
            self._stack(app.stack, app.region, account, app.deployed, () if app.unchanged else app.changes)
        self._stack(name, HOME_REGION, account, plan.deployed, changes)
        self.drift(plan.drift)

    def drift(self, sentences: Sequence[str]) -> None:
        """What is on AWS, and its stack does not know."""
        for one in sentences:
            if self._json:
                self._object(event="drift", text=one)
            else:
                self.note(f"Changed outside of the stack: {one}.")
        if sentences and not self._json:
            self.note(
                "The stack's own is brought back when what was changed changes for another reason, not before. "
                "To keep an image, name it with --image."
            )

    def difference(self, stack: str, region: str, lines: Sequence[str]) -> None:
        """The lines in which a stack is and would be another."""
        if self._json:
            self._object(event="diff", stack=stack, region=region, lines=list(lines))
            return
        for one in lines:
            print(printable(one))

    def _stack(
        self, name: str, region: str, account: str, deployed: Deployed | None, changes: Sequence[Change]
    ) -> None:
        if self._json:
            told = [_facts(one) for one in changes]
            self._object(event="plan", stack=name, region=region, account=account, changes=told)
            return
        print(f"The stack {name} in {region}, account {account}:")
        if deployed and deployed.is_remains:
            print("  what a failed first deployment left behind is removed")
        for one in changes:
            print(f"  {_SIGNS[one.verb]} {printable(one.sentence)}")
        if not changes:
            print("  nothing changes")

    def result(self, result: Result) -> None:
        """What is deployed."""
        if self._json:
            self._object(event="deployed", **_result_facts(result))
            return
        if result.number:
            print(f"Deployed as number {result.number}; `edgewise rollback` goes back to the one before.")
        if domain := result.outputs.get("DomainName"):
            print(f"https://{printable(domain)}/")

    def staged(self, found: Staged | None, outputs: Mapping[str, str]) -> None:
        """What is staged beside what is deployed."""
        if self._json:
            self._object(event="staged", **(_staged_facts(found) if found else {"traffic": None}))
            return
        if found is None:
            print("No change is staged.")
            return
        print(f"Staged, for {printable(found.traffic.sentence)}:")
        print(f"  distribution {found.distribution}, settings {found.settings_hash}")
        grouped: dict[tuple[str, int | None], list[str]] = {}
        for (path, event), number in found.versions.items():
            grouped.setdefault((event, number), []).append(path)
        for (event, number), paths in grouped.items():
            print(f"  {event} of {printable(', '.join(paths))}: function version {number}")
        for name, value in found.traffic.headers.items():
            print(
                f"  curl -H '{printable(f'{name}: {value}')}' https://{printable(outputs.get('DomainName', ''))}/"
            )
        print("`edgewise promote` brings it to everybody, `edgewise abandon` takes it back.")

    def history(self, known: Sequence[Entry], state: str) -> None:
        """The deployments, the latest first."""
        for one in reversed(known):
            now = one.what == state
            if self._json:
                self._object(
                    event="deployment", number=one.number, at=one.at, by=one.by, again=one.again, deployed=now
                )
            else:
                again = f", {one.again} again" if one.again else ""
                print(f"{one.number:>4}  {one.at}  {printable(one.by)}{again}{'  deployed' if now else ''}")

    def confirm(self, question: str, yes: bool) -> None:
        """Go on only if somebody says so. Raises `DeployCommandError` when nobody can be asked."""
        if yes:
            return
        if self._json or not sys.stdin.isatty():
            raise DeployCommandError(
                "there is nobody to ask whether this is meant",
                hint="Say --yes; --plan-only shows what a deployment would do.",
            )
        typer.confirm(question, abort=True)

    @contextmanager
    def interruptible(self, again: str) -> Iterator[None]:
        """Ctrl-C ends it with a word on what goes on without us, and status 130."""
        try:
            yield
        except KeyboardInterrupt:
            print(
                f"\nStopped waiting. What CloudFormation has begun goes on there; {again}.", file=sys.stderr
            )
            raise typer.Exit(130) from None

    def _object(self, **facts: Any) -> None:
        print(json.dumps(facts), flush=True)


def _facts(change: Change) -> dict[str, Any]:
    return {
        "verb": change.verb,
        "resource": change.resource,
        "text": change.sentence,
        "loses_data": change.loses_data,
    }


def _result_facts(result: Result) -> Mapping[str, Any]:
    return {
        "number": result.number,
        "outputs": dict(result.outputs),
        "versions": _versions(result.versions),
        "settings_hash": result.settings_hash,
    }


def _staged_facts(found: Staged) -> Mapping[str, Any]:
    return {
        "traffic": found.traffic.config,
        "distribution": found.distribution,
        "versions": _versions(found.versions),
        "settings_hash": found.settings_hash,
    }


def _versions(served: Mapping[tuple[str, str], int | None]) -> list[dict[str, Any]]:
    return [{"path": path, "trigger": event, "version": number} for (path, event), number in served.items()]
