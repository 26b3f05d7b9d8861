"""CloudFormation's side of a site: what its stack is now, its change sets, and what is begun with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from edgewise.cloud.asking import Aws, called, pages
from edgewise.cloud.clients import HOME_REGION
from edgewise.cloud.deployed import EMPTY, Deployed
from edgewise.cloud.errors import CloudError, StackError
from edgewise.cloud.patience import patiently
from edgewise.cloud.reading import template_of
from edgewise.cloud.work import Work, describe, latest_token

_UNDROPPED: Final = frozenset(
    ("ChangeSetNotFound", "ChangeSetNotFoundException", "InvalidChangeSetStatus", "ValidationError")
)
_NO_CHANGES: Final = ("didn't contain changes", "No updates are to be performed")
# What the description of each template says that is compiled from a site file.
_COMPILED: Final = "compiled by Edgewise"
# So its change sets are called: another's are left alone.
_OURS: Final = "edgewise-"


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What CloudFormation says that it would do; `replaces` are the resources that it would make anew, or may have to.

    One that is `obsolete` cannot be executed any more: the stack was changed since.
    """

    id: str
    replaces: tuple[str, ...]
    obsolete: bool


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
        """What is there; None if nothing is, or only a stack that was never made."""
        found = self.look()
        return None if found is None or found.is_empty else found

    def look(self) -> Deployed | None:
        """What is there, also a stack that was asked for and never made."""
        told = self.status()
        if told is None or told["StackStatus"] == "DELETE_COMPLETE":
            return None
        if told["StackStatus"] == EMPTY:
            return Deployed(told["StackId"], EMPTY)
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

    def status(self) -> dict[str, Any] | None:
        """What CloudFormation says of it; None if it knows none."""
        return describe(self._client, self.name)

    def work(self, stack_id: str, token: str) -> Work:
        """What is done to it under a token. By its id: one that is deleted has no name."""
        return Work(self._client, stack_id, token, self._sleep)

    def latest_work(self, stack_id: str) -> str:
        """The token of what was begun last, whoever began it."""
        return latest_token(self._client, stack_id)

    def ours(self) -> Deployed | None:
        """What is there, if a site was deployed to it. Raises `StackError` for another stack of that name."""
        found = self.read()
        if found:
            self.refuse_strange(found)
        return found

    def refuse_strange(self, found: Deployed) -> None:
        """Raises `StackError` for a stack of that name to which no site was deployed."""
        if _COMPILED not in str(found.template.get("Description", "")):
            raise StackError(
                "a stack of this name is there, and no site was deployed to it",
                file=self.name,
                hint="Give the site another `name`: this stack would be changed beyond recognition.",
            )

    def is_asked_for_by_us(self, empty: Deployed) -> bool:
        """Whether all that asks for a stack that was never made is ours. Of one that nothing asks for nobody knows."""
        names = self._change_sets(empty.id)
        return bool(names) and all(one.startswith(_OURS) for one in names)

    def _change_sets(self, stack_id: str) -> set[str]:
        """The names of its change sets."""
        found = pages(self.name, self._client, "list_change_sets", StackName=stack_id)
        return {one["ChangeSetName"] for page in found for one in page.get("Summaries", ())}

    def has_begun(self, token: str, change_set: str) -> bool:
        """Whether CloudFormation began with a run. Its events say so, and the change set before there are any."""
        found = self.status()
        return found is not None and (
            bool(self.work(found["StackId"], token).events()) or self._is_executed(change_set)
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
        told = patiently(
            lambda: self._change_set_made(name), who="CloudFormation", of=self.name, sleep=self._sleep
        )
        if told["Status"] == "FAILED":
            reason = told.get("StatusReason", "")
            if not any(words in reason for words in _NO_CHANGES):
                raise self._unaccepted(name, reason)
            self.drop(name)
            return None
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

    def _unaccepted(self, name: str, reason: str) -> StackError:
        """What is raised for a change set that failed, which is dropped; trouble with that hides no reason."""
        hint = "This stack was not changed."
        try:
            self.drop(name)
        except CloudError as error:
            hint += f" The change set {name} may be left: {error.message}"
        return StackError(f"CloudFormation does not accept the template: {reason}", file=self.name, hint=hint)

    def drop(self, name: str) -> None:
        """Delete a change set, if there is one, and with it a stack that nothing else asks for.

        Such a stack would say of nobody that they asked for it. A change set that is still being made is left: it goes
        with the next that is executed.
        """
        told = self.status()
        if told is None:
            return
        alone = told["StackStatus"] == EMPTY and self._change_sets(told["StackId"]) == {name}
        try:
            self._call("delete_change_set", StackName=self.name, ChangeSetName=name)
        except CloudError as error:
            if error.reason not in _UNDROPPED:
                raise
            return
        # CloudFormation would not have deleted it if it had begun with it, whatever the stack's status said.
        if alone:
            token = f"{name}-drop"
            self._call("delete_stack", StackName=told["StackId"], ClientRequestToken=token)
            self.work(told["StackId"], token).wait(lambda event: None)

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

    def _change_set_made(self, name: str) -> dict[str, Any] | None:
        found = pages(self.name, self._client, "describe_change_set", StackName=self.name, ChangeSetName=name)
        first, *more = found
        if first["Status"] in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            return None
        return first | {"Changes": [one for page in (first, *more) for one in page.get("Changes", ())]}

    def _call(self, operation: str, **arguments: Any) -> Any:
        return called(self.name, lambda: getattr(self._client, operation)(**arguments))


def app_stack(aws: Aws, site: str, region: str, sleep: Callable[[float], None] = time.sleep) -> Stack:
    """The stack of a site's apps in a region."""
    return Stack(aws("cloudformation", region), f"{site}-app", sleep, region)
