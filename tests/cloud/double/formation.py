"""CloudFormation: stacks and change sets by its API. Looking at a stack lets it go on.

Source: CloudFormation's API reference; the words of refusals are those that people quote from the service.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from cloud.double.functions import ACCOUNT
from cloud.double.resources import Resources
from cloud.double.stacks import ChangeSet, Stack
from cloud.double.wire import Refusal

PAGE = 15
_USABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
_NOTHING = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


class Formation:
    """The service. `content` gives an object of S3; `reject` is why no template is taken, if one is not;
    `says_also` are changes that every change set tells besides its own."""

    def __init__(self, resources: Resources, content: Callable[[str, str], bytes]) -> None:
        self.stacks: dict[str, Stack] = {}
        self.reject = ""
        self.says_also: list[dict[str, Any]] = []
        self._resources = resources
        self._content = content

    def handle(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        return getattr(self, f"_{operation}")(given)

    def named(self, name: str) -> Stack | None:
        """The stack of a name, or of an id also after it was deleted."""
        by_id = [one for one in self.stacks.values() if one.id == name]
        there = [one for one in self.stacks.values() if one.name == name and one.status != "DELETE_COMPLETE"]
        return next(iter((*by_id, *there)), None)

    def _CreateChangeSet(self, given: dict[str, Any]) -> dict[str, Any]:
        stack, create = self.named(given["StackName"]), given["ChangeSetType"] == "CREATE"
        if stack is None:
            if not create:
                raise Refusal("ValidationError", f"Stack [{given['StackName']}] does not exist")
            stack = Stack(given["StackName"], self._resources)
            self.stacks[stack.id] = stack
        elif create and stack.status != "REVIEW_IN_PROGRESS":
            raise Refusal(
                "ValidationError", f"Stack [{stack.name}] already exists and cannot be created again."
            )
        elif not create and stack.status not in _USABLE:
            raise Refusal(
                "ValidationError", f"Stack:{stack.id} is in {stack.status} state and can not be updated."
            )
        known = stack.change_sets.get(given["ChangeSetName"])
        if known:
            if known.token != given.get("ClientToken"):
                raise Refusal(
                    "AlreadyExistsException", f"ChangeSet {known.name} cannot be created due to a mismatch."
                )
            return {"Id": known.id, "StackId": stack.id}
        made = self._change_set(given, stack)
        stack.change_sets[made.name] = made
        return {"Id": made.id, "StackId": stack.id}

    def _change_set(self, given: dict[str, Any], stack: Stack) -> ChangeSet:
        body = self._body(given)
        if '"AWS::IAM::' in body and not given.get("Capabilities"):
            raise Refusal("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]")
        name = given["ChangeSetName"]
        told = {one["ParameterKey"]: one["ParameterValue"] for one in given.get("Parameters", ())}
        values = stack.checked(body, told)
        made = ChangeSet(
            f"arn:aws:cloudformation:{self._resources.region}:{ACCOUNT}:changeSet/{name}/{uuid.uuid4()}",
            name,
            given.get("ClientToken", ""),
            given["ChangeSetType"],
            body,
            values,
        )
        made.changes = [*stack.changes(body, values), *self.says_also]
        return made

    def _body(self, given: dict[str, Any]) -> str:
        if "TemplateBody" in given:
            return given["TemplateBody"]
        url = urlsplit(given["TemplateURL"])
        assert url.scheme == "https" and url.netloc.endswith(".s3.amazonaws.com"), given["TemplateURL"]
        return self._content(url.netloc.removesuffix(".s3.amazonaws.com"), url.path[1:]).decode()

    def _DescribeChangeSet(self, given: dict[str, Any]) -> dict[str, Any]:
        stack, found = self._found_change_set(given)
        if found.status == "CREATE_PENDING":
            found.status = "CREATE_IN_PROGRESS"
        elif found.status == "CREATE_IN_PROGRESS":
            found.status, found.execution = "CREATE_COMPLETE", "AVAILABLE"
            if self.reject or not found.changes:
                reason = self.reject or _NOTHING
                found.status, found.execution, found.reason = "FAILED", "UNAVAILABLE", reason
        page, more = _page(found.changes, given)
        return {
            "ChangeSetName": found.name,
            "ChangeSetId": found.id,
            "StackId": stack.id,
            "StackName": stack.name,
            "Status": found.status,
            "ExecutionStatus": found.execution,
            **({"StatusReason": found.reason} if found.reason else {}),
            "Changes": page,
            **more,
        }

    def _ExecuteChangeSet(self, given: dict[str, Any]) -> dict[str, Any]:
        token = given.get("ClientRequestToken", "")
        for stack in self.stacks.values():
            if token in stack.tokens:
                return {}
        stack, found = self._found_change_set(given)
        if stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS":
            raise Refusal(
                "InvalidChangeSetStatus",
                f"ChangeSet [{found.id}] cannot be executed: stack {stack.name} is in {stack.status} state.",
            )
        if found.execution != "AVAILABLE":
            raise Refusal(
                "InvalidChangeSetStatus", f"ChangeSet [{found.id}] cannot be executed in its current status."
            )
        # Others are gone with what they were made from.
        stack.change_sets = {found.name: found}
        found.execution = "EXECUTE_IN_PROGRESS"
        stack.retain_except_on_create = given.get("RetainExceptOnCreate", False)
        operation = stack.create if found.kind == "CREATE" else stack.update
        work = operation(found.body, found.values)
        stack.begin(work, token)
        return {}

    def _DeleteChangeSet(self, given: dict[str, Any]) -> dict[str, Any]:
        stack = self.named(given.get("StackName", ""))
        if stack is None:
            raise Refusal("ValidationError", f"Stack [{given.get('StackName')}] does not exist")
        found = stack.change_sets.get(given["ChangeSetName"])
        if found and found.status in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            raise Refusal("InvalidChangeSetStatus", f"ChangeSet [{found.id}] is in {found.status} status.")
        if found and found.execution == "EXECUTE_IN_PROGRESS":
            raise Refusal("InvalidChangeSetStatus", f"ChangeSet [{found.id}] is being executed.")
        stack.change_sets.pop(given["ChangeSetName"], None)
        return {}

    def _DescribeStacks(self, given: dict[str, Any]) -> dict[str, Any]:
        stack = self._found(given)
        told = {
            "StackId": stack.id,
            "StackName": stack.name,
            "StackStatus": stack.status,
            "CreationTime": datetime.now(UTC),
            "Parameters": [{"ParameterKey": key, "ParameterValue": one} for key, one in stack.values.items()],
            "Outputs": [{"OutputKey": key, "OutputValue": one} for key, one in stack.outputs.items()],
        }
        stack.look()
        return {"Stacks": [told]}

    def _GetTemplate(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"TemplateBody": self._found(given).body, "StagesAvailable": ["Original", "Processed"]}

    def _ListStackResources(self, given: dict[str, Any]) -> dict[str, Any]:
        stack = self._found(given)
        told = [
            {
                "LogicalResourceId": name,
                "PhysicalResourceId": one.physical,
                "ResourceType": one.kind,
                "ResourceStatus": one.status,
                "LastUpdatedTimestamp": datetime.now(UTC),
            }
            for name, one in stack.kept.items()
        ]
        page, more = _page(told, given)
        return {"StackResourceSummaries": page, **more}

    def _ListChangeSets(self, given: dict[str, Any]) -> dict[str, Any]:
        stack = self._found(given)
        told = [{"ChangeSetId": one.id, "ChangeSetName": one.name} for one in stack.change_sets.values()]
        page, more = _page(told, given)
        return {"Summaries": page, **more}

    def _DescribeStackEvents(self, given: dict[str, Any]) -> dict[str, Any]:
        page, more = _page(self._found(given).events[::-1], given)
        return {"StackEvents": page, **more}

    def _DeleteStack(self, given: dict[str, Any]) -> dict[str, Any]:
        stack = self.named(given["StackName"])
        token = given.get("ClientRequestToken", "")
        if stack and token not in stack.tokens and stack.status != "DELETE_COMPLETE":
            stack.begin(stack.delete(), token)
        return {}

    def _found(self, given: dict[str, Any]) -> Stack:
        stack = self.named(given["StackName"])
        if stack is None:
            raise Refusal("ValidationError", f"Stack with id {given['StackName']} does not exist")
        return stack

    def _found_change_set(self, given: dict[str, Any]) -> tuple[Stack, ChangeSet]:
        for stack in self.stacks.values():
            for one in stack.change_sets.values():
                if one.id == given["ChangeSetName"] or (
                    one.name == given["ChangeSetName"] and given.get("StackName") in (stack.name, stack.id)
                ):
                    return stack, one
        raise Refusal("ChangeSetNotFound", f"ChangeSet [{given['ChangeSetName']}] does not exist")


def _page(items: list[Any], given: dict[str, Any]) -> tuple[list[Any], dict[str, str]]:
    begin = int(given.get("NextToken", 0))
    more = {"NextToken": str(begin + PAGE)} if begin + PAGE < len(items) else {}
    return items[begin : begin + PAGE], more
