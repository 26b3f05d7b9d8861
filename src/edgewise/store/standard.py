"""What every store fills in by itself: agents from `edgewise.agents`, countries from the user's address database."""

from __future__ import annotations

from pathlib import Path

from edgewise.agents import Countries, classify
from edgewise.store.derived import Derive, derivation


def standard_derivation(countries: Path | None = None) -> Derive:
    """Raises an `EdgewiseError` when the address database cannot be used."""
    if countries is None:
        return derivation(classify)
    return derivation(classify, Countries(countries).country)
