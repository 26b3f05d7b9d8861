"""Lines on standard output, which Lambda carries to CloudWatch Logs."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Write = Callable[[str], object]
_MOST_CHARACTERS = 1000


def write_line(line: str) -> None:
    """Write `line` and its end at once, and before the environment is frozen."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def hide(text: str, secrets: Iterable[str]) -> str:
    """`text` of somebody else's making, in which each of `secrets` is `***`: what was sent may be repeated in it."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def say(write: Write, text: str) -> None:
    """Tell the author of the site something, on one short line of ASCII whatever `text` holds."""
    write("edgewise: " + text[:_MOST_CHARACTERS].encode("unicode_escape").decode("ascii"))
