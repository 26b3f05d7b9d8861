"""What this package raises.

EdgewiseError
└── SiteError        something about a site: one problem
    ├── SiteProblems several problems of one site file, reported together
    ├── BundleError  the functions' folder cannot be assembled
    ├── SynthError   the template cannot be written
    └── StarterError a new site cannot be made here
"""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.errors import EdgewiseError


class SiteError(EdgewiseError):
    """One problem of a site: the file, the key, what was expected, and the nearest valid name."""

    code = "site.file"


class SiteProblems(SiteError):
    """Several problems of one site file; each of `problems` is complete by itself."""

    def __init__(self, problems: Sequence[SiteError]) -> None:
        super().__init__(f"{len(problems)} problems in the site file", file=problems[0].file)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(str(problem) for problem in self.problems)])


class BundleError(SiteError):
    """The functions' folder cannot be assembled from its sources."""

    code = "site.bundle"


class SynthError(SiteError):
    """The template or the folder beside it cannot be written."""

    code = "site.synth"


class StarterError(SiteError):
    """A new site cannot be made in this folder."""

    code = "site.init"
