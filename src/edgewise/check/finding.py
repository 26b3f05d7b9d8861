"""What a rule is, and what it finds. Rules are plain functions over a stack; they touch nothing.

A rule's id is stable: `EDGE` and three digits. 1xx are about functions, 2xx about associations, 3xx about origins,
4xx about what is forwarded and cached, 5xx about the distribution, 6xx about the functions' code, 7xx about rollouts,
8xx about page views, 9xx about CloudFront's own logs.
cfn-lint knows a rule by the same digits: EDGE101 is its E9101, W9101 or I9101.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from edgewise.check.part import Part, Path

if TYPE_CHECKING:
    from edgewise.check.stack import Stack

# error: the deployment or CloudFront refuses it, or the request fails. warning: it does not do what its author
# thinks. note: worth knowing, and often meant.
Level = Literal["error", "warning", "note"]

_CFN_LINT_LETTERS: dict[Level, str] = {"error": "E", "warning": "W", "note": "I"}


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a source file, as it is shown; lines start at 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What a rule yields: the part of the template that is wrong, and how.

    `hint` takes the place of the rule's own; `place` is set when the mistake is in a function's code. `setting` is the
    key below the part's own in the site file, where the template has none.
    """

    part: Part
    message: str
    hint: str | None = None
    place: Place | None = None
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `title` is its sentence in the docs, `hint` what to do next, `source` the address of the page."""

    id: str
    level: Level
    title: str
    hint: str
    source: str
    find: Callable[[Stack], Iterable[Problem]]

    @property
    def cfn_lint_id(self) -> str:
        return f"{_CFN_LINT_LETTERS[self.level]}9{self.id.removeprefix('EDGE')}"

    def __call__(self, stack: Stack) -> Iterator[Finding]:
        """What the rule finds. A line of code that several functions share is told of once."""
        told = set()
        for problem in self.find(stack):
            mark = (problem.place, problem.message)
            if problem.place is None or mark not in told:
                told.add(mark)
                hint = problem.hint or self.hint
                yield Finding(self, problem.message, hint, problem.part.path, problem.place, problem.setting)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found. `path` leads to it inside the template; `place` is in a function's code.

    `setting` goes on from there in the site file.
    """

    rule: Rule
    message: str
    hint: str
    path: Path
    place: Place | None = None
    setting: str = ""

    @property
    def key(self) -> str:
        """The path as people write it: `Resources.Fn.Properties.Layers[0]`."""
        text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return text.removeprefix(".")


def guide(page: str) -> str:
    """The address of a page of the CloudFront Developer Guide."""
    return f"https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/{page}.html"


def rule(
    number: int, level: Level, title: str, *, hint: str, source: str
) -> Callable[[Callable[[Stack], Iterable[Problem]]], Rule]:
    """Make a function that yields problems into a rule; `source` is a page of the guide, or a whole address."""
    address = source if source.startswith("https:") else guide(source)

    def made(find: Callable[[Stack], Iterable[Problem]]) -> Rule:
        return Rule(f"EDGE{number}", level, title, hint, address, find)

    return made
