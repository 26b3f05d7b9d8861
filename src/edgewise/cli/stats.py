"""`edgewise stats`: what happened on the site, on the terminal, from the one set of questions."""

from __future__ import annotations

import json
import sys
import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from edgewise.cli.query import STORE_HELP
from edgewise.cli.reading import reading
from edgewise.cli.statistics.period import MOMENT_HELP, Period, period
from edgewise.cli.terminal import printable_lines

if TYPE_CHECKING:
    from edgewise.cli.statistics.pages import Report
    from edgewise.store import Reader

_PAUSE: Final = 2.0


def stats(
    *,
    since: Annotated[str, typer.Option(metavar="TIME", help=f"From when on: {MOMENT_HELP}")] = "7d",
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Until when; now if not given.")] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Beside every figure, what became of it since the time before.")
    ] = False,
    page: Annotated[
        str, typer.Option(metavar="PAGE", help="A page of the report, or a question's name: see the guide.")
    ] = "overview",
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Only these requests: country=DE, 'path=/api/*', status=5xx."
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=1000, help="How many rows a list has at most.")] = 10,
    live: Annotated[bool, typer.Option("--live", help="Stay, and show it anew every two seconds.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the page's first table as CSV.")] = False,
    source: Annotated[
        Literal["requests", "page-views"],
        typer.Option(help="What is counted: requests, or the page views that the site's statistics wrote."),
    ] = "requests",
    store: Annotated[str | None, typer.Option("--store", metavar="DIR|URL", help=STORE_HELP)] = None,
) -> None:
    """Report on the site: requests, people, sources, errors, bots."""
    if live + as_json + as_csv > 1:
        raise typer.BadParameter("choose one", param_hint="--live, --json, --csv")
    # Here, so that the other commands start without what only a report needs.
    from edgewise.cli.statistics.pages import filters_of, questions_of

    asked_of = source.replace("-", "_")
    questions_of(page, asked_of)
    wanted = _Wanted(page, period(since, until, _now()), filters_of(where or []), top, compare, asked_of)
    with suppress(KeyboardInterrupt), reading(store) as reader:
        if as_json:
            _print_json(reader, wanted)
        elif as_csv:
            _print_csv(reader, wanted)
        elif live:
            _follow(reader, wanted, since)
        else:
            _print(reader, wanted)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A page, and of what it is to tell."""

    page: str
    period: Period
    filters: dict[str, str]
    top: int
    compare: bool
    source: str

    def gathered(self, reader: Reader) -> Report:
        from edgewise.cli.statistics.pages import gather

        return gather(
            reader, self.page, self.period, self.filters, self.top, compare=self.compare, source=self.source
        )


def _now() -> int:
    return time.time_ns() // 1000


def _print(reader: Reader, wanted: _Wanted) -> None:
    from rich.console import Console

    from edgewise.cli.statistics.screen import show

    show(wanted.gathered(reader), Console(highlight=False))


def _print_json(reader: Reader, wanted: _Wanted) -> None:
    report = wanted.gathered(reader)
    whole: dict[str, Any] = {
        "page": wanted.page,
        "source": wanted.source,
        "start": wanted.period.start,
        "end": wanted.period.end,
        "filters": wanted.filters,
        "answers": report.answers,
        **({"before": report.before} if wanted.compare else {}),
    }
    print(json.dumps(whole))


def _print_csv(reader: Reader, wanted: _Wanted) -> None:
    from edgewise.cli.statistics.pages import ask, questions_of
    from edgewise.dashboard.exports import as_csv

    asked = questions_of(wanted.page, wanted.source)[0]
    rows = ask(reader, asked, wanted.period, wanted.filters, wanted.source, top=wanted.top)
    columns = [column.name for column in asked.known(wanted.source)]
    text = as_csv(columns, [{name: row.get(name) for name in columns} for row in rows])
    if sys.stdout.isatty():  # a file is for programs, which want the values as they are
        text = "".join(f"{line}\n" for line in printable_lines(text.decode())).encode()
    sys.stdout.buffer.write(text)


def _follow(reader: Reader, wanted: _Wanted, since: str) -> None:
    """Until Ctrl-C: the page of the time up to now; on a terminal it is drawn over itself."""
    from rich.console import Console
    from rich.live import Live

    from edgewise.cli.statistics import screen
    from edgewise.cli.statistics.pages import recently

    console = Console(highlight=False)
    area = Live(console=console, auto_refresh=False, screen=True) if console.is_terminal else None
    with area or nullcontext():
        while True:
            report = replace(wanted, period=period(since, None, _now())).gathered(reader)
            report.recent = recently(reader, report)
            if area is None:
                screen.show(report, console)
                sys.stdout.flush()
            else:
                area.update(screen.page(report, console.width), refresh=True)
            time.sleep(_PAUSE)
