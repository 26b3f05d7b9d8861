"""What the policies of the roles in a template allow, as IAM decides it: a denial wins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from edgewise.cloud.reading import template_of

ACCOUNT = "123456789012"
DISTRIBUTION = "E2EXAMPLE"


class Role:
    """A role of a template of roles; the resources of the template are called after the stack `STACK`."""

    def __init__(self, file: Path, name: str, stack: str) -> None:
        self._resources = template_of(file.read_text())["Resources"]
        self._name, self._stack = name, stack

    def policies(self) -> list[list[dict[str, Any]]]:
        """The statements of each of its managed policies."""
        names = [one["Ref"] for one in self._resources[self._name]["Properties"]["ManagedPolicyArns"]]
        return [self._resources[name]["Properties"]["PolicyDocument"]["Statement"] for name in names]

    def statements(self) -> Iterator[dict[str, Any]]:
        """All of its statements, with its own."""
        for policy in self.policies():
            yield from policy
        for one in self._resources.values():
            if one["Type"] == "AWS::IAM::RolePolicy" and one["Properties"]["RoleName"] == {"Ref": self._name}:
                yield from one["Properties"]["PolicyDocument"]["Statement"]

    def may(self, action: str, resource: str, **context: str) -> bool:
        """Whether it may do that; `context` has the values of condition keys, without their prefixes."""
        effects = {
            one["Effect"]
            for one in self.statements()
            if any(fnmatchcase(action, each) for each in _list(one["Action"]))
            and any(fnmatchcase(resource, self.arn(each)) for each in _list(one["Resource"]))
            and _meets(one.get("Condition", {}), context)
        }
        return effects == {"Allow"}

    def arn(self, written: Any) -> str:
        """A resource of a statement as CloudFormation would make it."""
        if isinstance(written, Mapping) and "Fn::Sub" not in written:
            (name,) = [one if isinstance(one, str) else one[0] for one in written.values()]
            kind = {"AWS::IAM::Role": "role", "AWS::IAM::ManagedPolicy": "policy"}[
                self._resources[name]["Type"]
            ]
            return f"arn:aws:iam::{ACCOUNT}:{kind}/{self._stack}-{name}-1A2B3C4D5E6F"
        text = written if isinstance(written, str) else written["Fn::Sub"]
        values = {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "Distribution": DISTRIBUTION}
        return re.sub(r"\$\{([\w:]+)\}", lambda one: values[one[1]], text)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _meets(condition: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    assert set(condition) <= {"StringEquals"}
    asked = condition.get("StringEquals", {})
    return all(context.get(key.rpartition(":")[2]) in _list(wanted) for key, wanted in asked.items())
