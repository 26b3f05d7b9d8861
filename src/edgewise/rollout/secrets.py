"""Secrets on AWS: a password, or the key that signs. Their text is in no message."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from edgewise.rollout.places import called


def secret(source: str, name: str, client: Callable[[str], Any]) -> str:
    """The text of a secret of `ssm` or `secrets-manager`; `client` makes AWS's. Raises `PlaceError`."""
    if source == "ssm":
        ssm = client("ssm")
        answer = called(name, lambda: ssm.get_parameter(Name=name, WithDecryption=True))
        return str(answer["Parameter"]["Value"])
    manager = client("secretsmanager")
    return str(called(name, lambda: manager.get_secret_value(SecretId=name))["SecretString"])


def current(text: str) -> str:
    """The secret itself, or the current one of `{"current": …, "next": …}` while it is rotated."""
    try:
        pair = json.loads(text) if text.startswith("{") else None
    except ValueError:
        pair = None
    return str(pair["current"]) if isinstance(pair, dict) and "current" in pair else text
