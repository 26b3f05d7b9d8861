"""Statements of policies as YAML, in as many managed policies as IAM's limit of 6,144 characters each asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

# In resources: the account that the roles are deployed in, and the site's distribution.
ACCOUNT: Final = "ACCOUNT"
DISTRIBUTION: Final = "DISTRIBUTION"
_MOST: Final = 5_500
_PUNCTUATION: Final = 3


@dataclass(frozen=True, slots=True)
class Statement:
    """Actions, the ARNs that they are for, and for PassRole the services that a role may be passed to."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    services: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Characters, as IAM counts them, or a few more."""
        resources = (one.replace(ACCOUNT, "1" * 12).replace(DISTRIBUTION, "E" * 14) for one in self.resources)
        words = (*self.actions, *resources, *self.services)
        return 110 + sum(len(word) + _PUNCTUATION for word in words)

    def text(self) -> Iterator[str]:
        """Its lines."""
        yield "- Effect: Allow"
        yield from ("  Action:", *(f"    - {one}" for one in self.actions))
        yield from ("  Resource:", *(f"    - {_written(one)}" for one in self.resources))
        if self.services:
            yield from ("  Condition:", "    StringEquals:", "      iam:PassedToService:")
            yield from (f"        - {one}" for one in self.services)


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies of a role as resources of a template, and the lines of the role that name them."""

    resources: str
    names: str


def policies(role: str, statements: Sequence[Statement]) -> Policies:
    """The policies `ROLEPolicy1`, `ROLEPolicy2`…"""
    parts = list(_parts(statements))
    names = [f"{role}Policy{number}" for number in range(1, len(parts) + 1)]
    resources = "\n\n".join(map(_resource, names, parts))
    return Policies(resources, "\n".join(f"- !Ref {name}" for name in names))


def _parts(statements: Sequence[Statement]) -> Iterator[list[Statement]]:
    part: list[Statement] = []
    for one in statements:
        if part and sum(each.size for each in part) + one.size > _MOST:
            yield part
            part = []
        part.append(one)
    yield part


def _resource(name: str, statements: Sequence[Statement]) -> str:
    head = (
        f"{name}:",
        "  Type: AWS::IAM::ManagedPolicy",
        "  Properties:",
        "    PolicyDocument:",
        '      Version: "2012-10-17"',
        "      Statement:",
    )
    return "\n".join([*head, *(f"        {line}" for one in statements for line in one.text())])


def _written(where: str) -> str:
    named = where.replace("arn:aws:", "arn:${AWS::Partition}:").replace(ACCOUNT, "${AWS::AccountId}")
    named = named.replace(DISTRIBUTION, "${Distribution}")
    return f'!Sub "{named}"' if "$" in named else f'"{named}"'
