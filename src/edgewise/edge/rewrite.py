"""The built-in step that asks a bucket for the file of a page: `/a` and `/a/` become `/a/index.html`.

What has a dot in its last segment is a file, and is left alone: a font, an image, a scanner's `/.env`. So is what lies
under `/.well-known/`, where names have no extension. The visitor's address stays as it is.
"""

from __future__ import annotations

import re

from .errors import SettingsError
from .request import MOST_URL_CHARACTERS
from .settings import REQUIRED, filled, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .request import Request
    from .settings import Keys

_METHODS = ("GET", "HEAD")
_WELL_KNOWN = "/.well-known/"
_SETTINGS: Keys = {
    "index": (text(r"[A-Za-z0-9_-]+\.[A-Za-z0-9]{1,8}"), "index.html", "a file's name"),
    "behaviors": (
        lambda value: isinstance(value, list) and all(map(_is_behavior, value)),
        REQUIRED,
        "pairs of a path pattern and whether its paths are rewritten",
    ),
}


def _is_behavior(value: Any) -> bool:
    return isinstance(value, list) and [type(one) for one in value] == [str, bool]


def check_rewrite(values: Any) -> dict[str, Any]:
    """The settings with every default filled in. SettingsError names the key that is wrong."""
    if not isinstance(values, dict):
        raise SettingsError("rewrite is no JSON object")
    return filled(values, _SETTINGS, "rewrite.")


class Rewrite:
    """Two steps for viewer-request, by settings that were checked: `note` before all others, `rewrite` after them.

    CloudFront has chosen the behavior by the path that the visitor asked for, whatever steps have made of it since.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._index: str = settings["index"]
        self._behaviors = [(_expression(pattern), rewrites) for pattern, rewrites in settings["behaviors"]]
        self._asked_for = ""

    def note(self, request: Request) -> None:
        self._asked_for = request.path

    def rewrite(self, request: Request) -> None:
        path = request.path
        named = rewritten(path, self._index)
        if named == path or request.method not in _METHODS:
            return
        asked_for = self._asked_for
        chosen = (rewrites for each, rewrites in self._behaviors if re.fullmatch(each, asked_for, re.DOTALL))
        if next(chosen, False) and len(named) + len(request.query) <= MOST_URL_CHARACTERS:
            request.event["uri"] = named


def rewritten(path: str, index: str) -> str:
    """The path of the file that a bucket has for a path."""
    if path.startswith(_WELL_KNOWN):
        return path
    last = path.rpartition("/")[2]
    if not last:
        return path + index
    return path if "." in last else f"{path}/{index}"


def _expression(pattern: str) -> str:
    """A behavior's path pattern: `*` is any text, `?` one character; the first slash may be left out (Developer Guide,
    "Path pattern"). As an expression, which `re` keeps compiled.

    A piece between two stars is taken where it is found first and nowhere else: a visitor chooses the path, and must
    not be able to make it dear.
    """
    anchored = pattern if pattern.startswith("/") else f"/{pattern}"
    first, *between = (".".join(map(re.escape, piece.split("?"))) for piece in anchored.split("*"))
    if not between:
        return first
    last = between.pop()
    return first + "".join(f"(?>.*?{piece})" for piece in between if piece) + ".*" + last
