"""The store's dashboard: the pages at its address, their data, and exports.

    pages(searcher)       an ASGI application: the pages and all they ask for
    DashboardError, …     what can go wrong

It asks the questions of `edgewise.questions` by name. It has no SQL of its own, but for one record in full and the
times that the store covers. Who may read is decided before a request gets here, by the store.
"""

from edgewise.dashboard.application import pages
from edgewise.dashboard.errors import AskedError, DashboardError

__all__ = ["AskedError", "DashboardError", "pages"]
