"""CloudFormation's side of a site: what its stack is now, change sets, events, and waiting with patience.

Statuses are those of "Understand CloudFormation stack creation events" and the API's `StackStatus`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from edgewise.cloud.asking import called, is_throttled, pages
from edgewise.cloud.clients import HOME_REGION
from edgewise.cloud.errors import BusyError, CloudError, StackError
from edgewise.cloud.reading import template_of

EVERY_S: Final = 5.0
# A distribution takes minutes to reach all edges, rarely half an hour, and a stack may change it twice.
PATIENCE_S: Final = 5400.0

_REMAINS: Final = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
_UNDROPPED: Final = frozenset(
    ("ChangeSetNotFound", "ChangeSetNotFoundException", "InvalidChangeSetStatus", "ValidationError")
)
_NO_CHANGES: Final = ("didn't contain changes", "No updates are to be performed")
# What the description of each template says that is compiled from a site file.
_COMPILED: Final = "compiled by Edgewise"
_IN_PROGRESS: Final = "_IN_PROGRESS"
# A stack that was asked for by a change set, and never made.
_EMPTY: Final = "REVIEW_IN_PROGRESS"
# So its change sets are called: another's are left alone.
_OURS: Final = "edgewise-"
_BEGINS: Final = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
_STACK: Final = "AWS::CloudFormation::Stack"
# The reason of a failure that another one caused.
_CANCELLED: Final = "cancelled"


@dataclass(frozen=True, slots=True)
class Deployed:
    """A stack as it is. `physical` has its resources' names on AWS, by the names that they have in the template."""

    id: str
    status: str
    template: Mapping[str, Any] = field(default_factory=dict)
    physical: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def in_progress(self) -> bool:
        """Whether CloudFormation works on it."""
        return self.status.endswith(_IN_PROGRESS) and self.status != _EMPTY

    @property
    def is_remains(self) -> bool:
        """Whether it is what a failed first deployment, or a failed deletion, left behind."""
        return self.status in _REMAINS


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a stack's story."""

    id: str
    resource: str
    type: str
    status: str
    reason: str
    token: str
    physical: str


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What CloudFormation says that it would do; `replaces` are the resources that it would make anew, or may have to.

    One that is `obsolete` cannot be executed any more: the stack was changed since.
    """

    id: str
    replaces: tuple[str, ...]
    obsolete: bool


Tell = Callable[[Event], None]
_Seen = TypeVar("_Seen")


class Stack:
    """A stack of a site; `client` is CloudFormation's in its region."""

    def __init__(
        self,
        client: Any,
        name: str,
        sleep: Callable[[float], None] = time.sleep,
        region: str = HOME_REGION,
    ) -> None:
        self.name = name
        self.region = region
        self._client = client
        self._sleep = sleep

    def read(self) -> Deployed | None:
        """What is there; None if nothing is, or only a change set that was never executed."""
        told = self.status()
        if told is None or told["StackStatus"] in (_EMPTY, "DELETE_COMPLETE"):
            return None
        # By its id: one that is being deleted loses its name at any moment.
        stack_id = told["StackId"]
        template = self._call("get_template", StackName=stack_id)["TemplateBody"]
        found = pages(self.name, self._client, "list_stack_resources", StackName=stack_id)
        physical = {
            one["LogicalResourceId"]: one.get("PhysicalResourceId", "")
            for page in found
            for one in page["StackResourceSummaries"]
            if one["ResourceStatus"] != "DELETE_COMPLETE"
        }
        outputs = {one["OutputKey"]: one["OutputValue"] for one in told.get("Outputs", ())}
        values = {one["ParameterKey"]: one.get("ParameterValue", "") for one in told.get("Parameters", ())}
        return Deployed(stack_id, told["StackStatus"], template_of(template), physical, outputs, values)

    def status(self, stack_id: str = "") -> dict[str, Any] | None:
        """What CloudFormation says of it, by its name or its id; None if it knows none."""
        try:
            found: dict[str, Any] = self._call("describe_stacks", StackName=stack_id or self.name)["Stacks"][
                0
            ]
        except CloudError as error:
            if error.reason == "ValidationError" and "does not exist" in error.message:
                return None
            raise
        return found

    def ours(self) -> Deployed | None:
        """What is there, if a site was deployed to it. Raises `StackError` for another stack of that name."""
        found = self.read()
        if found and _COMPILED not in str(found.template.get("Description", "")):
            raise StackError(
                "a stack of this name is there, and no site was deployed to it",
                file=self.name,
                hint="Give the site another `name`: this stack would be changed beyond recognition.",
            )
        return found

    def empty(self) -> Deployed | None:
        """A stack of that name that was asked for and never made, by us; None if there is none."""
        told = self.status()
        if told is None or told["StackStatus"] != _EMPTY:
            return None
        found = pages(self.name, self._client, "list_change_sets", StackName=told["StackId"])
        names = [one["ChangeSetName"] for page in found for one in page.get("Summaries", ())]
        return Deployed(told["StackId"], _EMPTY) if all(one.startswith(_OURS) for one in names) else None

    def has_begun(self, token: str, change_set: str) -> bool:
        """Whether CloudFormation began with a run. Its events say so, and the change set before there are any."""
        found = self.status()
        return found is not None and (
            bool(self.events(found["StackId"], token)) or self._is_executed(change_set)
        )

    def _is_executed(self, name: str) -> bool:
        try:
            told = self._call("describe_change_set", StackName=self.name, ChangeSetName=name)
        except CloudError as error:
            if error.reason in _UNDROPPED:
                return False
            raise
        return bool(told["ExecutionStatus"].startswith("EXECUTE"))

    def change_set(
        self, name: str, *, create: bool, template: Mapping[str, str], values: Mapping[str, str]
    ) -> ChangeSet | None:
        """Make a change set, or find it made; None if there is nothing to change. Raises `StackError`.

        `template` is where it is, in the words of the call: its `TemplateURL`, or its `TemplateBody`.
        """
        try:
            self._call(
                "create_change_set",
                StackName=self.name,
                ChangeSetName=name,
                ChangeSetType="CREATE" if create else "UPDATE",
                **template,
                Parameters=[{"ParameterKey": key, "ParameterValue": one} for key, one in values.items()],
                Capabilities=["CAPABILITY_IAM"],
                ClientToken=name,
            )
        except CloudError as error:
            if error.reason != "AlreadyExistsException":
                raise
        return self.made(name)

    def made(self, name: str) -> ChangeSet | None:
        """A change set that was asked for, when it is there; None if nothing would change. Raises `StackError`."""
        told = self._patiently(lambda: self._change_set_made(name))
        if told["Status"] == "FAILED":
            self.drop(name)
            reason = told.get("StatusReason", "")
            if any(words in reason for words in _NO_CHANGES):
                return None
            raise StackError(
                f"CloudFormation does not accept the template: {reason}",
                file=self.name,
                hint="This stack was not changed.",
            )
        changes = [one["ResourceChange"] for one in told.get("Changes", ())]
        return ChangeSet(
            told["ChangeSetId"],
            tuple(
                one["LogicalResourceId"]
                for one in changes
                if one.get("Replacement") in ("True", "Conditional")
            ),
            told["ExecutionStatus"] == "OBSOLETE",
        )

    def drop(self, name: str) -> None:
        """Delete a change set, if there is one.

        One that is still being made is left: it goes with the next that is executed.
        """
        try:
            self._call("delete_change_set", StackName=self.name, ChangeSetName=name)
        except CloudError as error:
            if error.reason not in _UNDROPPED:
                raise

    def execute(self, change_set: ChangeSet, token: str) -> None:
        """Let CloudFormation begin. What it makes anew goes again if it has to go back, versions of functions too: one
        that was left behind would stand in the way of the next try."""
        self._call(
            "execute_change_set",
            ChangeSetName=change_set.id,
            ClientRequestToken=token,
            RetainExceptOnCreate=True,
        )

    def delete(self, token: str) -> None:
        """Let CloudFormation begin to delete the stack."""
        self._call("delete_stack", StackName=self.name, ClientRequestToken=token)

    def events(self, stack_id: str, token: str) -> list[Event]:
        """What a run did, from its beginning."""
        return [one for one in self._latest(stack_id, token, "") if one.token == token]

    def _latest(self, stack_id: str, token: str, known: str) -> list[Event]:
        """What happened since the event that is `known`, or since the run began, whoever did it.

        A stack that was changed often has pages of events: none is read that is older than that.
        """
        found: list[Event] = []
        for page in pages(self.name, self._client, "describe_stack_events", StackName=stack_id):
            # The latest first.
            for told in page["StackEvents"]:
                one = _event(told)
                if one.id == known:
                    return found[::-1]
                found.append(one)
                if one.token == token and one.type == _STACK and one.status in _BEGINS:
                    return found[::-1]
        return found[::-1]

    def wait(self, stack_id: str, token: str, tell: Tell) -> str:
        """Tell a run's events until it has come to its end, whatever that is; the status it ends with.

        The run's own events say so, not the stack's status: that may still be the one from before the run, or already
        another run's.
        """
        known = own = ""

        def look() -> str | None:
            nonlocal known, own
            found = self.status(stack_id)
            for event in self._latest(stack_id, token, known):
                known = event.id
                if event.token != token:
                    continue
                tell(event)
                if event.type == _STACK:
                    own = event.status
            if own and not own.endswith(_IN_PROGRESS):
                return own
            gone = found is None or found["StackStatus"] == "DELETE_COMPLETE"
            return "DELETE_COMPLETE" if gone else None

        return self._patiently(look)

    def token_of_latest(self, stack_id: str) -> str:
        """The token of what was begun last, whoever began it."""
        for page in pages(self.name, self._client, "describe_stack_events", StackName=stack_id):
            for one in page["StackEvents"]:
                if one["ResourceType"] == _STACK:
                    return str(one.get("ClientRequestToken", ""))
        return ""

    def failures(self, stack_id: str, token: str) -> list[Event]:
        """What went wrong in a run, the first first, without what was only given up because of it."""
        failed = [one for one in self.events(stack_id, token) if one.status.endswith("_FAILED")]
        real = [one for one in failed if one.type != _STACK and _CANCELLED not in one.reason.casefold()]
        return real or failed

    def _change_set_made(self, name: str) -> dict[str, Any] | None:
        found = pages(self.name, self._client, "describe_change_set", StackName=self.name, ChangeSetName=name)
        first, *more = found
        if first["Status"] in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            return None
        return first | {"Changes": [one for page in (first, *more) for one in page.get("Changes", ())]}

    def _patiently(self, look: Callable[[], _Seen | None]) -> _Seen:
        """Look again and again until there is something to see. To be asked to slow down is no news."""
        for _ in self._pauses():
            try:
                if (seen := look()) is not None:
                    return seen
            except CloudError as error:
                if not is_throttled(error):
                    raise
        raise BusyError(
            f"CloudFormation is not done after {PATIENCE_S / 60:.0f} minutes",
            file=self.name,
            hint="Run the same command again: it goes on waiting.",
        )

    def _pauses(self) -> Iterator[None]:
        waited, pause = 0.0, 0.5
        while waited < PATIENCE_S:
            yield
            self._sleep(pause)
            waited += pause
            # A change set takes seconds, a distribution minutes.
            pause = min(pause * 1.5, EVERY_S)

    def _call(self, operation: str, **arguments: Any) -> Any:
        return called(self.name, lambda: getattr(self._client, operation)(**arguments))


def _event(told: Mapping[str, Any]) -> Event:
    return Event(
        told["EventId"],
        told.get("LogicalResourceId", ""),
        told.get("ResourceType", ""),
        told.get("ResourceStatus", ""),
        told.get("ResourceStatusReason", ""),
        told.get("ClientRequestToken", ""),
        told.get("PhysicalResourceId", ""),
    )
