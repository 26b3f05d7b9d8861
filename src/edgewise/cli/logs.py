"""`edgewise logs`: one line a request, from what functions and CDN recorded; `--follow` keeps going."""

from __future__ import annotations

import contextlib
import json
import operator
import os
import re
import select
import stat
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from edgewise.cli.edgelogs import Wanted, print_edge_logs
from edgewise.cli.query import SINCE_HELP, STORE_HELP, microseconds
from edgewise.cli.reading import reading
from edgewise.cli.terminal import printable

if TYPE_CHECKING:
    from edgewise.store import Reader

_PAUSE: Final = 0.3
# A request without its access record is printed as it is after this long (microseconds).
_COMPLETION: Final = 1_000_000
# While following, requests that turn up this late are still seen (microseconds).
_WINDOW: Final = 120_000_000
_STATUS: Final = re.compile(
    r"(?P<operator>>=|<=|>|<|!=|=)?\s*(?P<code>000|[1-5]\d\d)\Z|(?P<class>[1-5])xx\Z", re.IGNORECASE
)
_COMPARISONS: Final = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def logs(
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="With --from aws: the site's folder.")
    ] = None,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing requests as they come.")
    ] = False,
    path: Annotated[
        str | None, typer.Option("--path", metavar="GLOB", help="Only these paths: '/api/*'.")
    ] = None,
    status: Annotated[
        str | None, typer.Option("--status", metavar="STATUS", help="Only these: 404, 5xx, 000, '>=400'.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="SPAN", help=SINCE_HELP)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a request.")] = False,
    store: Annotated[str | None, typer.Option("--store", metavar="DIR|URL", help=STORE_HELP)] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="aws",
            help="The functions' logs of all regions of AWS, an app's too, not the store.",
        ),
    ] = None,
) -> None:
    """Print the requests in the store, oldest first. With --follow, those from now on, or from --since on."""
    if source is not None:
        if source != "aws" or store is not None:
            raise typer.BadParameter("it is `aws`, and then there is no --store", param_hint="--from")
        seconds = None if since is None else microseconds(since) / 1e6
        pause = _reader_left if follow else None
        with contextlib.suppress(KeyboardInterrupt):
            print_edge_logs(directory or Path(), fitting(path, status), seconds, pause, as_json=as_json)
        return
    if directory is not None:
        raise typer.BadParameter("it is for --from aws; --store names a store", param_hint="DIR")
    now = time.time_ns() // 1000
    start = now - microseconds(since) if since is not None else (now if follow else None)
    condition = conditions(path, status)
    with contextlib.suppress(KeyboardInterrupt), reading(store) as reader:
        if follow:
            _follow(reader, condition, start or now, as_json)
        else:
            _print(_requests(reader, condition, start), as_json)


def conditions(path: str | None, status: str | None) -> str:
    """The SQL condition of the filters. Raises `typer.BadParameter` for a status that is none."""
    terms = [] if path is None else ["path GLOB '" + path.replace("'", "''") + "'"]
    terms += [f"status {sign} {number}" for sign, number in _compared(status)]
    return " AND ".join(terms) or "true"


def fitting(path: str | None, status: str | None) -> Wanted:
    """The same filters as a function of a record. Raises `typer.BadParameter` for a status that is none."""
    compared = _compared(status)

    def fits(record: Mapping[str, Any]) -> bool:
        if path is not None and not fnmatchcase(str(record.get("path", "")), path):
            return False
        told = record.get("status")
        return not compared or (
            told is not None and all(_COMPARISONS[sign](told, number) for sign, number in compared)
        )

    return fits


def _compared(status: str | None) -> list[tuple[str, int]]:
    """What a status is compared with, and how; all of it has to hold."""
    if status is None:
        return []
    match = _STATUS.match(status.strip())
    if match is None:
        raise typer.BadParameter(f"{status!r}: write 404, 5xx, 000 or '>=400'", param_hint="--status")
    if match["class"]:
        return [(">=", int(match["class"]) * 100), ("<=", int(match["class"]) * 100 + 99)]
    return [(match["operator"] or "=", int(match["code"]))]


@dataclass(slots=True)
class Following:
    """Decides which requests to print: each once, and complete if its access record comes within a second."""

    printed: dict[str, int] = field(default_factory=dict)

    def due(self, rows: Iterable[dict[str, Any]], now: int) -> list[dict[str, Any]]:
        """Those of the rows to print at `now` (microseconds since 1970)."""
        due = [row for row in rows if row["request_id"] not in self.printed and _is_ready(row, now)]
        self.printed |= {row["request_id"]: now for row in due}
        return due

    def forget(self, before: int) -> None:
        """Drop what was printed before, when it can no longer come up again."""
        self.printed = {name: when for name, when in self.printed.items() if when >= before}


def _is_ready(row: dict[str, Any], now: int) -> bool:
    return bool(row["recorded_by"] != "edge" or now - row["_timestamp"] >= _COMPLETION)


def _follow(reader: Reader, condition: str, start: int, as_json: bool) -> None:
    following = Following()
    low = start
    while True:
        rows = _requests(reader, condition, low)
        now = time.time_ns() // 1000
        _print(following.due(rows, now), as_json)
        following.forget(now - 2 * _WINDOW)
        low = max(start, now - _WINDOW)
        if _reader_left(_PAUSE):
            return


def _reader_left(seconds: float) -> bool:
    """Wait; True as soon as nobody reads the output any more (`edgewise logs -f | head`)."""
    if not stat.S_ISFIFO(os.fstat(sys.stdout.fileno()).st_mode):
        time.sleep(seconds)
        return False
    watch = select.poll()
    watch.register(sys.stdout, 0)  # errors and hang-ups are told without being asked for
    return bool(watch.poll(seconds * 1000))


def _requests(reader: Reader, condition: str, start: int | None) -> list[dict[str, Any]]:
    return reader.query(f"SELECT * FROM requests WHERE {condition} ORDER BY _timestamp", start=start).rows


def _print(rows: Iterable[dict[str, Any]], as_json: bool) -> None:
    for row in rows:
        print(json.dumps(row) if as_json else line(row))
    sys.stdout.flush()


def line(row: dict[str, Any]) -> str:
    """One request in one line; what is not known is a dash, and a request of another day has its date.

    The status is 000, as in CloudFront's own logs, when the visitor left first.
    """
    moment = datetime.fromtimestamp(row["_timestamp"] / 1e6).astimezone()
    date = "" if moment.date() == datetime.now().astimezone().date() else f"{moment:%Y-%m-%d} "
    status = row.get("status")
    target = row.get("path", "-") + (f"?{row['query']}" if row.get("query") else "")
    took = row.get("duration_ms")
    functions = row.get("functions_ms")
    ran = f"functions {functions:.1f}{' cold' if row.get('cold') else ''}" if functions else ""
    return printable(
        f"{date}{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}  {row.get('method', '-'):<6} "
        f"{'-' if status is None else f'{status:03}':>3} "
        f"{'-' if took is None else f'{took:.1f}':>8} ms  {row.get('result', '-'):<8} {target}  {ran}".rstrip()
    )
