"""Blocks of Terraform's language, and what may stand in them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from edgewise.terraform.values import Line, aligned, indented, lines_of

_COMMENT_WIDTH: Final = 110
# Arguments that Terraform itself gives a meaning; by convention first and last.
_FIRST: Final = ("provider", "count", "for_each", "source")
_LAST: Final = ("lifecycle", "depends_on")


@dataclass(frozen=True, slots=True)
class Attribute:
    """An argument: its name and value, and what is remarked at the end of its line."""

    name: str
    value: Any
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its kind, its labels, its body, a comment above it."""

    kind: str
    labels: tuple[str, ...] = ()
    body: Sequence[Attribute | Block] = field(default_factory=tuple)
    comment: str = ""

    @property
    def name(self) -> str:
        return self.kind


Item = Attribute | Block


def block_lines(block: Block) -> list[str]:
    """The lines of a block: arguments first, then the blocks in it, each after an empty line."""
    head = " ".join([block.kind, *(f'"{label}"' for label in block.labels)])
    lines = comment_lines(block.comment)
    if not block.body:
        return [*lines, f"{head} {{}}"]
    return [*lines, f"{head} {{", *indented(_body_lines(block.body)), "}"]


def comment_lines(comment: str) -> list[str]:
    """A comment in lines; an empty one has none."""
    return textwrap.wrap(comment, _COMMENT_WIDTH, initial_indent="# ", subsequent_indent="# ")


def text_of_blocks(blocks: Iterable[Block]) -> str:
    """The text of a file."""
    return "\n\n".join("\n".join(block_lines(block)) for block in blocks) + "\n"


def _body_lines(body: Sequence[Item]) -> list[str]:
    """What a body has in groups, an empty line between any two."""
    first = [one for one in body if isinstance(one, Attribute) and one.name in _FIRST]
    usual = [one for one in body if isinstance(one, Attribute) and one.name not in (*_FIRST, *_LAST)]
    last = [one for one in body if isinstance(one, Attribute) and one.name in _LAST]
    blocks = sorted((one for one in body if isinstance(one, Block)), key=lambda one: one.name in _LAST)
    groups = [_attribute_lines(first), _attribute_lines(usual)]
    groups += [block_lines(one) for one in blocks]
    groups.append(_attribute_lines(last))
    lines: list[str] = []
    for group in groups:
        lines += ["", *group] if lines and group else group
    return lines


def _attribute_lines(attributes: Iterable[Attribute]) -> list[str]:
    return aligned(Line(one.name, lines_of(one.value, len(one.name) + 3), one.remark) for one in attributes)
