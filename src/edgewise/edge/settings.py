"""The settings that were baked into the bundle: read once, when the environment starts.

Lambda@Edge has no environment variables of the user's, so a file beside the code takes their place. Everything in
it is checked here and every default filled in, so that nobody else has to.
"""

from __future__ import annotations

import json
import re

from .errors import SettingsError
from .record import MOST_HEADERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    # Of each key: whether a value will do, what there is without one, and what is expected.
    Keys = dict[str, tuple[Callable[[Any], bool], Any, str]]

FILE_NAME = "edgewise_settings.json"
DEFAULTS = {"log": {"delivery": "stdout"}}
# Instead of a file that cannot be used: what it says about privacy is unknown, so nothing personal goes out.
FALLBACK = {"log": {"delivery": "stdout", "privacy": {"client_address": "drop", "query": "drop"}}}

# Request headers that are never recorded: by their names they hold credentials, or the visitor's address or page, which
# other settings are about. Parts of names, whole words of names, and whole names.
REFUSED_HEADERS = (
    r"(?i).*(cookie|auth(?!ors?\b)|token|secret|passw|passphrase|passcode|credential|bearer|jwt|saml|oidc|api-?key|session"
    r"|[cx]srf|signature|assertion|principal|ssl-client|forwarded|(viewer|remote|client)-addr).*"
    r"|(.*-)?(key|accesskey|certs?|certificate|dpop|hmac|otp|totp|pin|pwd|sid|ip(v[46])?|ur[il])(-.*)?"
    r"|referr?er"
)
# Headers that a function may add on the way to an origin, and that mean nothing to anybody but the owner. CloudFront
# answers 502 where it does not like one (Developer Guide, "Restrictions on all edge functions"); X-Forwarded-For and
# the like tell origins of the visitor.
PERSISTENCE_HEADER = r"(?i)x-(?!(amzn?|edge|accel|forwarded|cache|real-ip)(-|$))[a-z0-9-]*[a-z0-9]"
VERSION_HEADER = "X-App-Version"  # of a rollout that names no other


