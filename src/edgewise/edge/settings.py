"""The settings that were baked into the bundle: read once, when the environment starts.

Lambda@Edge has no environment variables of the user's, so a file beside the code takes their place. Everything in
it is checked here and every default filled in, so that nobody else has to.
"""

from __future__ import annotations

import json
import re

from .errors import SettingsError
from .headers import TOKEN
from .record import MOST_HEADERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FILE_NAME = "edgewise_settings.json"
DEFAULTS = {"log": {"delivery": "stdout"}}
# Instead of a file that cannot be used: what it says about privacy is unknown, so nothing personal goes out.
FALLBACK = {"log": {"delivery": "stdout", "privacy": {"client_address": "drop", "query": "drop"}}}

_URL = r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?"
_NAME = r"[A-Za-z0-9_:-]+"
_ANY = r"[^\x00-\x1f]*"
_REGION = r"[a-z]{2}(-[a-z]+)+-[0-9]"
# Each delivery's own keys, with the pattern of their texts and their defaults. A key without a default is required;
# one whose default is None may be missing.
_REQUIRED = object()
_AWS_KEYS: dict[str, tuple[str, Any]] = {"region": (_REGION, None), "endpoint": (_URL, None)}
_KEYS: dict[str, dict[str, tuple[str, Any]]] = {
    "stdout": {},
    "openobserve": {
        "url": (_URL, _REQUIRED),
        "organization": (_NAME, "default"),
        "stream": (_NAME, "edge"),
        "user": (_ANY, ""),
        "password": (_ANY, ""),
    },
    # The API references of CreateDeliveryStream, StartExecution and PutEvents.
    "firehose": {"stream_name": (r"[a-zA-Z0-9_.-]{1,64}", _REQUIRED)},
    "step-functions": {
        "state_machine_arn": (r"arn:[a-z-]+:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[!-~]{1,160}", _REQUIRED),
        "execution_per": (r"batch|record", "batch"),
    },
    "eventbridge": {"bus": (r"[!-~]{1,256}", "default")},
}
_SECRET_SOURCES = ("secrets-manager", "ssm")
_SECRET_NAME = r"[A-Za-z0-9/_+=.@:-]{1,512}"
_CLIENT_ADDRESS = ("keep", "truncate", "hash", "drop")
# Request headers that are never recorded: by their names they hold credentials, or the visitor's address or page, which
# other settings are about.
REFUSED_HEADERS = (
    r"(?i).*(cookie|auth(?!ors?\b)|token|secret|passw|api-?key|session|[cx]srf|signature).*"
    r"|.*forwarded.*|.*viewer-address|(.*-)?ip|referr?er"
)
# CloudFront answers 502 to a function that adds one (Developer Guide, "Restrictions on all edge functions").
_NOT_FOR_ORIGINS = r"(?i)(x-(amz-cf|amzn|edge|accel)-.*|x-(cache|forwarded-proto|real-ip)|cloudfront-.*)"


class Settings:
    """`hash` names what was built. `log` says what is recorded and how it leaves; None if there are no records.

    `log` has `delivery`, `sample`, `privacy` and the keys of its delivery (docs/edge.md), each with a value.
    `persistence_header` is the header that tells the origin when the environment began, or None.
    """

    __slots__ = ("hash", "log", "persistence_header")

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Check `values`, as `edgewise_settings.json` holds them. SettingsError names the key that is wrong."""
        if not isinstance(values, dict):
            raise SettingsError("there is no JSON object in it")
        self.hash = str(values.get("hash") or "")
        self.log = _log_settings(values["log"]) if values.get("log") else None
        self.persistence_header = _persistence(values["persistence"]) if values.get("persistence") else None


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings in `$LAMBDA_TASK_ROOT`; the defaults where there is no file. SettingsError if it is unusable."""
    try:
        with open(f"{environ['LAMBDA_TASK_ROOT']}/{FILE_NAME}", encoding="utf-8") as file:  # noqa: PTH123 pathlib costs an import
            return Settings(json.load(file))
    except (KeyError, FileNotFoundError):
        return Settings(DEFAULTS)
    except (OSError, ValueError) as fault:
        raise SettingsError(f"it cannot be read: {fault}") from None


