"""Why a resource is as it is: the sentences of the template, and others where Terraform does otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from edgewise.site import FIRST_LINE, reasons_of

# What the first line of every file says, whatever begins a comment there.
MADE_BY: Final = FIRST_LINE.removeprefix("# ").rstrip("\n")
_EDGE_FUNCTION: Final = (
    "CloudFront takes numbered versions only: each change of the code or of a setting publishes one, and "
    "`qualified_arn` is the newest. Old ones stay, for replicas of them live on for hours. `terraform destroy` leaves "
    "these functions, since CloudFront removes the replicas hours later: delete them then."
)
_OTHERWISE: Final = {
    "EdgeAlarmsRule": (
        "Alarms of edge functions are in the regions where these run. Neither they nor the rules that bring their "
        "changes here are made by Terraform; this one hands on what comes."
    ),
    "VisitorSaltsFunction": "Makes the salt of each day, and deletes it when the day is over.",
    "VisitorSalts": (
        "Called when it is made, so that the first visitor meets a salt, and when it is destroyed: none stays."
    ),
}
# Words of stacks, and Terraform's for the same.
_WORDS: Final = {
    "Retained when the stack goes": "Not deleted while it has files",
    "The stack waits": "The distribution waits",
}


def reasons(resources: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The sentences to stand above resources, by their logical ids: the first of a type has that of its type."""
    said = {**reasons_of(resources)}
    published = [
        body["Properties"]["FunctionName"].get("Ref")
        for body in resources.values()
        if body["Type"] == "AWS::Lambda::Version"
    ]
    if published:
        said[published[0]] = _EDGE_FUNCTION
    said |= {name: text for name, text in _OTHERWISE.items() if name in resources}
    return {name: _in_other_words(text) for name, text in said.items()}


def _in_other_words(text: str) -> str:
    for stack, here in _WORDS.items():
        text = text.replace(stack, here)
    return text
