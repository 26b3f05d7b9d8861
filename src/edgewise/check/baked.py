"""What is baked into an edge function beside its code: the settings that the runtime reads.

They are data of a stranger's, like the code: whatever has not the shape that the runtime takes is none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edgewise.check.stack import EdgeFunction

SETTINGS_FILE = "edgewise_settings.json"


def baked(function: EdgeFunction, feature: str) -> Mapping[str, Any] | None:
    """The settings of one feature, whatever is in them; None without any."""
    if function.tree is None or SETTINGS_FILE not in function.tree.names:
        return None
    try:
        settings = json.loads(function.tree.read(SETTINGS_FILE))[feature]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return settings if isinstance(settings, Mapping) else None
