"""What a configuration consists of, while it is put together and when it is ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgewise.terraform.blocks import Block
from edgewise.terraform.errors import UntranslatedError


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration of Terraform's.

    `files` has the text of each by its path, `code` the folders whose zips it wants (`functions/edge`, the zip being
    `functions/edge.zip`). `counterparts` says for each resource of the templates which ones of Terraform's it became,
    `left_out` why one became none.
    """

    files: Mapping[str, str]
    code: tuple[str, ...]
    counterparts: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, str]


@dataclass(slots=True)
class Draft:
    """The blocks by the files that they belong in (without `.tf`), the other files, and what became of what."""

    blocks: dict[str, list[Block]] = field(default_factory=dict)
    asides: dict[str, str] = field(default_factory=dict)
    code: dict[str, None] = field(default_factory=dict)
    counterparts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, file: str, block: Block) -> None:
        """Put a block at the end of a file. Raises `UntranslatedError` for a second one of the same name."""
        if any(
            block.kind == one.kind and block.labels == one.labels
            for some in self.blocks.values()
            for one in some
        ):
            raise UntranslatedError(f"two would be called {'.'.join(block.labels)} in Terraform")
        self.blocks.setdefault(file, []).append(block)
