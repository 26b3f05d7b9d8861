"""The errors that the edge runtime raises on purpose, each with a stable `code`.

They have their own root: what ships to Lambda@Edge imports nothing else of Edgewise.
"""

from __future__ import annotations

import os

# With a slash at the end, for there may be folders whose names begin alike.
_HERE = os.path.dirname(__file__) + os.sep  # noqa: PTH120 pathlib costs an import
_LIBRARY = os.path.dirname(os.__file__) + os.sep  # noqa: PTH120


class EdgeError(Exception):
    """Something the author of a site can mend; the message says what is wrong and what to do instead."""

    code = "edge"
    may_be_told = False  # whether its text holds nothing that a visitor sent, and can go into a record


class EventError(EdgeError):
    """The event is not one that CloudFront sends to a Lambda@Edge function."""

    code = "edge.event"


class MessageError(EdgeError):
    """A request or response was given a value for which CloudFront would answer 502."""

    code = "edge.message"


class TooLargeError(MessageError):
    """A body is over the limit of the trigger it was made in."""

    code = "edge.too-large"
    may_be_told = True


class StepError(EdgeError):
    """A step returned something that is neither a Response nor None."""

    code = "edge.step"
    may_be_told = True


class SettingsError(EdgeError):
    """The settings that were baked into the bundle cannot be used."""

    code = "edge.settings"
    may_be_told = True


class LoadError(EdgeError):
    """A value is not in memory and could not be loaded."""

    code = "edge.load"
    may_be_told = True


class UnderWayError(LoadError):
    """Raised by a load that goes on by itself: whoever asks next only looks whether it is done."""


def describe(fault: BaseException) -> str:
    """`Type at file.py:line` of an exception; an OSError also has its number. Never raises, whatever `fault` is.

    The text is left out, for it may hold a cookie or whatever else a visitor sent; but for those of this package's
    own errors that are known to hold nothing of the kind.
    """
    files = _files(fault)
    name = type(fault).__name__
    if isinstance(fault, EdgeError) and fault.may_be_told and (not files or files[-1][0].startswith(_HERE)):
        return f"{name}: {fault}"
    number = f" {fault.errno:d}" if isinstance(fault, OSError) and isinstance(fault.errno, int) else ""
    of_author = [place for place in files if not place[0].startswith(_HERE)]
    file, line = (of_author or files or [("", 0)])[-1]
    return f"{name}{number}" + (f" at {os.path.basename(file)}:{line}" if file else "")  # noqa: PTH119 pathlib costs an import


def _files(fault: BaseException) -> list[tuple[str, int]]:
    """File and line of each call on the way to `fault`, but for those inside the standard library."""
    places = []
    step = fault.__traceback__
    while step is not None:
        places.append((step.tb_frame.f_code.co_filename, step.tb_lineno))
        step = step.tb_next
    return [place for place in places if not place[0].startswith((_LIBRARY, "<frozen"))]
