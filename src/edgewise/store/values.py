"""Values of SQL results as JSON values. Plain functions."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

_INT64 = range(-(2**63), 2**64)


def plain_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row without its nulls, as OpenObserve leaves them out."""
    return {name: plain(value) for name, value in row.items() if value is not None}


def plain(value: Any) -> Any:
    """Anything JSON has stays; times become ISO 8601 text, wide integers and what is left become text."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Decimal):
        value = (
            int(value)
            if value == value.to_integral_value() and value.as_tuple().exponent == 0
            else float(value)
        )
    if isinstance(value, int):
        return value if value in _INT64 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value)
