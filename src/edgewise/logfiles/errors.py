"""What can go wrong with log files that somebody wants to import."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class LogfilesError(EdgewiseError):
    """Log files cannot be imported."""

    code = "logfiles"


class FormatError(LogfilesError):
    """A file is no log of a known format."""

    code = "logfiles.format"


class SourceError(LogfilesError):
    """What is to be imported is not there, or cannot be read."""

    code = "logfiles.source"
