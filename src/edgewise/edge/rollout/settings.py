"""The settings of a rollout: the keys, what each may hold, and what there is without one."""

from __future__ import annotations

from edgewise.edge.errors import SettingsError
from edgewise.edge.settings import (
    ADDRESS,
    ANYTHING,
    PERSISTENCE_HEADER,
    REQUIRED,
    SECRET,
    VERSION_HEADER,
    are_texts,
    filled,
    number,
    text,
)

from .release import SURE_SECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edgewise.edge.settings import Keys

_is_version = text("[A-Za-z0-9_-]{1,64}")
_is_region = text(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_is_cookie = text("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_STORED = text(r"[A-Za-z0-9/_.:-]{1,512}"), REQUIRED, "the name of a table or of a parameter"


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _are_replicas(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_region(name) for pair in value.items() for name in pair)


_STATES: dict[str, Keys] = {"dynamodb": {"table": _STORED}, "ssm": {"name": _STORED}}
_STATE: Keys = {"from": (text("|".join(_STATES)), REQUIRED, "dynamodb or ssm")}
_ORIGIN: Keys = {
    "domain": (text("[A-Za-z0-9.-]{1,253}"), REQUIRED, "a host name"),
    "protocol": (text("(http|https)-only|match-viewer"), REQUIRED, "http-only, https-only or match-viewer"),
}
_SESSIONS: Keys = {
    "table": _STORED,
    "cookie": (_is_cookie, REQUIRED, "the name of the app's session cookie"),
    "deadline_ms": (number(1, 5000), 50.0, "a number from 1 to 5000"),
}
_ROLLOUT: Keys = {
    "stable": (_is_version, REQUIRED, "the name of an origin"),
    "new": (_is_version, REQUIRED, "the name of an origin"),
    "origins": (_is_object, REQUIRED, "the two origins by name"),
    "header": (text(PERSISTENCE_HEADER), VERSION_HEADER, "a name of your own that begins with X-"),
    "cookie": (_is_cookie, "edgewise-release", "a cookie's name"),
    "session_s": (number(60, 400 * 86_400), 86_400, "a number from 60 to 34560000"),
    "ttl_s": (number(1, SURE_SECONDS), 15, f"a number from 1 to {SURE_SECONDS}"),
    "key": ANYTHING,
    "key_region": (_is_region, "us-east-1", "a region such as eu-west-2"),
    "state": (_is_object, REQUIRED, "where the release is kept"),
    "sessions": ANYTHING,
    "replicas": (_are_replicas, {}, "of each region the one with the nearest tables"),
    "exclude_paths": (are_texts, (), "a list of paths"),
    "endpoint": (ADDRESS, None, "http or https, host and port"),
}


def check_rollout(values: Any) -> dict[str, Any]:
    """The settings with every default filled in. SettingsError names the key that is wrong."""
    rollout = filled(values, _ROLLOUT, "rollout.")
    rollout["session_s"] = int(rollout["session_s"])
    rollout["origins"] = {
        name: filled(rollout["origins"].get(name), _ORIGIN, f"rollout.origins.{name}.")
        for name in (rollout["stable"], rollout["new"])
    }
    if len({origin["domain"].lower() for origin in rollout["origins"].values()}) < 2:
        raise SettingsError("rollout.stable and rollout.new are one origin; there have to be two")
    rollout["key"] = filled(rollout["key"], SECRET, "rollout.key.")
    source = rollout["state"].get("from")
    kept = _STATES.get(source, {}) if isinstance(source, str) else {}
    rollout["state"] = filled(rollout["state"], {**_STATE, **kept}, "rollout.state.")
    if rollout["sessions"] is not None:
        rollout["sessions"] = filled(rollout["sessions"], _SESSIONS, "rollout.sessions.")
        if rollout["sessions"]["cookie"] == rollout["cookie"]:
            raise SettingsError("rollout.cookie is the app's session cookie; give it a name of its own")
    return rollout
