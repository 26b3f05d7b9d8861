"""Names and nesting by OpenObserve's rules (its `config/src/utils/flatten.rs` and stream name formatting).

Plain functions over JSON values; types and columns are decided elsewhere (`schema.py`).
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

FLATTEN_LEVEL: Final = 3
_NOT_IN_A_STREAM_NAME = re.compile(r"[^a-zA-Z0-9_:]+")
_PLAIN_FIELD = re.compile(r"[a-z0-9_]*\Z", re.ASCII)


class RecordError(ValueError):
    """A record that cannot be stored; the others of its batch can."""


def stream_name(name: str) -> str:
    """`CF Logs/Prod` becomes `cf_logs_prod`."""
    return _NOT_IN_A_STREAM_NAME.sub("_", name).lower()


def field_name(name: str) -> str:
    """`CS(User-Agent)` becomes `cs_user_agent_`; lower-case letters and digits of any script survive."""
    return name if _PLAIN_FIELD.match(name) else "".join(map(_field_character, name))


def _field_character(character: str) -> str:
    if character == "_" or character.islower() or character.isnumeric():
        return character
    return character.lower()[0] if character.isupper() else "_"


def flatten(record: object, level: int = FLATTEN_LEVEL) -> dict[str, Any]:
    """One flat object: nested keys joined by `_` down to `level` (0: no limit), the rest as JSON text.

    Arrays always become JSON text; empty arrays and objects vanish; nulls vanish when anything was nested.
    Of keys that normalise to the same name the later one wins. Raises `RecordError` for anything but an
    object.
    """
    if not isinstance(record, dict):
        raise RecordError("flatten value must be an object")
    if not any(isinstance(value, dict | list) for value in record.values()):
        return {field_name(key): value for key, value in record.items()}
    flat: dict[str, Any] = {}
    for key, value in record.items():
        _flatten_into(flat, field_name(key), value, level, 1)
    return flat


def _flatten_into(flat: dict[str, Any], name: str, value: object, level: int, depth: int) -> None:
    if isinstance(value, dict) and depth != level:
        for key, inner in value.items():
            _flatten_into(flat, f"{name}_{field_name(key)}", inner, level, depth + 1)
    elif isinstance(value, dict | list):
        if value:
            flat[name] = json_text(value)
    elif value is not None:
        flat[name] = value


def json_text(value: object) -> str:
    """Compact JSON, as OpenObserve writes what it does not flatten; long integers keep every digit."""
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise RecordError("nested too deeply") from None
