"""Who is a person, and with which kind of device: the rules of `edgewise.agents` over the data that the bundle holds.

`edgewise.agents.people`, `.crawlers` and `.devices` have the same rules; a test asks both of every user agent it knows.
"""

from __future__ import annotations

import re
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_REMEMBERED = 256
_GRAM = 3


class People:
    """Asks of a user agent what `edgewise_agents.json` says."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._grams = data["listed"].keys()
        self._devices: dict[str, re.Pattern[str]] = {}
        self._remembered = lru_cache(_REMEMBERED)(self._about)

    def about(self, user_agent: str) -> tuple[bool, list[str]]:
        """Whether a user agent, as it came, is a person's, and the kinds of device that it is: `smart-tv`, `tablet`,
        `mobile`, `desktop`, of which a tablet may be two."""
        return self._remembered(user_agent[: self._data["looked_at"]])

    def _about(self, looked_at: str) -> tuple[bool, list[str]]:
        text = looked_at.lower()
        return self._says_person(looked_at, text) and not self._is_listed(looked_at), self._kinds(text)

    def _says_person(self, looked_at: str, text: str) -> bool:
        data, words = self._data, text
        for name in data["no_robots"]:
            words = words.replace(name, "")
        if any(word in words for word in data["robots"]):
            return False
        if any(name in text for name in data["screens"]):
            return True
        return looked_at.startswith(tuple(data["browsers"])) and any(name in text for name in data["systems"])

    def _is_listed(self, looked_at: str) -> bool:
        there = {looked_at[at : at + _GRAM] for at in range(len(looked_at) - _GRAM + 1)} & self._grams
        for gram in there:
            for text, expression in self._data["listed"][gram]:
                if text in looked_at and (expression is None or re.search(expression, looked_at)):
                    return True
        return any(re.search(expression, looked_at) for expression in self._data["expressions"])

    def _kinds(self, text: str) -> list[str]:
        # Windows Phone calls itself everything that was popular in its time.
        android = "android" in text and "windows phone" not in text
        if self._is("tv", text):
            return ["smart-tv"]
        mobile = self._is("mobile", text)
        tablet = self._is("tablet", text) or (android and not mobile)
        kinds = (["tablet"] if tablet else []) + (["mobile"] if mobile else [])
        return kinds or ["desktop"]

    def _is(self, kind: str, text: str) -> bool:
        pattern = self._devices.get(kind)
        if pattern is None:
            pattern = self._devices[kind] = re.compile(self._data["devices"][kind])
        return pattern.search(text) is not None
