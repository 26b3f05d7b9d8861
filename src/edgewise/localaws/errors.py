"""What the local AWS cannot do."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class UnsupportedError(EdgewiseError):
    """A template says something that is not played on this machine, or moto is of a version that is not known."""

    code = "localaws.unsupported"


class KeptError(EdgewiseError):
    """What the last run has left cannot be read."""

    code = "localaws.kept"
