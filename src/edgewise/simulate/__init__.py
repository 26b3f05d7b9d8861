"""The real code of the edge in environments, a network and a time that are not there, to see what a delivery does.

Measured: whatever `edgewise.edge` decides. Modelled: the network, the lifetimes of environments, the time that code
takes. And what AWS charges for it, by a dated list of prices.
"""

from .compare import compare
from .errors import PlanError, PriceError
from .outcome import Outcome
from .prices import read_prices
from .run import Plan

__all__ = ["Outcome", "Plan", "PlanError", "PriceError", "compare", "read_prices"]
