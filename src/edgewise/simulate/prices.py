"""The list of prices: one dated file, in which every price names the page it is from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from .errors import PriceError

PACKAGED = Path(__file__).with_name("prices.toml")
NAMES = (
    "lambda-edge-requests",
    "lambda-edge-duration",
    "lambda-logs",
    "firehose",
    "firehose-partitioning",
    "step-functions-standard",
    "step-functions-express-requests",
    "step-functions-express-duration",
    "eventbridge",
    "real-time-log",
    "kinesis-hours",
    "kinesis-in",
    "kinesis-out",
    "lambda-requests",
    "lambda-duration",
    "lambda-duration-x86",
    "log-parquet",
    "s3-storage",
)


@dataclass(frozen=True, slots=True)
class Tier:
    """A price for the units up to `up_to` a month; the units below belong to the tiers before."""

    up_to: float
    price: float


@dataclass(frozen=True, slots=True)
class Price:
    """Of something that is counted in `unit`s of `quantum` each (`million`, 1,000,000)."""

    name: str
    unit: str
    quantum: float
    source: str
    seen: str
    everywhere: float | None
    regions: Mapping[str, tuple[Tier, ...]]

    def amount(self, units: float, region: str) -> float | None:
        """What so many units of a month cost in a region; None if some of them have no known price."""
        if self.everywhere is not None:
            return units * self.everywhere
        total, below = 0.0, 0.0
        for tier in self.regions.get(region, ()):
            total += max(0.0, min(units, tier.up_to) - below) * tier.price
            below = tier.up_to
        return total if units <= below else None


@dataclass(frozen=True, slots=True)
class Prices:
    """All prices, and the day of the list."""

    dated: date
    currency: str
    of: Mapping[str, Price]


def read_prices(file: Path = PACKAGED) -> Prices:
    """PriceError if the file cannot be read, or a price is missing or not of the right shape."""
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PriceError(f"the list of prices cannot be read: {error}", file=file) from error
    dated, currency = values.get("dated"), values.get("currency")
    if not isinstance(dated, date) or not isinstance(currency, str):
        raise PriceError("the list has no date, or no currency", file=file, hint="dated = 2026-11-21")
    return Prices(dated, currency, {name: _price(values.get(name), file, name) for name in NAMES})


def _price(values: Any, file: Path, key: str) -> Price:
    try:
        regions = {region: _tiers(price) for region, price in values.get("regions", {}).items()}
        everywhere = values.get("everywhere")
        return Price(
            name=str(values["name"]),
            unit=str(values["unit"]),
            quantum=float(values["quantum"]),
            source=str(values["source"]),
            seen=str(values["seen"]),
            everywhere=None if everywhere is None else float(everywhere),
            regions=regions,
        )
    except (AttributeError, LookupError, TypeError, ValueError) as fault:
        raise PriceError(
            f"this price is missing or not usable ({type(fault).__name__}: {fault})",
            file=file,
            key=key,
            hint=f"Take the shape from the list that comes with Edgewise: {PACKAGED.name}.",
        ) from None


def _tiers(price: Any) -> tuple[Tier, ...]:
    if isinstance(price, list):
        return tuple(Tier(float(tier.get("up_to", "inf")), float(tier["price"])) for tier in price)
    return (Tier(float("inf"), float(price)),)
