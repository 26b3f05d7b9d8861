"""Which questions are on a dashboard, how they are drawn, and where. One layout for every program.

Only what records of functions can answer is here: the stream `edge` is what these programs are sent. Places are on a
grid of 24 columns; a height of 8 is a third of a screen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from edgewise.questions.binding import question
from edgewise.questions.catalogue import Column, Question

TITLE: Final = "Edgewise"
DESCRIPTION: Final = (
    "What the functions at the edge recorded: requests, people, errors, functions, the shipper."
)


@dataclass(frozen=True, slots=True)
class Panel:
    """One question, drawn as `kind`. `names` are the columns on the axis, `figures` those that are drawn."""

    name: str
    tab: str
    kind: Literal["bars", "lines", "list", "number", "table"]
    figures: tuple[str, ...]
    x: int
    y: int
    width: int
    height: int = 8

    @property
    def question(self) -> Question:
        return question(self.name)

    @property
    def names(self) -> tuple[Column, ...]:
        """The columns that say what a row is about: its time, or its texts."""
        columns = self.question.columns
        if self.kind in ("bars", "lines"):
            return tuple(column for column in columns if column.unit == "time")
        if self.kind == "number":
            return ()
        return tuple(column for column in columns if column.unit == "text" or column.name == "status")

    @property
    def drawn(self) -> tuple[Column, ...]:
        return tuple(column for column in self.question.columns if column.name in self.figures)

    @property
    def id(self) -> str:
        return f"{self.name}_{'_'.join(self.figures)}"


def _panel(name: str, tab: str, kind: str, figures: str, place: str) -> Panel:
    x, y, width, height = map(int, place.split())
    return Panel(name, tab, kind, tuple(figures.split()), x, y, width, height)  # type: ignore[arg-type]


PANELS: Final = (
    _panel("overview", "Overview", "number", "requests", "0 0 6 5"),
    _panel("overview", "Overview", "number", "page_views", "6 0 6 5"),
    _panel("overview", "Overview", "number", "visitors", "12 0 6 5"),
    _panel("overview", "Overview", "number", "error_percent", "18 0 6 5"),
    _panel("over_time", "Overview", "bars", "requests page_views bots", "0 5 12 8"),
    _panel("over_time", "Overview", "bars", "client_errors server_errors", "12 5 12 8"),
    _panel("visitors", "Overview", "bars", "visitors page_views", "0 13 12 8"),
    _panel("errors_by_path", "Overview", "table", "requests", "12 13 12 8"),
    _panel("versions", "Overview", "table", "requests visitors client_errors server_errors error_percent", "0 21 24 6"),
    _panel("top_pages", "Visits", "list", "page_views visitors", "0 0 12 9"),
    _panel("referrers", "Visits", "list", "page_views visitors", "12 0 12 9"),
    _panel("entry_pages", "Visits", "list", "visits", "0 9 12 9"),
    _panel("exit_pages", "Visits", "list", "visits", "12 9 12 9"),
    _panel("campaigns", "Visits", "table", "page_views visitors", "0 18 12 8"),
    _panel("countries", "Visits", "list", "page_views visitors requests", "12 18 6 8"),
    _panel("devices", "Visits", "list", "page_views visitors requests", "18 18 6 8"),
    _panel("bots", "Visits", "table", "requests pages client_errors percent", "0 26 24 8"),
    _panel("functions", "Functions", "table", "runs cold_percent failures p50_ms p95_ms p99_ms", "0 0 24 7"),
    _panel(
        "environments",
        "Functions",
        "table",
        "environments alive median_age_min oldest_min invocations cold_percent memory_hit_percent",
        "0 7 24 8",
    ),
    _panel("shipper", "Functions", "table", "arrived sent retried dropped p95_waited_ms worst_lag_ms", "0 15 24 8"),
    _panel("shipper_over_time", "Functions", "bars", "sent retried dropped", "0 23 12 8"),
    _panel("shipper_over_time", "Functions", "lines", "worst_lag_ms", "12 23 12 8"),
    _panel("rollout_versions", "Rollout", "table", "answers server_errors error_percent p50_ms p95_ms", "0 0 24 7"),
    _panel("rollout_decisions", "Rollout", "table", "requests percent", "0 7 24 8"),
)  # fmt: skip

# Of finished page views, which any program can read that reads the files.
OF_PAGE_VIEWS: Final = (
    _panel("overview", "Page views", "number", "page_views", "0 0 8 5"),
    _panel("overview", "Page views", "number", "visitors", "8 0 8 5"),
    _panel("overview", "Page views", "number", "bot_requests", "16 0 8 5"),
    _panel("over_time", "Page views", "bars", "page_views", "0 5 12 8"),
    _panel("visitors", "Page views", "bars", "visitors page_views", "12 5 12 8"),
    _panel("top_pages", "Page views", "list", "page_views visitors", "0 13 12 9"),
    _panel("referrers", "Page views", "list", "page_views visitors", "12 13 12 9"),
    _panel("countries", "Page views", "list", "page_views visitors", "0 22 8 8"),
    _panel("devices", "Page views", "list", "page_views visitors", "8 22 8 8"),
    _panel("languages", "Page views", "list", "page_views visitors", "16 22 8 8"),
    _panel("entry_pages", "Page views", "list", "visits", "0 30 8 8"),
    _panel("exit_pages", "Page views", "list", "visits", "8 30 8 8"),
    _panel("campaigns", "Page views", "table", "page_views visitors", "16 30 8 8"),
)


def tabs(panels: Iterable[Panel] = PANELS) -> list[str]:
    return list(dict.fromkeys(panel.tab for panel in panels))
