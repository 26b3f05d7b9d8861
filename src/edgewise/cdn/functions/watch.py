"""Notices that a function's code changed, so that the next request runs the new one.

Every request that needs a function looks, which costs a walk over the code folder. While other invocations are
under way the last look counts for a moment: an edit made then is seen a moment later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from edgewise.cdn.functions.function import Function
from edgewise.cdn.template.code import fingerprint

_MOMENT = 0.02  # seconds


class CodeWatch:
    """Watches the folders of some functions."""

    def __init__(
        self, functions: Collection[Function], refresh: Callable[[], Mapping[Path, str]] | None
    ) -> None:
        """`refresh` is called at each look for folders that are themselves made from other files.

        It gives what stands for the content of each, which is not looked at then.
        """
        self._functions = functions
        self._refresh = refresh
        self._seen: dict[Path, int | str] = {}
        self._looked = 0.0
        self.look()

    def look(self) -> None:
        """Tell the functions whose code has changed since the last look."""
        now = time.monotonic()
        if now - self._looked < _MOMENT and any(function.in_flight for function in self._functions):
            return
        self._looked = now
        made = {} if self._refresh is None else self._refresh()
        for folder in {function.definition.code for function in self._functions}:
            current = made[folder] if folder in made else fingerprint(folder)
            before = self._seen.setdefault(folder, current)
            if current != before:
                self._seen[folder] = current
                for function in self._functions:
                    if function.definition.code == folder:
                        function.code_changed()
