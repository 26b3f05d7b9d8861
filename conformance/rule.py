"""What a rule is: a named check of one documented sentence, and the page that says it.

A check raises `Failed` with what the guide promises and what was seen instead. It knows nothing of who is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.kit import Kit

Check = Callable[["Kit"], None]
_GUIDE = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/{}.html"


class Failed(Exception):
    """The rule does not hold."""

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(f"expected {expected}; seen: {seen}")
        self.expected = expected
        self.seen = seen


@dataclass(frozen=True, slots=True)
class Rule:
    """One documented rule.

    `doubtful` ones rest on reports rather than on the guide: they are reported, not scored. `local` ones need a viewer
    whose country or device can be chosen, which only the local CDN offers.
    """

    name: str
    group: str
    title: str
    page: str
    check: Check
    doubtful: bool = False
    local: bool = False

    @property
    def url(self) -> str:
        """The page's address. `page` is a page of CloudFront's guide, or the whole address of another."""
        return self.page if self.page.startswith("https://") else _GUIDE.format(self.page)


@dataclass
class Group:
    """The rules of one subject, in the order in which they were written. `page` is where most of them stand."""

    name: str
    page: str
    rules: list[Rule] = field(default_factory=list)

    def rule(
        self, page: str = "", *, doubtful: bool = False, local: bool = False
    ) -> Callable[[Check], Check]:
        """Make a function a rule: its name is the rule's, its docstring says the rule."""

        def register(check: Check) -> Check:
            name = check.__name__.replace("_", "-")
            self.add(name, check.__doc__ or "", check, page=page, doubtful=doubtful, local=local)
            return check

        return register

    def add(
        self,
        name: str,
        title: str,
        check: Check,
        *,
        page: str = "",
        doubtful: bool = False,
        local: bool = False,
    ) -> None:
        """Add a rule whose name and title are made, as for the members of a list that the guide gives."""
        title = " ".join(title.split())
        self.rules.append(Rule(name, self.name, title, page or self.page, check, doubtful, local))


def holds(condition: bool, expected: str, seen: object) -> None:
    """Raise `Failed` unless the condition holds."""
    if not condition:
        raise Failed(expected, shortened(seen))


def same(what: str, expected: object, seen: object) -> None:
    """Raise `Failed` unless what was seen is exactly what was expected."""
    holds(seen == expected, f"{what} {shortened(expected)}", seen)


def among(what: str, expected: Iterable[object], seen: object) -> None:
    """Raise `Failed` unless what was seen is one of several."""
    allowed = list(expected)
    holds(seen in allowed, f"{what} one of {allowed}", seen)


def shortened(value: object, limit: int = 300) -> str:
    """A value as text that fits a line or two."""
    text = str(value) or "(nothing)"
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
