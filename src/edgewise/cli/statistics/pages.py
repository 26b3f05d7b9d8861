"""What the pages of the report are made of, and asking for it. The store is asked; nothing is printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from edgewise.cli.statistics.period import Period
from edgewise.questions import FILTERS, PAGE_VIEWS, REQUESTS, Question, bound, load, question
from edgewise.questions.errors import QuestionError

if TYPE_CHECKING:
    from edgewise.store import Reader

Row = dict[str, Any]

OVERVIEW: Final = "overview"
_PAGES: Final = {
    OVERVIEW: "overview top_pages referrers countries devices browsers languages campaigns bots versions "
    "errors_by_path",
    "pages": "top_pages entry_pages exit_pages visits",
    "sources": "referrers campaigns",
    "visitors": "visitors visits countries devices browsers systems languages",
    "errors": "errors_by_path status_classes",
    "latency": "latency_by_path latency_by_country latency_by_location latency_by_version cache_results",
    "versions": "versions",
    "rollout": "rollout_versions rollout_decisions",
    "functions": "functions environments shipper",
    "bots": "bots bot_agents suspects",
}
# The first question of a page is what `--csv` prints.
PAGES: Final = MappingProxyType({page: tuple(names.split()) for page, names in _PAGES.items()})
RECENT: Final = 300_000_000
_SPARKS: Final = 60
_EVERY: Final = 1000


@dataclass(slots=True)
class Report:
    """The answers of one page. `before` holds those of the period before, when they were asked for.

    `steps` are the rows of `over_time` for the overview, one for each cell of a sparkline; `recent` is the overview of
    the last minutes, for who watches.
    """

    page: str
    period: Period
    filters: Mapping[str, str]
    answers: dict[str, list[Row]]
    before: dict[str, list[Row]] = field(default_factory=dict)
    steps: list[Row] = field(default_factory=list)
    newest: int | None = None
    source: str = REQUESTS
    recent: Row | None = None

    @property
    def empty(self) -> bool:
        return not self.answers["overview"][0].get("requests")


def questions_of(page: str, source: str = REQUESTS) -> list[Question]:
    """The questions of a page, or the one of this name, that the source can answer. Raises `QuestionError`."""
    try:
        asked = [question(name) for name in PAGES.get(page, (page,))]
    except QuestionError as error:
        raise QuestionError(
            f"there is no page and no question {page!r}",
            hint=f"Pages are {', '.join(PAGES)}; questions are {', '.join(load())}. {error.hint or ''}".strip(),
        ) from None
    known = [each for each in asked if source in each.sources]
    if not known:
        pages = [name for name, names in PAGES.items() if any(source in question(n).sources for n in names)]
        raise QuestionError(
            f"page views know nothing of {page!r}", hint=f"They have the pages {', '.join(pages)}."
        )
    return known


def filters_of(given: list[str]) -> dict[str, str]:
    """`["country=DE"]` as values of filters. Raises `QuestionError`."""
    filters = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or name not in FILTERS or name in ("start", "end"):
            known = ", ".join(name for name in FILTERS if name not in ("start", "end"))
            raise QuestionError(f"{each!r} is no filter", hint=f"Write NAME=VALUE with one of {known}.")
        filters[name] = value
    return filters


def ask(
    reader: Reader,
    asked: Question,
    period: Period,
    filters: Mapping[str, str],
    source: str = REQUESTS,
    **own: int,
) -> list[Row]:
    """The rows of one answer. Own parameters that the question does not have are left out."""
    known = {each.name for each in asked.parameters}
    fitting = {name: value for name, value in own.items() if name in known}
    sql = bound(asked, {**filters, **fitting, "start": period.start, "end": period.end}, source)
    return reader.query(sql, start=period.start, end=period.end).rows


def gather(
    reader: Reader,
    page: str,
    period: Period,
    filters: Mapping[str, str],
    top: int,
    *,
    compare: bool = False,
    source: str = REQUESTS,
) -> Report:
    """Ask everything that a page shows."""
    asked = questions_of(page, source)
    names = {each.name: each for each in [question("overview"), *asked]}
    step = _step(period)
    answers = {
        name: ask(reader, each, period, filters, source, top=top, bucket=step) for name, each in names.items()
    }
    report = Report(page, period, filters, answers, source=source)
    if report.empty:
        report.newest = newest_request(reader, filters, source)
        return report
    if page == OVERVIEW:
        rows = ask(reader, question("over_time"), period, filters, source, bucket=step)
        report.steps = _filled(rows, period.start, period.end, step)
    if compare:
        report.before = {
            name: ask(reader, each, period.before(), filters, source, top=_EVERY, bucket=step)
            for name, each in names.items()
        }
    return report


def recently(reader: Reader, report: Report) -> Row:
    """The overview of the last minutes of the report's time."""
    end = report.period.end
    last = Period(end - RECENT, end)
    return ask(reader, question("overview"), last, report.filters, report.source)[0]


def newest_request(reader: Reader, filters: Mapping[str, str], source: str = REQUESTS) -> int | None:
    """When the last request or page view came, whatever the period."""
    if source == PAGE_VIEWS:
        seconds = bound(question("over_time"), {**filters, "bucket": 1_000_000}, source)
        rows = reader.query(f"SELECT max(time) AS _timestamp FROM ({seconds}) AS seconds").rows
    else:
        rows = reader.query(bound(question("latest"), {**filters, "top": 1})).rows
    return rows[0].get("_timestamp") if rows else None


def _step(period: Period) -> int:
    """The width of a cell of the sparkline, in whole seconds."""
    seconds = -(-(period.end - period.start) // (_SPARKS * 1_000_000))
    return min(max(1, seconds), 2_592_000) * 1_000_000


def _filled(rows: list[Row], start: int, end: int, step: int) -> list[Row]:
    """A row for every step, also for those without a request."""
    known = {row["time"]: row for row in rows}
    return [known.get(time, {"time": time}) for time in range(start - start % step, end, step)]
