"""How a part of moto is replaced: by name, and only one that is there."""

from __future__ import annotations

from typing import Any

from edgewise.localaws.errors import UnsupportedError


def replace(place: Any, **parts: Any) -> None:
    """Put parts of a class or a module in the place of those of the same names.

    Raises `UnsupportedError` where moto has changed so that there is none.
    """
    for name, part in parts.items():
        if not hasattr(place, name):
            raise UnsupportedError(
                f"this version of moto has no {place.__name__}.{name}",
                hint="pip install --upgrade 'edgewise[statistics]'",
            )
        setattr(place, name, part)
