"""`edgewise dashboards`: the questions as dashboards and alerts of OpenObserve, and as a dashboard of Grafana."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from edgewise.cli.errors import DashboardsError
from edgewise.cli.terminal import printable

_DESTINATION: Final = "edgewise"


def dashboards(
    to: Annotated[
        str | None,
        typer.Option(
            metavar="openobserve URL",
            help="Create or update there. URL: https://user:password@host:5080/organization.",
        ),
    ] = None,
    url: Annotated[str | None, typer.Argument(metavar="[URL]", help="Where `--to` finds it.")] = None,
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--files", metavar="DIR", help="Write them as files into this folder; also queries for Athena."
        ),
    ] = None,
    stream: Annotated[
        str, typer.Option(metavar="NAME", help="The stream or table with the functions' records.")
    ] = "edge",
    notify: Annotated[
        str | None,
        typer.Option(metavar="URL", help="A webhook that alerts are sent to, as JSON with a `text`."),
    ] = None,
) -> None:
    """Bring the questions to other programs: dashboards and alerts of OpenObserve, a dashboard of Grafana."""
    from edgewise.store.normalize import stream_name

    if to is None and folder is None:
        raise typer.BadParameter("say --to openobserve URL, or --files DIR", param_hint="--to")
    if to is not None and (to != "openobserve" or url is None):
        raise typer.BadParameter("write --to openobserve https://user:password@host:5080/organization")
    if stream != stream_name(stream) or not stream:
        raise typer.BadParameter(
            f"{stream!r} can be no stream: names have small letters, digits, _ and :", param_hint="--stream"
        )
    if folder is not None:
        _write(folder, stream)
    if url is not None:
        _bring(url, stream, notify)


def _bring(url: str, stream: str, notify: str | None) -> None:
    from edgewise.cli.openobserve import OpenObserve
    from edgewise.questions.boards.alerts import alerts
    from edgewise.questions.boards.openobserve import alert, dashboard

    server = OpenObserve(url)
    try:
        known = server.columns(stream)
        made = dashboard(stream, known)
        _say("dashboard", made["title"], server.put_dashboard(made))
        if notify is not None:
            server.put_destination(_DESTINATION, notify)
        elif not server.has_destination(_DESTINATION):
            print(f"no alerts: there is no destination {_DESTINATION!r}; --notify URL makes one")
            return
        for each in alerts():
            _say("alert", each.title, server.put_alert(alert(each, stream, known, _DESTINATION)))
    finally:
        server.close()


def _write(folder: Path, stream: str) -> None:
    try:
        for name, text in _files(stream).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
            print(path)
    except OSError as error:
        raise DashboardsError(f"the files cannot be written: {error.strerror}", file=folder) from None


def _files(stream: str) -> dict[str, str]:
    """Every file by its name: JSON for OpenObserve and Grafana, SQL for Athena."""
    from edgewise.questions import athena, load, saved_queries
    from edgewise.questions.boards import grafana, openobserve
    from edgewise.questions.boards.alerts import alerts
    from edgewise.questions.boards.edge import COLUMNS, athena_view

    objects: dict[str, Any] = {
        "openobserve-dashboard.json": openobserve.dashboard(stream, COLUMNS),
        "grafana-athena-dashboard.json": grafana.dashboard(stream),
        "grafana-athena-page-views.json": grafana.page_views(),
    }
    for one in alerts():
        objects[f"openobserve-alert-{one.name}.json"] = openobserve.alert(one, stream, COLUMNS, _DESTINATION)
    queries = {f"athena/{name}.sql": athena(asked, table=stream) for name, asked in load().items()}
    return {
        **{name: json.dumps(value, indent=1) for name, value in objects.items()},
        "athena/_requests.sql": athena_view(stream),
        **queries,
        **{f"athena/page-views/{each.name}.sql": each.sql for each in saved_queries()},
    }


def _say(kind: str, title: str, made: bool) -> None:
    print(printable(f"{kind} {title!r} {'created' if made else 'updated'}"))
