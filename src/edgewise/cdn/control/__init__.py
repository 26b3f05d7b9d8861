"""The control port: what happened to each request, and the cache and clock in the user's hands."""

from edgewise.cdn.control.history import History
from edgewise.cdn.control.server import ControlServer

__all__ = ["ControlServer", "History"]
