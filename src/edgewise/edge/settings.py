"""The settings that were baked into the bundle: read once, when the environment starts.

Lambda@Edge has no environment variables of the user's, so a file beside the code takes their place.
"""

from __future__ import annotations

import json
import re

from .errors import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FILE_NAME = "edgewise_settings.json"
DEFAULTS = {"log": {"delivery": "stdout"}}

_URL = r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!-~]*)?"
_NAME = r"[A-Za-z0-9_:-]+"
_ANY = r"[^\x00-\x1f]*"


class Settings:
    """`hash` names what was built; `log` says how records leave and is None if none are made."""

    __slots__ = ("hash", "log")

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Check `values`, as `edgewise_settings.json` holds them. SettingsError names the key that is wrong."""
        if not isinstance(values, dict):
            raise SettingsError("there is no JSON object in it")
        self.hash = str(values.get("hash") or "")
        self.log = _log_settings(values["log"]) if values.get("log") else None


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
    if delivery == "stdout":
        return {"delivery": delivery}
    if delivery != "openobserve":
        raise SettingsError(f"log.delivery is {delivery!r}; it must be 'stdout' or 'openobserve'")
    budget_ms = log.get("budget_ms", 50)
    if not isinstance(budget_ms, int | float) or not 1 <= budget_ms <= 5000:
        raise SettingsError(f"log.budget_ms is {budget_ms!r}; it must be a number from 1 to 5000")
    return {
        "delivery": delivery,
        "url": _text(log, "url", _URL, None).rstrip("/"),
        "organization": _text(log, "organization", _NAME, "default"),
        "stream": _text(log, "stream", _NAME, "edge"),
        "user": _text(log, "user", _ANY, ""),
        "password": _text(log, "password", _ANY, ""),
        "budget_ms": budget_ms,
    }


def _text(values: Mapping[str, Any], key: str, pattern: str, default: str | None) -> str:
    value = values.get(key, default)
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        # The value is not shown: it may be, or hold, a password.
        raise SettingsError(f"log.{key} is missing or not usable")
    return value
