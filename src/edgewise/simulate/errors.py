"""What a simulation, or a sum of money, cannot be made of."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class PlanError(EdgewiseError):
    """A simulation is asked for something that cannot be: a share, a span of time, a fault or a log that is none."""

    code = "simulate.plan"


class PriceError(EdgewiseError):
    """The list of prices cannot be read, or lacks what every sum needs."""

    code = "simulate.prices"
