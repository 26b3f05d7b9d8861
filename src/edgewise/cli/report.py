"""`edgewise report`: what happened on the site, as one file to print or to send."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from edgewise.cli.errors import ReportError
from edgewise.cli.query import STORE_HELP
from edgewise.cli.reading import reading
from edgewise.cli.statistics.period import MOMENT_HELP, Period, newest, period

if TYPE_CHECKING:
    from edgewise.cli.reporting.chart import Chart
    from edgewise.cli.reporting.document import Content
    from edgewise.store import Reader

# Questions in the order of the document, each with the rows that it has at most.
_TABLES: Final = {
    "top_pages": 20,
    "entry_pages": 10,
    "referrers": 15,
    "campaigns": 10,
    "visits": 1,
    "visitors": 40,
    "countries": 15,
    "devices": 6,
    "browsers": 10,
    "systems": 10,
    "errors_by_path": 20,
    "latency_by_path": 15,
    "cache_results": 10,
    "versions": 6,
    "bots": 20,
}
_ANSWERS: Final = (
    ("succeeded", "2xx", "c1"),
    ("redirected", "3xx", "c2"),
    ("client_errors", "4xx", "c3"),
    ("server_errors", "5xx", "c4"),
)
_TIMES: Final = (("p50_ms", "p50", "c1"), ("p95_ms", "p95", "c5"), ("p99_ms", "p99", "c6"))


def report(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the report goes.")] = Path("report.html"),
    since: Annotated[str, typer.Option(metavar="TIME", help=f"From when on: {MOMENT_HELP}")] = "7d",
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Until when; now if not given.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Only these requests: country=DE, 'path=/api/*', status=5xx."
        ),
    ] = None,
    store: Annotated[str | None, typer.Option("--store", metavar="DIR|URL", help=STORE_HELP)] = None,
) -> None:
    """Write a report of the site's traffic: one HTML file that loads nothing."""
    # Here, so that the other commands start without what only a report needs.
    from edgewise.cli.reporting.document import document
    from edgewise.cli.statistics.pages import filters_of

    now = time.time_ns() // 1000
    filters, chosen = filters_of(where or []), period(since, until, now)
    with reading(store) as reader:
        told = content(reader, chosen, filters, now)
    written = document(told)
    try:
        out.write_bytes(written)
    except OSError as error:
        raise ReportError(
            f"the report cannot be written: {error.strerror}", file=out, hint="Give another place with --out."
        ) from None
    print(f"wrote {out}, {len(written) / 1000:,.0f} kB: {chosen}")
    if not told.totals.get("requests"):
        print(f"No requests in this period. {newest(told.newest)}", file=sys.stderr)


def content(reader: Reader, chosen: Period, filters: dict[str, str], now: int) -> Content:
    """Ask all that the report says."""
    from edgewise.cli.reporting.document import Content
    from edgewise.cli.statistics.pages import ask, newest_request
    from edgewise.questions import bucket_for, question

    overview = question("overview")
    totals = (ask(reader, overview, chosen, filters) or [{}])[0]
    if not totals.get("requests"):
        latest = newest_request(reader, filters)
        return Content(chosen, filters, now, overview, totals, {}, (), (), latest)
    step = bucket_for(chosen.start, chosen.end)
    asked = {name: ask(reader, question(name), chosen, filters, top=top) for name, top in _TABLES.items()}
    over_time = {
        name: ask(reader, question(name), chosen, filters, bucket=step)
        for name in ("over_time", "latency_over_time")
    }
    return Content(
        chosen,
        filters,
        now,
        overview,
        totals,
        (ask(reader, overview, chosen.before(), filters) or [{}])[0],
        (
            _chart(
                "Requests by the class of the answer", "count", chosen, step, over_time["over_time"], _ANSWERS
            ),
            _chart("Latency", "ms", chosen, step, over_time["latency_over_time"], _TIMES),
        ),
        [(question(name), rows) for name, rows in asked.items() if rows],
    )


def _chart(
    title: str,
    unit: str,
    chosen: Period,
    step: int,
    rows: list[dict[str, Any]],
    lines: Sequence[tuple[str, str, str]],
) -> Chart:
    from edgewise.cli.reporting.chart import Chart, Series

    known = {row["time"]: row for row in rows}
    first = chosen.start - chosen.start % step
    times = range(first, chosen.end, step)
    series = [
        Series(label, look, [known.get(time, {}).get(name) for time in times]) for name, label, look in lines
    ]
    return Chart(title, unit, first, step, series, stacked=unit == "count")
