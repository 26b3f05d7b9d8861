"""One thing that the doctor looked at, and what it found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgewise.cloud.errors import CloudError


@dataclass(frozen=True, slots=True)
class Finding:
    """`level` is `error` for what a deployment or a visitor fails of, `unknown` for what could not be looked at."""

    check: str
    level: Literal["ok", "warning", "error", "unknown"]
    message: str
    hint: str = ""


def unknown(check: str, error: CloudError) -> Finding:
    """What AWS did not let us look at."""
    return Finding(check, "unknown", error.message, error.hint or "")