def text(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def number(least: float, most: float) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and least <= value <= most


def are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_query(value: Any) -> bool:
    return value in ("keep", "drop") or are_texts(value)


def _are_headers(value: Any) -> bool:
    return are_texts(value) and len(value) <= MOST_HEADERS and all(map(_is_recordable, value))


def _is_recordable(name: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,39}", name)) and not re.fullmatch(REFUSED_HEADERS, name)


REQUIRED = object()
ANYTHING = (lambda value: True), None, "anything"  # what is checked elsewhere
FLAG = (lambda value: isinstance(value, bool)), False, "true or false"
ADDRESS = text(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?")
_WORD = text(r"[A-Za-z0-9_:-]+"), "letters, digits, '_', ':' and '-'"
_LINE = text(r"[^\x00-\x1f]*"), "", "text without control characters"
SECRET: Keys = {
    "from": (text("secrets-manager|ssm"), REQUIRED, "secrets-manager or ssm"),
    "name": (text(r"[A-Za-z0-9/_+=.@:-]{1,512}"), REQUIRED, "the secret's name or ARN"),
}
_PRIVACY: Keys = {
    "client_address": (text("keep|truncate|hash|drop"), "keep", "keep, truncate, hash or drop"),
    "query": (_is_query, "keep", "keep, drop or a list of names"),
    "headers": (_are_headers, (), f"a list of at most {MOST_HEADERS} headers that may be recorded"),
    "visitor": FLAG,
    "key": ANYTHING,
}
AWS: Keys = {
    "region": (text(r"[a-z]{2}(-[a-z]+)+-[0-9]"), None, "a region such as eu-west-2"),
    "endpoint": (ADDRESS, None, "http or https, host and port"),
    "budget_ms": (number(1, 5000), 50.0, "a number from 1 to 5000"),
    "wait": FLAG,
}
_STATE_MACHINE = text(r"arn:[a-z-]+:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[!-~]{1,160}")
# The API references of CreateDeliveryStream, StartExecution and PutEvents.
STREAM_NAME = text(r"[a-zA-Z0-9_.-]{1,64}"), REQUIRED, "a delivery stream's name"
_DELIVERIES: dict[str, Keys] = {
    "stdout": {},
    "openobserve": {
        "url": (ADDRESS, REQUIRED, "http or https, without a user or password"),
        "organization": (_WORD[0], "default", _WORD[1]),
        "stream": (_WORD[0], "edge", _WORD[1]),
        "user": _LINE,
        "password": _LINE,
        "token": ANYTHING,
    },
    "firehose": {"stream_name": STREAM_NAME},
    "step-functions": {
        "state_machine_arn": (_STATE_MACHINE, REQUIRED, "the ARN of a state machine"),
        "execution_per": (text("batch|record"), "batch", "batch or record"),
    },
    "eventbridge": {"bus": (text(r"[!-~]{1,256}"), "default", "an event bus's name or ARN")},
}
_LOG: Keys = {
    "delivery": (text("|".join(_DELIVERIES)), REQUIRED, f"one of {', '.join(_DELIVERIES)}"),
    "sample": (number(0, 1), 1.0, "a number from 0 to 1"),
    "privacy": (lambda value: isinstance(value, dict), {}, "an object"),
}
_PERSISTENCE: Keys = {
    "header": (text(PERSISTENCE_HEADER), REQUIRED, "a name of your own that begins with X-")
}
_TOP: Keys = dict.fromkeys(
    ("site", "hash", "log", "persistence", "rollout", "statistics", "rewrite"), ANYTHING
)


class Settings:
    """`hash` names what was built. `log` says what is recorded and how it leaves; None if there are no records.

    `log` has `delivery`, `sample`, `privacy` and the keys of its delivery (docs/edge.md), each with a value.
    `persistence_header` is the header that tells the origin when the environment began, or None. `rollout` steers
    visitors between two versions, `statistics` tells page views, `rewrite` asks buckets for files; or each is None.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Check `values`, as `edgewise_settings.json` holds them. SettingsError names the key that is wrong."""
        if not isinstance(values, dict):
            raise SettingsError("there is no JSON object in it")
        top = filled(values, _TOP, "")
        self.hash = str(top["hash"] or "")
        self.log = None if top["log"] is None else _log(top["log"])
        self.persistence_header: str | None = None
        if top["persistence"] is not None:
            self.persistence_header = filled(top["persistence"], _PERSISTENCE, "persistence.")["header"]
        self.rollout: dict[str, Any] | None = None
        if top["rollout"] is not None:
            from .rollout.settings import check_rollout

            self.rollout = check_rollout(top["rollout"])
        self.statistics: dict[str, Any] | None = None
        if top["statistics"] is not None:
            from .statistics.settings import check_statistics

            self.statistics = check_statistics(top["statistics"])
        self.rewrite: dict[str, Any] | None = None
        if top["rewrite"] is not None:
            from .rewrite import check_rewrite

            self.rewrite = check_rewrite(top["rewrite"])


def read_settings(environ: Mapping[str, str]) -> Any:
    """What the file in `$LAMBDA_TASK_ROOT` holds; the defaults where there is none. SettingsError if it is no JSON."""
    try:
        with open(f"{environ['LAMBDA_TASK_ROOT']}/{FILE_NAME}", encoding="utf-8") as file:  # noqa: PTH123 pathlib costs an import
            return json.load(file)
    except (KeyError, FileNotFoundError):
        return DEFAULTS
    except (OSError, ValueError) as fault:
        raise SettingsError(f"it cannot be read: {fault}") from None


def version_header(values: Any) -> str | None:
    """The header of the rollout in settings that are refused, None if there is none.

    It is in the cache's key, and nobody decides what it says then. Of settings that nobody could read: the usual one.
    """
    if not isinstance(values, dict):
        return VERSION_HEADER
    rollout = values.get("rollout")
    if rollout is None:
        return None
    header = rollout.get("header") if isinstance(rollout, dict) else None
    return header if text(PERSISTENCE_HEADER)(header) else VERSION_HEADER


def filled(values: Any, keys: Keys, place: str) -> dict[str, Any]:
    """The value of each key, or what there is without one. A wrong value is not shown: it may hold a password.

    A key that is not known is refused, for what somebody meant by it could be a mask.
    """
    filled = {}
    given = values if isinstance(values, dict) else {}
    for key, (is_right, default, expected) in keys.items():
        value = given.get(key, default)
        if value is REQUIRED or (value is not default and not is_right(value)):
            raise SettingsError(f"{place}{key} is missing or cannot be used; expected {expected}")
        filled[key] = value
    for key in given:
        if key not in keys:
            raise SettingsError(f"{place}{key} is not known; {_home(key) or 'there are ' + ', '.join(keys)}")
    return filled


def _home(key: str) -> str:
    """Where a key belongs that is in the wrong place; empty if it is known nowhere."""
    for keys, place in (
        (_LOG, "log"),
        (AWS, "log"),
        (_PRIVACY, "log.privacy"),
        (_PERSISTENCE, "persistence"),
    ):
        if key in keys:
            return f"it belongs in {place}"
    names = [name for name, keys in _DELIVERIES.items() if key in keys]
    return f"it belongs in log, with the delivery {names[0]}" if names else ""


def _log(values: Any) -> dict[str, Any]:
    delivery = values.get("delivery") if isinstance(values, dict) else None
    own = _DELIVERIES.get(delivery, {}) if isinstance(delivery, str) else {}
    log = filled(values, {**_LOG, **own, **AWS}, "log.")
    log["sample"] = float(log["sample"])
    log["privacy"] = filled(log["privacy"], _PRIVACY, "log.privacy.")
    log["privacy"]["headers"] = [name.lower() for name in log["privacy"]["headers"]]
    log["privacy"]["key"] = _secret(log["privacy"]["key"], "log.privacy.key.")
    if log["delivery"] == "openobserve":
        log["url"] = log["url"].rstrip("/")
        log["token"] = _secret(log["token"], "log.token.")
        if log["token"] and log["password"]:
            raise SettingsError("log.token and log.password are both there; one of them is enough")
        # An ingestion token goes with any name; OpenObserve's own pages use the organization's.
        log["user"] = log["user"] or (log["organization"] if log["token"] else "")
    return log


def _secret(secret: Any, place: str) -> dict[str, str] | None:
    """Where a secret is; the secret itself is never in the settings."""
    return None if secret is None else filled(secret, SECRET, place)
