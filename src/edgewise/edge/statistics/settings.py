"""The settings of the statistics: the keys, what each may hold, and what there is without one."""

from __future__ import annotations

from edgewise.edge.settings import AWS, FLAG, REQUIRED, SECRET, STREAM_NAME, are_texts, filled, number, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edgewise.edge.settings import Keys

VIEWER, ORIGIN = "viewer-response", "origin-response"
_MOST_BATCH_SECONDS = 60
_MACHINE = text(r"[A-Za-z0-9_-]{1,80}|arn:[a-z-]+:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[!-~]{1,160}")
_PATHS: dict[str, Keys] = {
    "step-functions": {"state_machine": (_MACHINE, REQUIRED, "the name or ARN of a state machine")},
    "firehose": {"stream_name": STREAM_NAME},
}
_STATISTICS: Keys = {
    **AWS,
    "path": (text("|".join(_PATHS)), REQUIRED, " or ".join(_PATHS)),
    "bots": (FLAG[0], True, FLAG[2]),
    "key": (lambda value: isinstance(value, dict), None, "where the key of visitors is"),
    "counts_at": (text(f"{VIEWER}|{ORIGIN}"), VIEWER, f"{VIEWER} or {ORIGIN}"),
    "countries": FLAG,
    "own_hosts": (are_texts, [], "ends of hosts"),
    "batch_seconds": (number(0, _MOST_BATCH_SECONDS), 0, f"a number from 0 to {_MOST_BATCH_SECONDS}"),
}
# The name may have the day in it, as `{date}`.
_KEY: Keys = {**SECRET, "name": (text(r"[A-Za-z0-9/_+=.@:{}-]{1,512}"), *SECRET["name"][1:])}


def check_statistics(values: Any) -> dict[str, Any]:
    """The settings with every default filled in. SettingsError names the key that is wrong."""
    path = values.get("path") if isinstance(values, dict) else None
    own = _PATHS.get(path, {}) if isinstance(path, str) else {}
    statistics = filled(values, {**_STATISTICS, **own}, "statistics.")
    if statistics["key"] is not None:
        statistics["key"] = filled(statistics["key"], _KEY, "statistics.key.")
    statistics["region"] = statistics["region"] or "us-east-1"  # where the template's resources are
    return statistics