def _log_settings(log: Any) -> dict[str, Any]:
    delivery = log.get("delivery") if isinstance(log, dict) else None
    if not isinstance(delivery, str) or delivery not in _KEYS:
        raise SettingsError(f"log.delivery is {delivery!r}; it must be one of {', '.join(_KEYS)}")
    checked: dict[str, Any] = {
        "delivery": delivery,
        "sample": _number(log, "sample", 1.0, 0, 1),
        "privacy": _privacy(log.get("privacy", {})),
    }
    if delivery == "stdout" and checked["privacy"]["key"] is None:
        return checked
    for key, (pattern, default) in {**_KEYS[delivery], **_AWS_KEYS}.items():
        checked[key] = _text(log, key, pattern, default)
    checked["budget_ms"] = _number(log, "budget_ms", 50, 1, 5000)
    checked["wait"] = _flag(log, "wait", "log.wait")
    if delivery == "openobserve":
        checked["url"] = checked["url"].rstrip("/")
        checked["token"] = _secret(log, "token", "log.token")
        if checked["token"] and checked["password"]:
            raise SettingsError("log.token and log.password are both there; one of them is enough")
        # An ingestion token goes with any name; OpenObserve's own pages use the organization's.
        checked["user"] = checked["user"] or (checked["organization"] if checked["token"] else "")
    return checked


def _privacy(privacy: Any) -> dict[str, Any]:
    known = {"client_address", "query", "headers", "visitor", "key"}
    if not isinstance(privacy, dict) or not privacy.keys() <= known:  # else a typing error would unmask
        raise SettingsError(f"log.privacy must be an object with keys of {', '.join(sorted(known))}")
    address, query = privacy.get("client_address", "keep"), privacy.get("query", "keep")
    if address not in _CLIENT_ADDRESS:
        choices = ", ".join(_CLIENT_ADDRESS)
        raise SettingsError(f"log.privacy.client_address is {address!r}; it must be one of {choices}")
    if query not in ("keep", "drop") and not _are_texts(query):
        raise SettingsError("log.privacy.query must be 'keep', 'drop' or a list of names")
    return {
        "client_address": address,
        "query": query,
        "headers": _headers(privacy.get("headers", [])),
        "visitor": _flag(privacy, "visitor", "log.privacy.visitor"),
        "key": _secret(privacy, "key", "log.privacy.key"),
    }


def _headers(headers: Any) -> list[str]:
    if not _are_texts(headers) or len(headers) > MOST_HEADERS:
        raise SettingsError(f"log.privacy.headers must be a list of at most {MOST_HEADERS} header names")
    for name in headers:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,39}", name) or re.fullmatch(REFUSED_HEADERS, name):
            raise SettingsError(f"log.privacy.headers: {name!r} cannot be recorded")
    return [name.lower() for name in headers]


def _persistence(persistence: Any) -> str:
    header = persistence.get("header") if isinstance(persistence, dict) else None
    if (
        not isinstance(header, str)
        or not re.fullmatch(TOKEN, header)
        or re.fullmatch(_NOT_FOR_ORIGINS, header)
    ):
        raise SettingsError(
            f"persistence.header is {header!r}; it must be the name of a header that may be added"
        )
    return header


def _secret(values: Mapping[str, Any], key: str, shown: str) -> dict[str, str] | None:
    """Where a secret is; the secret itself is never in the settings."""
    secret = values.get(key)
    if secret is None:
        return None
    if not isinstance(secret, dict) or secret.get("from") not in _SECRET_SOURCES:
        raise SettingsError(
            f"{shown}.from is missing or unknown; it must be one of {', '.join(_SECRET_SOURCES)}"
        )
    name = secret.get("name")
    if not isinstance(name, str) or not re.fullmatch(_SECRET_NAME, name):
        raise SettingsError(f"{shown}.name is missing or not usable")
    return {"from": secret["from"], "name": name}


def _text(values: Mapping[str, Any], key: str, pattern: str, default: Any) -> str | None:
    value = values.get(key)
    if value is None and default is not _REQUIRED:
        return default  # type: ignore[no-any-return]
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        # The value is not shown: it may be, or hold, a password.
        raise SettingsError(f"log.{key} is missing or not usable")
    return value


def _number(values: Mapping[str, Any], key: str, default: float, least: float, most: float) -> float:
    value = values.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise SettingsError(f"log.{key} is {value!r}; it must be a number from {least} to {most}")
    return value


def _flag(values: Mapping[str, Any], key: str, shown: str) -> bool:
    value = values.get(key, False)
    if not isinstance(value, bool):
        raise SettingsError(f"{shown} must be true or false")
    return value


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)
