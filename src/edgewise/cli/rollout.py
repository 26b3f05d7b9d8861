"""`edgewise rollout`: begin a release, look at it, change it, and let the judge go on with it.

Only the options are here. What is done is in `rollingout/work.py`, imported when a command runs, so that the other
commands start without it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.commands import PlaceCommand, PlaceValueCommand, PlainGroup
from edgewise.cli.query import STORE_HELP

Directory = Annotated[Path, typer.Option("--dir", metavar="DIR", help="The site's folder.")]
Local = Annotated[
    bool | None,
    typer.Option("--local/--aws", help="The site that `edgewise up` runs here, or the one on AWS."),
]
Reason = Annotated[
    str,
    typer.Option("--reason", metavar="TEXT", help="Why; its first 200 characters are kept with the release."),
]
Store = Annotated[str | None, typer.Option("--store", metavar="DIR|URL", help=STORE_HELP)]

rollout = typer.Typer(
    cls=PlainGroup,
    help="Bring a new version to a share of new sessions, then to more of them, or back.",
    no_args_is_help=True,
)


@rollout.command(cls=PlaceCommand)
def start(
    steps: Annotated[
        str,
        typer.Option(
            "--steps",
            metavar="PLAN",
            help="Shares of new sessions in per cent, each with how long it lasts at least.",
        ),
    ] = "5:30m,25:30m,50:1h",
    directory: Directory = Path(),
    local: Local = None,
    reason: Reason = "",
    unjudged: Annotated[
        bool, typer.Option("--unjudged", help="Also without \\[log]: then nothing takes a step or goes back.")
    ] = False,
) -> None:
    """Begin a release from the stable version to the new one, at the plan's first step."""
    from edgewise.cli.rollingout import work

    work.start(directory, local, steps, reason, unjudged)


@rollout.command(cls=PlaceCommand)
def status(
    directory: Directory = Path(),
    local: Local = None,
    store: Store = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the plan, the two versions side by side, and what the judge would do and why."""
    from edgewise.cli.rollingout import work

    work.status(directory, local, store, as_json)


@rollout.command(cls=PlaceCommand)
def history(
    directory: Directory = Path(),
    local: Local = None,
    store: Store = None,
    since: Annotated[str, typer.Option("--since", metavar="SPAN", help="How far back.")] = "90d",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a change.")] = False,
) -> None:
    """Show who changed a release, when, from what to what, and why: people and the judge."""
    from edgewise.cli.rollingout import work

    work.history(directory, local, store, since, as_json)


@rollout.command("set", cls=PlaceValueCommand)
def set_share(
    share: Annotated[
        str, typer.Argument(metavar="PERCENT", help="The share of new sessions; 100 is everybody new.")
    ],
    directory: Directory = Path(),
    local: Local = None,
    evict: Annotated[
        bool,
        typer.Option("--evict", help="Also decide sessions on the new version anew; otherwise all stay."),
    ] = False,
    reason: Reason = "",
) -> None:
    """Change the share of new sessions; a frozen release stays frozen. Sessions that there are stay where they are."""
    from edgewise.cli.rollingout import work

    work.set_share(directory, local, share, evict, reason)


@rollout.command(cls=PlaceCommand)
def freeze(directory: Directory = Path(), local: Local = None, reason: Reason = "") -> None:
    """Keep the share as it is: nothing is promoted. The judge still rolls back."""
    from edgewise.cli.rollingout import work

    work.freeze(directory, local, reason)


@rollout.command(cls=PlaceCommand)
def resume(directory: Directory = Path(), local: Local = None, reason: Reason = "") -> None:
    """Go on with a frozen release; its step begins anew."""
    from edgewise.cli.rollingout import work

    work.resume(directory, local, reason)


@rollout.command(cls=PlaceCommand)
def rollback(
    directory: Directory = Path(),
    local: Local = None,
    keep_sessions: Annotated[
        bool, typer.Option("--keep-sessions", help="Sessions on the new version stay there until they end.")
    ] = False,
    reason: Reason = "",
) -> None:
    """Bring everybody back to the old version, sessions on the new one too; also those that were kept before."""
    from edgewise.cli.rollingout import work

    work.rollback(directory, local, keep_sessions, reason)


@rollout.command(cls=PlaceCommand)
def finish(
    directory: Directory = Path(),
    local: Local = None,
    drain: Annotated[
        str | None,
        typer.Option(
            metavar="SPAN",
            help="How long sessions on the old version have, by default as long as one lasts; 0s ends them now.",
        ),
    ] = None,
    reason: Reason = "",
) -> None:
    """End a release whose new sessions all meet the new version: drain the old one, then be done."""
    from edgewise.cli.rollingout import work

    work.finish(directory, local, drain, reason)


@rollout.command(cls=PlaceCommand)
def off(directory: Directory = Path(), local: Local = None, reason: Reason = "") -> None:
    """The kill switch: everybody meets the old version at once, whatever session they have."""
    from edgewise.cli.rollingout import work

    work.switch(directory, local, True, reason)


@rollout.command(cls=PlaceCommand)
def on(directory: Directory = Path(), local: Local = None, reason: Reason = "") -> None:
    """Take the kill switch back: the release is again what it was, and its step begins anew."""
    from edgewise.cli.rollingout import work

    work.switch(directory, local, False, reason)


@rollout.command(cls=PlaceCommand)
def watch(
    directory: Directory = Path(),
    local: Local = None,
    store: Store = None,
    every: Annotated[
        str, typer.Option(metavar="SPAN", help="How often the judge looks, at most once a second.")
    ] = "30s",
    once: Annotated[bool, typer.Option("--once", help="Look once, and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a look.")] = False,
) -> None:
    """Let the judge look, and do what it says: promote, roll back, finish. Ends with the release, or on Ctrl-C."""
    from edgewise.cli.rollingout import watching

    watching.watch(directory, local, store, every, once, as_json)


@rollout.command(cls=PlaceCommand)
def link(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="The version that the tester gets.")],
    directory: Directory = Path(),
    local: Local = None,
    lasts: Annotated[
        str, typer.Option("--for", metavar="SPAN", help="How long the link and its cookie are good.")
    ] = "8h",
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="The page it leads to, by default the site's here.")
    ] = "",
) -> None:
    """Print a signed link that gives a browser one of the versions, whatever the release says."""
    from edgewise.cli.rollingout import work

    work.link(directory, local, version, lasts, url)
