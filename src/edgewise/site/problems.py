"""Collects the problems of one site file, so that they are reported together, and words them alike."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from pathlib import Path

from edgewise.site.errors import SiteError, SiteProblems


class Problems:
    """The problems found in one file so far."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._found: list[SiteError] = []
        self._keys: set[str] = set()

    def add(self, key: str, message: str, hint: str) -> None:
        """One problem: the dotted `key`, what is wrong, and what was expected or is to be done."""
        self._keys.add(key)
        self._found.append(SiteError(message, hint=hint, file=self._file, key=key))

    def add_unknown(self, key: str, what: str, given: str, known: Iterable[str]) -> None:
        """`given` is not one of `known`: say which ones there are and which is nearest."""
        names = list(known)
        near = nearest(given, names)
        meant = f"Did you mean `{near}`? " if near else ""
        self.add(
            key, f"unknown {what} {shown(given)}", f"{meant}Expected one of: {', '.join(names) or '(none)'}."
        )

    def has(self, key: str) -> bool:
        """Whether something is wrong with this key itself, so that nothing follows from its value."""
        return key in self._keys

    def has_below(self, key: str) -> bool:
        """Whether something is wrong with a key of this table."""
        return any(one.startswith(f"{key}.") for one in self._keys)

    def raise_any(self) -> None:
        """Raise the one problem, or all of them together, if there are any."""
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            raise SiteProblems(self._found)


def nearest(given: str, known: Iterable[str]) -> str | None:
    """The known name that a misspelt one most likely stands for."""
    # difflib is quadratic, and no name of ours is nearly as long as this.
    text, names = given[:100].lower(), list(known)
    close = difflib.get_close_matches(text, names, n=1)
    # `env` is no near name of `environment` to difflib, and its beginning.
    begun = [name for name in names if name.startswith(text)] if len(text) > 2 else []
    return next(iter(close or (begun if len(begun) == 1 else ())), None)


def shown(value: object) -> str:
    """A value as a message shows it: quoted as in TOML, cut when long."""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def joined(path: str, name: str) -> str:
    """A dotted key; a name that is no bare TOML key is quoted, as the file has to quote it."""
    bare = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else shown(name)
    return f"{path}.{bare}" if path else bare
