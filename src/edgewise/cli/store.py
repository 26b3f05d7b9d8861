"""`edgewise store`: the embedded store as a process of its own, its tokens, and copies of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from edgewise.cli.commands import PlainCommand, PlainGroup
from edgewise.cli.query import microseconds
from edgewise.cli.runs import store_place

DIRECTORY: Final = Path(".edgewise/store")
_SIZE: Final = re.compile(r"(\d{1,9})\s*([kMGT])i?B\Z", re.IGNORECASE)
_BYTES: Final = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
Directory = Annotated[
    Path | None,
    typer.Option(
        "--dir",
        metavar="DIR",
        help=f"Where it keeps everything; made if it is not there (default: {DIRECTORY}).",
    ),
]
Existing = Annotated[
    str | None,
    typer.Option(
        "--store", metavar="DIR", help="A store's or a site's directory (default: the running `edgewise up`)."
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The token's name.")]

store = typer.Typer(cls=PlainGroup, help="Run the store, make tokens for it, copy it.", no_args_is_help=False)
token = typer.Typer(
    cls=PlainGroup, help="Tokens that may only take records in, or only read.", no_args_is_help=True
)
store.add_typer(token, name="token")


@store.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    *,
    directory: Directory = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 5080,
    keep: Annotated[
        str | None, typer.Option(metavar="SPAN", help="Remove records older than this: 12h, 30d, 26w.")
    ] = None,
    keep_size: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Remove the oldest hours beyond this: 500MB, 10GB.")
    ] = None,
    countries: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="An address database (.mmdb): countries that no header told."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON objects, the first when it is ready.")
    ] = False,
    lifeline: Annotated[
        bool,
        typer.Option("--lifeline", help="Also end when standard input ends, as it does when a parent dies."),
    ] = False,
) -> None:
    """Run the store: OpenObserve's endpoints for records and searches. Ends on Ctrl-C."""
    if context.invoked_subcommand is not None:
        if directory is not None:
            raise typer.BadParameter("name the store behind the command, with --store", param_hint="--dir")
        return
    # Here, so that the other commands start without the server and the database.
    from edgewise.dashboard import pages
    from edgewise.store.process import Options, serve
    from edgewise.store.retention import Keep

    limits = Keep(
        None if keep is None else microseconds(keep, "--keep"),
        None if keep_size is None else size_in_bytes(keep_size),
    )
    serve(
        Options(
            directory or DIRECTORY, port, as_json, lifeline, keep=limits, countries=countries, pages=pages
        )
    )


def _named(where: str | None) -> Path:
    """The directory of the store that is meant, as all commands find it. Raises `typer.BadParameter` for a URL."""
    place = store_place(where)
    if "://" in place:
        raise typer.BadParameter("this needs the store's directory, not a URL", param_hint="--store")
    return Path(place)


def size_in_bytes(text: str) -> int:
    """`10GB` is ten times 2^30. Raises `typer.BadParameter` for what is no size."""
    match = _SIZE.match(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is no size; write 500MB or 10GB", param_hint="--keep-size")
    return int(match[1]) * _BYTES[match[2].lower()]


@token.command("create", cls=PlainCommand)
def create_token(
    name: Name,
    where: Existing = None,
    read: Annotated[
        bool, typer.Option("--read", help="For reading; otherwise for taking records in.")
    ] = False,
) -> None:
    """Make a token and print it; nothing can show it again. Use it as the password, with any user name."""
    from edgewise.store import tokens
    from edgewise.store.home import existing

    print(tokens.create(existing(_named(where)), name, "read" if read else "ingest"))


@token.command("list", cls=PlainCommand)
def list_tokens(where: Existing = None) -> None:
    """Name what there is: names, what they may do, when they were made."""
    from edgewise.store import tokens
    from edgewise.store.home import existing

    for one in tokens.read(existing(_named(where))):
        state = "" if one.enabled else "  disabled"
        print(f"{one.name:24}  {one.right:6}  {one.created}{state}")


@token.command("disable", cls=PlainCommand)
def disable_token(name: Name, where: Existing = None) -> None:
    """Let a token open nothing any more, at once, also in a store that is running."""
    from edgewise.store import tokens
    from edgewise.store.home import existing

    tokens.disable(existing(_named(where)), name)


@store.command(cls=PlainCommand)
def link(where: Existing = None) -> None:
    """Print the address that opens the running store's pages in a browser, for reading only."""
    from edgewise.store import StoreMissingError, reading_link
    from edgewise.store.home import existing, read_credentials, server_address

    home = existing(_named(where))
    address = server_address(home)
    if address is None:
        raise StoreMissingError(
            "this store is not running", file=home.root, hint="`edgewise store --dir` runs it."
        )
    print(reading_link(address, read_credentials(home)))


@store.command(cls=PlainCommand)
def backup(
    target: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that is not there yet.")],
    where: Existing = None,
) -> None:
    """Copy the store, running or not. The copy is a store: `edgewise store --dir FOLDER` opens it."""
    from edgewise.store.backup import copy

    files, size = copy(_named(where), target)
    print(f"copied {files} files, {size / (1 << 20):.1f} MB")
