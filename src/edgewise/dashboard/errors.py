"""The dashboard's errors; each has a stable code."""

from __future__ import annotations

from edgewise.errors import EdgewiseError


class DashboardError(EdgewiseError):
    """Anything the dashboard cannot do."""

    code = "dashboard"


class AskedError(DashboardError):
    """A page asked for something that is not there, or with a value that cannot be one; `status` says which."""

    code = "dashboard.asked"

    def __init__(self, message: str, *, key: str | None = None, status: int = 400) -> None:
        super().__init__(message, key=key)
        self.status = status
