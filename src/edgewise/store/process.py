"""The store as a process: socket, signals, lock, ready line, clean end. Nothing about records."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson
import uvicorn

from edgewise.store.api.access import Access
from edgewise.store.api.application import Pages, application
from edgewise.store.engine import Engine, Limits
from edgewise.store.errors import AddressError, StoreDirectoryError
from edgewise.store.home import Home, announce, ensure_credentials, hold_for_writing, prepare
from edgewise.store.retention import EVERYTHING, Keep
from edgewise.store.search import Searcher
from edgewise.store.standard import standard_derivation
from edgewise.store.tokens import Tokens

HOST: Final = "127.0.0.1"
_GRACE: Final = 3


@dataclass(frozen=True, slots=True)
class Options:
    """How the process runs. `lifeline`: end when standard input ends. `as_json`: messages are JSON lines.

    `keep`: how long and how much. `countries`: an address database. `pages`: makes what is shown at `/`.
    """

    directory: Path
    port: int = 5080
    as_json: bool = False
    lifeline: bool = False
    limits: Limits = field(default_factory=Limits)
    keep: Keep = EVERYTHING
    countries: Path | None = None
    pages: Pages | None = None


def serve(options: Options) -> None:
    """Serve until SIGTERM, SIGINT or the end of the lifeline, then seal and return.

    Prints one ready line. Raises `StoreBusyError`, `StoreDirectoryError`, `AddressError`.
    """
    home = prepare(options.directory)
    credentials = ensure_credentials(options.directory)
    # A batch of records makes hundreds of objects at once, which is no reason to look for cycles among them; but
    # the few cycles that a request leaves behind hold its body, and so must not pile up.
    gc.set_threshold(2_000, 10, 10)
    # Two short tasks share the interpreter, taking records and syncing them; neither should wait 5 ms for the other.
    sys.setswitchinterval(0.0005)
    with contextlib.ExitStack() as closing:
        listener = closing.enter_context(listen(options.port))
        closing.callback(hold_for_writing(home).release)
        engine = _open(home, options)
        closing.callback(engine.close)
        searcher = Searcher(engine)
        closing.callback(searcher.close)
        closing.callback(home.server.unlink, missing_ok=True)
        server = _Server(
            uvicorn.Config(
                application(engine, searcher, Access(credentials, Tokens(home)), options.pages),
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=_GRACE,
            ),
            searcher.stop,
        )
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        asyncio.run(server.until_told(listener, options, lambda: _ready(home, url, options.as_json)))
    if not searcher.close(patience=0):
        # A query that cannot be interrupted would keep its thread, and so the process, however long it takes.
        sys.stdout.flush()
        os._exit(0)


def _open(home: Home, options: Options) -> Engine:
    try:
        return Engine(
            home,
            derive=standard_derivation(options.countries),
            limits=options.limits,
            keep=options.keep,
            tell=_teller(options.as_json),
        )
    except (OSError, MemoryError) as error:
        raise StoreDirectoryError(
            f"the store cannot be opened: {error}",
            file=home.root,
            hint="Nothing is lost. See to what the message names, and start it again.",
        ) from None


class _Server(uvicorn.Server):
    """uvicorn, but ending quietly on a signal instead of raising it again after the shutdown."""

    def __init__(self, config: uvicorn.Config, leaving: Callable[[], None]) -> None:
        super().__init__(config)
        self._leaving = leaving

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def until_told(self, listener: socket.socket, options: Options, ready: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._leave)
        if options.lifeline:
            self._leave_at_end_of_input(loop)
        self._ready = ready
        await self.serve(sockets=[listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def _leave_at_end_of_input(self, loop: asyncio.AbstractEventLoop) -> None:
        descriptor = sys.stdin.fileno()

        def read() -> None:
            if not os.read(descriptor, 4096):
                loop.remove_reader(descriptor)
                self._leave()

        try:
            loop.add_reader(descriptor, read)
        except PermissionError:
            # A file or /dev/null cannot be waited for: nobody holds the other end.
            self._leave()

    def _leave(self) -> None:
        self.should_exit = True
        self._leaving()


def listen(port: int) -> socket.socket:
    """A listening socket on the loopback address; port 0 takes a free one. Raises `AddressError`."""
    # The protocol is named because asyncio turns delays off (TCP_NODELAY) only where it is.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listener.close()
        taken = getattr(error, "errno", None) == errno.EADDRINUSE
        reason = f"port {port} is in use" if taken else f"port {port} cannot be used: {error}"
        raise AddressError(reason, hint="Choose another with --port; 0 takes any free one.") from None
    listener.setblocking(False)
    return listener


def _ready(home: Home, url: str, as_json: bool) -> None:
    announce(home, url)
    if as_json:
        _line({"event": "ready", "url": url, "pid": os.getpid(), "dir": str(home.root)})
    else:
        print(f"store ready at {url}  ({home.root})", flush=True)


def _teller(as_json: bool) -> Callable[[str], None]:
    def tell(message: str) -> None:
        if as_json:
            _line({"event": "message", "message": message})
        else:
            print(f"store: {message}", file=sys.stderr, flush=True)

    return tell


def _line(event: dict[str, object]) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.buffer.write(orjson.dumps(event) + b"\n")
        sys.stdout.flush()
