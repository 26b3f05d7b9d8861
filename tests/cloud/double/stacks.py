"""One stack: what it holds, and its operations, which go on each time somebody looks.

Statuses and events: "Stack status codes" and the API's `StackEvent`. What is retained: "DeletionPolicy attribute".
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cloud.double.evaluating import checked, evaluated, holding, in_order, references, told_apart
from cloud.double.functions import ACCOUNT
from cloud.double.resources import Resources
from cloud.double.wire import Refusal

_STEPS_A_LOOK = 12
_LAG = 1
STACK = "AWS::CloudFormation::Stack"


@dataclass
class Kept:
    """A resource that was made: its type, its physical id, its properties filled in, and what becomes of it when it
    is deleted and when it is replaced."""

    kind: str
    physical: str
    properties: dict[str, Any]
    policy: str
    replaced: str = "Delete"
    status: str = "CREATE_COMPLETE"
    needs: tuple[str, ...] = ()


@dataclass
class ChangeSet:
    """A change set; it is there after one look."""

    id: str
    name: str
    token: str
    kind: str
    body: str
    values: dict[str, str] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    status: str = "CREATE_PENDING"
    reason: str = ""
    execution: str = "UNAVAILABLE"


class Stack:
    """A stack; `resources` does the work. While it is `held`, what runs stands still."""

    def __init__(self, name: str, resources: Resources) -> None:
        self.name = name
        self.id = f"arn:aws:cloudformation:{resources.region}:{ACCOUNT}:stack/{name}/{uuid.uuid4()}"
        self.status = "REVIEW_IN_PROGRESS"
        self.body = ""
        self.values: dict[str, str] = {}
        self.kept: dict[str, Kept] = {}
        self.outputs: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        self.change_sets: dict[str, ChangeSet] = {}
        self.tokens: set[str] = set()
        self.retain_except_on_create = False
        self.held = False
        # What was replaced in an update, until that is done.
        self._replaced: dict[str, Kept] = {}
        self._resources = resources
        self._work: Iterator[None] = iter(())
        self._lag = 0
        self._token = ""

    def look(self) -> None:
        """Let time pass: some steps of what runs."""
        if self.held:
            return
        self._lag -= 1
        for _ in range(_STEPS_A_LOOK if self._lag < 0 else 0):
            next(self._work, None)

    def begin(self, work: Iterator[None], token: str) -> None:
        """Begin an operation. The first who look after that see the stack as it was."""
        self.tokens.add(token)
        self._lag = _LAG
        self._work = self._begun(work, token)

    def _begun(self, work: Iterator[None], token: str) -> Iterator[None]:
        self._token = token
        yield from work
        for one in self.change_sets.values():
            one.execution = "EXECUTE_COMPLETE"

    def template(self, body: str | None = None) -> dict[str, Any]:
        """The template as values."""
        return json.loads(self.body if body is None else body)

    def create(self, body: str, values: dict[str, str]) -> Iterator[None]:
        """Make all of it; when something fails, delete what was made."""
        self._now("CREATE_IN_PROGRESS", "User Initiated")
        yield
        self.body, self.values = body, values
        template = self.template()
        try:
            yield from self._make(template, {})
        except Refusal:
            self._now("ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create.")
            yield
            failed = yield from self._remove(list(self.kept), created_now=True)
            self._now("ROLLBACK_FAILED" if failed else "ROLLBACK_COMPLETE")
            return
        self._give(template)
        self._now("CREATE_COMPLETE")

    def update(self, body: str, values: dict[str, str]) -> Iterator[None]:
        """Make it as the template says; when something fails, make it as it was."""
        self._now("UPDATE_IN_PROGRESS", "User Initiated")
        yield
        old, new = self.template(), self.template(body)
        before, values_before = set(self.kept), self.values
        self.values = values
        try:
            yield from self._make(new, old["Resources"])
        except Refusal:
            self._now("UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update.")
            yield
            self.values = values_before
            try:
                yield from self._make(old, new["Resources"])
            except Refusal:
                self._now("UPDATE_ROLLBACK_FAILED", "The following resource(s) failed to update.")
                return
            self._now("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
            yield
            failed = yield from self._remove(
                [name for name in self.kept if name not in before], created_now=True
            )
            for name in failed:
                # Cleaning up is tried; what cannot be deleted leaves the stack all the same.
                del self.kept[name]
            self._now("UPDATE_ROLLBACK_COMPLETE")
            return
        self.body = body
        self._give(new)
        self._now("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        yield
        for name, one in self._replaced.items():
            if one.replaced == "Delete":
                self._resources.delete(name, one.kind, one.physical)
        self._replaced = {}
        wanted = holding(new, self.values)
        failed = yield from self._remove([name for name in self.kept if name not in wanted])
        for name in failed:
            # What cannot be deleted leaves the stack all the same.
            del self.kept[name]
        self._now("UPDATE_COMPLETE")

    def delete(self) -> Iterator[None]:
        """Delete all of it but what is to be retained, as far as that can be done."""
        self._now("DELETE_IN_PROGRESS", "User Initiated")
        yield
        failed = yield from self._remove(list(self.kept))
        if failed:
            self._now("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}]. ")
        else:
            self._now("DELETE_COMPLETE")

    def checked(self, body: str, values: dict[str, str]) -> dict[str, str]:
        """The values for a template."""
        try:
            return checked(self.template(body), values)
        except ValueError as error:
            raise Refusal("ValidationError", str(error)) from None

    def changes(self, body: str, values: dict[str, str]) -> list[dict[str, Any]]:
        """What a change set with this template says."""
        new = told_apart(holding(self.template(body), values), values)
        old = (
            told_apart(holding(self.template(), self.values), self.values) if self.body and self.kept else {}
        )
        told = []
        for name in dict.fromkeys((*new, *old)):
            if name not in old:
                told.append(_change("Add", name, new[name]["Type"]))
            elif name not in new:
                told.append(_change("Remove", name, old[name]["Type"]))
            elif new[name] != old[name]:
                kind, (was, will) = (
                    new[name]["Type"],
                    (one.get("Properties", {}) for one in (old[name], new[name])),
                )
                replaced = self._resources.is_replaced(kind, was, will)
                told.append(_change("Modify", name, kind, "True" if replaced else "False"))
        return told

    def _make(self, template: dict[str, Any], old: dict[str, Any]) -> Iterator[None]:
        resources = holding(template, self.values)
        for name in in_order(resources):
            body = resources[name]
            properties = evaluated(body.get("Properties", {}), self._attribute)
            known = self.kept.get(name)
            if known and known.properties == properties:
                known.policy = body.get("DeletionPolicy", "Delete")
                continue
            verb = "UPDATE" if known else "CREATE"
            self._event(name, body["Type"], f"{verb}_IN_PROGRESS")
            yield
            try:
                self._bring(name, body, properties)
            except Refusal as refusal:
                self._event(name, body["Type"], f"{verb}_FAILED", str(refusal.message))
                raise
            self.kept[name].needs = tuple(references(body.get("Properties", {})))
            self.kept[name].status = f"{verb}_COMPLETE"
            self._event(name, body["Type"], f"{verb}_COMPLETE")
            yield

    def _bring(self, name: str, body: dict[str, Any], properties: dict[str, Any]) -> None:
        kind, known, before = body["Type"], self.kept.get(name), self._replaced.get(name)
        policies = (body.get("DeletionPolicy", "Delete"), body.get("UpdateReplacePolicy", "Delete"))
        if known and before and before.properties == properties:
            # A rollback: what was replaced is still there.
            self._resources.delete(name, kind, known.physical)
            self.kept[name] = self._replaced.pop(name)
        elif known and not self._resources.is_replaced(kind, known.properties, properties):
            self._resources.update(name, kind, known.physical, known.properties, properties)
            self.kept[name] = Kept(kind, known.physical, properties, *policies)
        else:
            # The new one first, so that a name of its own may be in its way.
            physical = self._resources.create(self.name, name, kind, properties)
            if known:
                self._replaced[name] = known
            self.kept[name] = Kept(kind, physical, properties, *policies)

    def _remove(self, names: list[str], created_now: bool = False) -> Generator[None, None, list[str]]:
        """Delete resources, those that need others first; the names of those that could not be."""
        failed: list[str] = []
        for name in reversed(names):
            one = self.kept[name]
            if any(name in self.kept[other].needs for other in failed):
                continue
            if self._is_retained(one, created_now):
                self._event(name, one.kind, "DELETE_SKIPPED", physical=one.physical)
                del self.kept[name]
                continue
            self._event(name, one.kind, "DELETE_IN_PROGRESS", physical=one.physical)
            yield
            try:
                self._resources.delete(name, one.kind, one.physical)
            except Refusal as refusal:
                failed.append(name)
                one.status = "DELETE_FAILED"
                self._event(name, one.kind, "DELETE_FAILED", str(refusal.message), one.physical)
            else:
                self._event(name, one.kind, "DELETE_COMPLETE", physical=one.physical)
                del self.kept[name]
            yield
        return failed

    def _is_retained(self, one: Kept, created_now: bool) -> bool:
        if created_now and self.retain_except_on_create:
            return False
        return one.policy == "Retain" or (one.policy == "RetainExceptOnCreate" and not created_now)

    def _attribute(self, name: str, attribute: str) -> str:
        if name == "AWS::Region":
            return self._resources.region
        if name in self.values:
            return self.values[name]
        one = self.kept[name]
        return self._resources.attribute(one.kind, one.physical, attribute) if attribute else one.physical

    def _give(self, template: dict[str, Any]) -> None:
        outputs = evaluated(template.get("Outputs", {}), self._attribute)
        self.outputs = {name: one["Value"] for name, one in outputs.items()}

    def _now(self, status: str, reason: str = "") -> None:
        self.status = status
        self._event(self.name, STACK, status, reason, self.id)

    def _event(self, name: str, kind: str, status: str, reason: str = "", physical: str = "") -> None:
        if not physical and name in self.kept:
            physical = self.kept[name].physical
        event = {
            "StackId": self.id,
            "StackName": self.name,
            "EventId": f"{name}-{status}-{uuid.uuid4()}",
            "LogicalResourceId": name,
            "PhysicalResourceId": physical,
            "ResourceType": kind,
            "ResourceStatus": status,
            "Timestamp": datetime.now(UTC),
            "ClientRequestToken": self._token,
        }
        self.events.append(event | ({"ResourceStatusReason": reason} if reason else {}))


def _change(action: str, name: str, kind: str, replacement: str = "") -> dict[str, Any]:
    change = {"Action": action, "LogicalResourceId": name, "ResourceType": kind}
    return {
        "Type": "Resource",
        "ResourceChange": change | ({"Replacement": replacement} if replacement else {}),
    }
