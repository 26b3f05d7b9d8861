"""What every part of a check needs: where the file stands, its problems so far, and what is on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgewise.site import limits
from edgewise.site.problems import Problems, nearest, shown
from edgewise.site.regions import POSITIONS

OnDisk = Callable[[Path], Literal["file", "folder"] | None]
FoldersIn = Callable[[Path], Iterable[str]]


def no_folders(_: Path) -> Iterable[str]:
    """Where the disk is not looked at, there is no name to mean."""
    return ()


@dataclass(frozen=True, slots=True)
class Context:
    """One check of one file. The methods report a bad value and give back something usable in its place."""

    directory: Path
    problems: Problems
    on_disk: OnDisk
    folders_in: FoldersIn = no_folders

    def name(self, key: str, given: str | None) -> str:
        """A name of a site or an origin."""
        if given is not None and not (limits.NAME.fullmatch(given) and len(given) <= limits.MAX_NAME):
            self.problems.add(
                key,
                f"{shown(given)} cannot be a name",
                "Expected lower-case letters and digits in words joined by hyphens, each word beginning with a letter, "
                f"at most {limits.MAX_NAME} characters: it becomes part of names on AWS.",
            )
        return given or ""

    def region(self, key: str, given: str | None) -> str:
        """A region, by default the home region. One that is newer than our list of them is taken."""
        if given is not None and not limits.REGION.fullmatch(given):
            near = nearest(given, POSITIONS)
            meant = f"Did you mean `{near}`? " if near else ""
            self.problems.add(
                key, f"{shown(given)} is not a region", f"{meant}Expected one such as us-east-1."
            )
        return given or limits.HOME_REGION

    def folder(self, key: str, given: str | None) -> Path:
        """A folder that has to exist, made absolute."""
        path = self.directory / (given or "")
        if given is not None and (not given or self.on_disk(path) != "folder"):
            near = nearest(path.name, self.folders_in(path.parent))
            meant = f"Did you mean `{near}`? " if near else ""
            self.problems.add(
                key, f"there is no folder {shown(given)}", f"{meant}Looked for {path.absolute()}."
            )
        return path

    def number(self, key: str, given: float | None, default: float, least: float, most: float) -> float:
        """A number from `least` to `most`."""
        if given is None:
            return default
        if not least <= given <= most:
            self.problems.add(key, f"{given} is out of range", f"Expected {least} to {most}.")
        return given

    def whole(self, key: str, given: float | None, default: int, bounds: tuple[int, int]) -> int:
        """A whole number between the bounds."""
        if given is None:
            return default
        expected = f"Expected a whole number from {bounds[0]} to {bounds[1]}."
        if not bounds[0] <= given <= bounds[1]:
            self.problems.add(key, f"{given} is out of range", expected)
            return default  # nan and inf have no whole part
        if given % 1:
            self.problems.add(key, f"{given} is no whole number", expected)
        return int(given)
