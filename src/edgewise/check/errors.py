"""What can go wrong with the check itself; what it finds in a template are findings, not errors."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class CheckError(EdgewiseError):
    """A rule was named that does not exist."""

    code = "check.rule"
