"""The document that says which release goes on, checked: it is written by `edgewise rollout` and by the judge."""

from __future__ import annotations

import json
import re

from edgewise.edge.errors import EdgeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

SCHEMA = "release/1"
STATES = ("ramping", "frozen", "full", "draining", "done", "rolled-back")
# For so long a release that was read may begin sessions on the new version. A rollback counts on it: it moves all
# sessions that began until then.
SURE_SECONDS = 300


class ReleaseError(EdgeError):
    """The document of the release cannot be used."""

    code = "edge.release"
    may_be_told = True


class Release:
    """The document, checked. `weight` is per cent of new sessions; moments are microseconds.

    Sessions on `evict_version` that began before `evict_before` are over. `off` sends everybody to `stable`. `revision`
    grows from one release to the next as well; `started` tells one whose place was made anew.
    """

    __slots__ = (
        "drain_until",
        "evict_before",
        "evict_version",
        "name",
        "new",
        "off",
        "revision",
        "stable",
        "started",
        "state",
        "weight",
    )

    def __init__(self, document: Mapping[str, Any]) -> None:
        """ReleaseError names the key that is wrong; what is not known is ignored."""
        for key, is_right in _KEYS.items():
            if not is_right(document.get(key)):
                raise ReleaseError(f"the document of the release has no {key} that can be used")
        self.name: str = document["release"]
        self.stable: str = document["stable"]
        self.new: str = document["new"]
        if self.stable == self.new:
            raise ReleaseError("the document of the release has one version for two")
        self.state: str = document["state"]
        self.weight: float = document["weight"]
        self.off: bool = document["off"]
        self.revision: int = document["revision"]
        self.started: int = document.get("started") or 0
        self.drain_until: int | None = document.get("drain_until")
        evict = document.get("evict") or {"version": "", "before": None}
        self.evict_version: str = evict["version"]
        self.evict_before: float = float("inf") if evict["before"] is None else evict["before"]


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[A-Za-z0-9_-]{1,64}", value) is not None


def _is_whole(value: Any) -> bool:
    return type(value) is int


def _is_moment(value: Any) -> bool:
    return value is None or _is_whole(value)


def _is_eviction(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and _is_name(value.get("version"))
        and "before" in value
        and _is_moment(value["before"])
    )


_KEYS: dict[str, Callable[[Any], bool]] = {
    "schema": lambda value: value == SCHEMA,
    "release": _is_name,
    "stable": _is_name,
    "new": _is_name,
    "state": lambda value: value in STATES,
    "weight": lambda value: type(value) in (int, float) and 0 <= value <= 100,
    "off": lambda value: isinstance(value, bool),
    "revision": _is_whole,
    "started": _is_moment,
    "drain_until": _is_moment,
    "evict": lambda value: value is None or _is_eviction(value),
}


def parse_release(text: str) -> Release:
    """The release that a document says. ReleaseError if it cannot be used."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ReleaseError("the document of the release is no JSON object")
    return Release(document)
