"""Names in Terraform, made of a template's logical ids: `PageViewsStateMachineRole` is `page_views_state_machine`."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

# What a resource is called whose id says no more than its type does.
ONLY: Final = "main"
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[0-9]+|[a-z]+")


def snake(text: str) -> str:
    """`PageViewsBus` and `page-views bus` are `page_views_bus`."""
    return "_".join(word.lower() for word in _WORD.findall(text))


def short(logical_id: str, endings: Iterable[str]) -> str:
    """The id without the ending that its type says anyway."""
    for ending in endings:
        if logical_id.endswith(ending):
            return snake(logical_id.removesuffix(ending)) or ONLY
    return snake(logical_id)


def unique(kinds: Mapping[str, tuple[str, tuple[str, ...]]]) -> dict[str, str]:
    """The name of each id by its kind of resource and the endings that may go; no two of a kind are the same."""
    wanted = {name: short(name, endings) for name, (_, endings) in kinds.items()}
    counts = Counter((kinds[name][0], one) for name, one in wanted.items())
    return {name: one if counts[kinds[name][0], one] == 1 else snake(name) for name, one in wanted.items()}


def on_aws(site: str, name: str, most: int) -> str:
    """A resource's own name on AWS, where the template leaves it to CloudFormation: at most so many characters."""
    text = f"{site}-{name.replace('_', '-')}"
    if len(text) <= most:
        return text
    return f"{text[: most - 9].rstrip('-')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
