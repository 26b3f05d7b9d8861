"""What CloudFormation does to a stack under one token: its events, the end that it comes to, what went wrong.

The token is of one step of one run, so that what others do to the stack is told apart. Statuses are those of
"Understand CloudFormation stack creation events".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from edgewise.cloud.asking import called, pages
from edgewise.cloud.deployed import IN_PROGRESS
from edgewise.cloud.errors import CloudError
from edgewise.cloud.patience import patiently

_BEGINS: Final = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
_STACK: Final = "AWS::CloudFormation::Stack"
# The reason of a failure that another one caused.
_CANCELLED: Final = "cancelled"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a stack's story."""

    id: str
    resource: str
    type: str
    status: str
    reason: str
    token: str


class Work:
    """The work under `token` on the stack of an id; `client` is CloudFormation's in its region."""

    def __init__(self, client: Any, stack_id: str, token: str, sleep: Callable[[float], None]) -> None:
        self._client = client
        self._id = stack_id
        self._token = token
        self._sleep = sleep

    def events(self) -> list[Event]:
        """What was done, from its beginning; nothing if it has not begun."""
        return [one for one in self._latest("") if one.token == self._token]

    def failures(self) -> list[Event]:
        """What went wrong, the first first, without what was only given up because of it."""
        failed = [one for one in self.events() if one.status.endswith("_FAILED")]
        real = [one for one in failed if one.type != _STACK and _CANCELLED not in one.reason.casefold()]
        return real or failed

    def wait(self, tell: Callable[[Event], None]) -> str:
        """Tell the events until it has come to its end, whatever that is; the status it ends with.

        The work's own events say so, not the stack's status: that may still be the one from before, or already of
        another's work.
        """
        known = own = ""

        def look() -> str | None:
            nonlocal known, own
            found = describe(self._client, self._id)
            for event in self._latest(known):
                known = event.id
                if event.token != self._token:
                    continue
                tell(event)
                if event.type == _STACK:
                    own = event.status
            if own and not own.endswith(IN_PROGRESS):
                return own
            gone = found is None or found["StackStatus"] == "DELETE_COMPLETE"
            return "DELETE_COMPLETE" if gone else None

        return patiently(look, who="CloudFormation", of=_name(self._id), sleep=self._sleep)

    def _latest(self, known: str) -> list[Event]:
        """What happened since the event that is `known`, or since the work began, whoever did it.

        A stack that was changed often has pages of events: none is read that is older than that.
        """
        found: list[Event] = []
        for one in _events(self._client, self._id):
            if one.id == known:
                break
            found.append(one)
            if one.token == self._token and one.type == _STACK and one.status in _BEGINS:
                break
        return found[::-1]


def describe(client: Any, stack: str) -> dict[str, Any] | None:
    """What CloudFormation says of a stack, by its name or its id; None if it knows none."""
    try:
        told: dict[str, Any] = called(_name(stack), lambda: client.describe_stacks(StackName=stack))
    except CloudError as error:
        if error.reason == "ValidationError" and "does not exist" in error.message:
            return None
        raise
    found: dict[str, Any] = told["Stacks"][0]
    return found


def latest_token(client: Any, stack_id: str) -> str:
    """The token of what was begun last, whoever began it."""
    return next((one.token for one in _events(client, stack_id) if one.type == _STACK), "")


def _events(client: Any, stack_id: str) -> Iterator[Event]:
    """The latest first."""
    for page in pages(_name(stack_id), client, "describe_stack_events", StackName=stack_id):
        for told in page["StackEvents"]:
            yield _event(told)


def _name(stack: str) -> str:
    """The name of a stack, by that or by its id."""
    return stack.split("/")[1] if "/" in stack else stack


def _event(told: Mapping[str, Any]) -> Event:
    return Event(
        told["EventId"],
        told.get("LogicalResourceId", ""),
        told.get("ResourceType", ""),
        told.get("ResourceStatus", ""),
        told.get("ResourceStatusReason", ""),
        told.get("ClientRequestToken", ""),
    )
