"""`edgewise import`: access logs of CloudFront and of web servers into the store."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from edgewise.cli.progress import progress_bar
from edgewise.cli.runs import store_place
from edgewise.cli.terminal import printable

if TYPE_CHECKING:
    from edgewise.logfiles.importing import Summary
    from edgewise.logfiles.rejects import Rejects


def import_logs(
    places: Annotated[
        list[str], typer.Argument(metavar="FILE|FOLDER|s3://BUCKET/PREFIX…", help="Logs; gzip or not.")
    ],
    *,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="The store's or a site's directory (default: that of `edgewise up`)."
        ),
    ] = None,
    fields: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="The fields of logs without a header, in their order: 'timestamp c-ip …'."
        ),
    ] = None,
    mask: Annotated[
        Literal["keep", "truncate", "drop"],
        typer.Option(help="What becomes of viewers' addresses; visitors can be told apart all the same."),
    ] = "keep",
    host: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The site's host, for logs that do not name it: those of web servers."
        ),
    ] = None,
    countries: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="An address database (.mmdb): countries where the log has none."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count; store nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
) -> None:
    """Import access logs into the store, each file once: CloudFront's of every kind, and those of web servers."""
    from edgewise.logfiles.importing import Import
    from edgewise.logfiles.rejects import Rejects
    from edgewise.logfiles.sources import find

    directory = _directory(store)
    sources = find(places)
    started = time.monotonic()
    with (
        _sink(directory, dry_run) as (sink, manifest, path),
        closing(Rejects(path)) as rejects,
        _making(mask, countries, host) as making,
        progress_bar("import", sum(one.size for one in sources), in_bytes=True) as advance,
        _told_when_stopped(),
    ):
        run = Import(sink, manifest, rejects=rejects, making=making, fields=_names(fields), progress=advance)
        summary = run.run(sources)
    outcome = _Outcome(summary, rejects, time.monotonic() - started, dry_run)
    if as_json:
        print(json.dumps(outcome.facts()))
    else:
        outcome.show()
        if not sources:
            _warn("there is no file in what was named")
    if summary.failed or (summary.bad and not summary.records):
        raise typer.Exit(1)


def _directory(store: str | None) -> Path:
    place = store_place(store)
    if "://" in place:
        raise typer.BadParameter(
            "logs are imported on the store's own machine; name its directory", param_hint="--store"
        )
    return Path(place)


def _names(fields: str | None) -> tuple[str, ...] | None:
    return None if fields is None else tuple(fields.replace(",", " ").split())


@contextmanager
def _sink(directory: Path, dry_run: bool) -> Iterator[tuple[Any, Any, Path | None]]:
    """Where records go, what was imported before, and the file for bad lines."""
    from edgewise.logfiles.importing import Nowhere
    from edgewise.logfiles.manifest import Manifest
    from edgewise.logfiles.target import open_target

    if dry_run:
        yield Nowhere(), Manifest([]), None
        return
    with open_target(directory) as target:
        yield target, target.manifest, target.rejects


@contextmanager
def _making(
    mask: Literal["keep", "truncate", "drop"], countries: Path | None, host: str | None
) -> Iterator[Any]:
    from edgewise.agents import Countries
    from edgewise.logfiles.records import Making

    if countries is None:
        yield Making(mask, host=host)
        return
    with closing(Countries(countries)) as database:
        yield Making(mask, database.country, host)


@contextmanager
def _told_when_stopped() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        _warn("stopped; of what was under way nothing is in the store, and the same command goes on")
        raise typer.Exit(130) from None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What an import came to, in `seconds`."""

    summary: Summary
    rejects: Rejects
    seconds: float
    dry_run: bool

    def show(self) -> None:
        """For people; what went wrong goes to standard error."""
        summary = self.summary
        verb = "would be imported" if self.dry_run else "imported"
        rate = summary.records / self.seconds if self.seconds else 0
        print(
            f"{_counted(summary.records, 'record')} {verb} from {_counted(len(summary.files), 'file')}"
            f" in {self.seconds:.1f} s ({rate:,.0f} a second)"
        )
        if summary.first is not None and summary.last is not None:
            print(f"from {_moment(summary.first)} to {_moment(summary.last)}")
        if summary.skipped:
            print(f"{_counted(summary.skipped, 'file')} imported before")
        self._warn_of_lines()
        for name, damage in summary.damaged.items():
            _warn(f"{name}: {damage}; what could be read is in")
        for name, reason in summary.failed.items():
            _warn(f"{name}: not imported: {reason}")

    def _warn_of_lines(self) -> None:
        bad, rejects = self.summary.bad, self.rejects
        if not bad:
            return
        kept = f"; kept in {rejects.path}" if rejects.path else ""
        _warn(f"{_counted(bad, 'line')} without a request{kept}", *rejects.shown)
        if bad > len(rejects.shown):
            _warn("…")

    def facts(self) -> dict[str, Any]:
        """For `--json`."""
        summary, rejects = self.summary, self.rejects
        return {
            "records": summary.records,
            "files": len(summary.files),
            "skipped": summary.skipped,
            "failed": summary.failed,
            "damaged": summary.damaged,
            "bad_lines": summary.bad,
            "bad_lines_file": str(rejects.path) if rejects.path and rejects.count else None,
            "bad_lines_shown": rejects.shown,
            "first": summary.first,
            "last": summary.last,
            "bytes": sum(entry.size for entry in summary.files),
            "seconds": round(self.seconds, 3),
            "dry_run": self.dry_run,
        }


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _warn(*lines: str) -> None:
    for line in lines:
        print(printable(line), file=sys.stderr)


def _moment(microseconds: int) -> str:
    return f"{datetime.fromtimestamp(microseconds // 1_000_000, UTC):%Y-%m-%d %H:%M:%S} UTC"
