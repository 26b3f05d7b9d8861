"""The English names of countries, by their two letters: for people who read reports, and short for that reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

_FILE: Final = Path(__file__).parent / "country_names.json"


@cache
def country_names() -> Mapping[str, str]:
    """The short name of each country of ISO 3166-1, by its code in capitals; and of Kosovo, which databases call XK."""
    return MappingProxyType(json.loads(_FILE.read_text(encoding="utf-8")))
