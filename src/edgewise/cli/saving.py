"""Which queries a site's template saves: `site` makes templates and knows no questions, `questions` knows no sites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgewise.site import Query, Site


def queries_of(site: Site) -> Sequence[Query]:
    """Those of the table of page views; none without statistics."""
    # Here, so that commands start without it.
    from edgewise.questions import saved_queries

    statistics = site.statistics
    return saved_queries(statistics.database, statistics.table) if statistics else ()
