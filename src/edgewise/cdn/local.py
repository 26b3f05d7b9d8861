"""The local CDN: puts the parts together for one template, listens, and answers viewers."""

from __future__ import annotations

import asyncio
import base64
import secrets
import ssl
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from edgewise.cdn import errorpage
from edgewise.cdn.cache import Cache
from edgewise.cdn.distribution import Distribution, Notice
from edgewise.cdn.errors import ListenError
from edgewise.cdn.failure import RequestFailure
from edgewise.cdn.functions.function import Function
from edgewise.cdn.functions.launcher import Launcher
from edgewise.cdn.functions.logs import LogSink
from edgewise.cdn.functions.watch import CodeWatch
from edgewise.cdn.http.listener import Listener
from edgewise.cdn.http.viewer import ResponseWriter
from edgewise.cdn.message import Request, Response
from edgewise.cdn.origins.router import OriginRouter, read_places
from edgewise.cdn.template.distribution import read_distribution
from edgewise.cdn.template.document import Template
from edgewise.cdn.trace import Trace
from edgewise.cdn.walk import EdgeLocation, Walk

# The viewer's address for one request, for replays and tests; taken from connections of this machine only.
VIEWER_ADDRESS = "edgewise-viewer-address"


def _ignore(_: object) -> None:
    """The default of those who are told something."""


@dataclass(frozen=True, slots=True)
class CdnOptions:
    """How a local CDN runs. `location` is an edge location's name, `region` where its functions run."""

    distribution: str | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    location: str = "FRA56-P2"
    region: str = "eu-central-1"
    max_environments: int = 4
    own_runtime_client: bool | None = None
    tls: ssl.SSLContext | None = None
    clock: Callable[[], float] = time.time
    refresh_code: Callable[[], None] | None = None
    on_request: Callable[[Trace], None] = _ignore
    on_log: LogSink = _ignore


class LocalCdn:
    """Serves one distribution of a template. `notices` name what is not simulated."""

    def __init__(self, template: Template, options: CdnOptions) -> None:
        """Raises `TemplateError` or `OriginError`; nothing is started yet."""
        self.distribution: Distribution
        self.notices: list[Notice]
        self.distribution, self.notices = read_distribution(template, options.distribution)
        self._options = options
        self._places = read_places(self.distribution, options.origins)

    async def start(self, host: str, port: int) -> int:
        """Listen for viewers; returns the port. Raises `ListenError`."""
        options = self._options
        self._launcher = Launcher(own_client=options.own_runtime_client)
        functions = {
            name: Function(
                definition,
                options.region,
                self._launcher,
                options.on_log,
                max_environments=options.max_environments,
            )
            for name, definition in self.distribution.functions.items()
        }
        self._location = EdgeLocation(
            name=options.location,
            region=options.region,
            server=f"{secrets.token_hex(16)}.cloudfront.net (CloudFront)",
            distribution=self.distribution,
            functions=functions,
            code=CodeWatch(functions.values(), options.refresh_code),
            origins=OriginRouter(self._places),
            cache=Cache(),
            clock=options.clock,
        )
        self._listener = Listener(self._handle, options.tls)
        try:
            return self._listener.start(host, port)
        except ListenError:
            self._launcher.close()
            raise

    @property
    def uses_own_runtime_client(self) -> bool:
        """Whether functions run on this project's small runtime client instead of AWS's."""
        return self._launcher.own_client

    async def close(self) -> None:
        """Stop listening and end every process that was started."""
        await self._listener.close()
        await asyncio.gather(*(function.close() for function in self._location.functions.values()))
        self._location.origins.close()
        self._launcher.close()

    async def _handle(self, request: Request, writer: ResponseWriter) -> None:
        began = asyncio.get_running_loop().time()
        _apply_viewer_address(request)
        trace = Trace(
            request_id=base64.urlsafe_b64encode(secrets.token_bytes(40)).decode("ascii"),
            started=self._options.clock(),
            request=request,
            distribution_id=self.distribution.id,
            edge_location=self._options.location,
            host=request.headers.get("host"),
        )
        # The walk changes its request; what the viewer sent is what the record tells.
        try:
            response = await self._walk(request.copy(), trace)
            await self._send(response, writer, trace)
        except TimeoutError:
            trace.result, trace.detail = "Error", "the viewer does not read the answer"
        except asyncio.CancelledError:
            trace.status, trace.detail = 0, "the viewer left before the answer"
            raise
        finally:
            now = asyncio.get_running_loop().time()
            trace.duration_ms = (now - began) * 1000
            trace.first_byte_ms = ((writer.first_byte or now) - began) * 1000
            trace.bytes_sent = writer.bytes_sent
            self._options.on_request(trace)

    async def _send(self, response: Response, writer: ResponseWriter, trace: Trace) -> None:
        try:
            await writer.send(response)
        except RequestFailure as error:
            # The body broke off, or the head cannot be written: if nothing is out yet, an error page can be.
            trace.result, trace.detail = error.result, error.detail
            if not writer.bytes_sent:
                trace.status = error.status
                await writer.send(errorpage.error(error.status, error.sentence, trace.request_id))

    async def _walk(self, request: Request, trace: Trace) -> Response:
        try:
            return await Walk(self._location, request, trace).run()
        except Exception:
            # A defect of ours must not take the other requests with it.
            trace.status, trace.result, trace.detail = 500, "Error", traceback.format_exc()
            return errorpage.error(500, "The local CDN failed; its output says why.", trace.request_id)


def _apply_viewer_address(request: Request) -> None:
    if VIEWER_ADDRESS not in request.headers:
        return
    given = request.headers.get(VIEWER_ADDRESS)
    request.headers.remove(VIEWER_ADDRESS)
    if not ip_address(request.viewer).is_loopback:
        return
    try:
        request.viewer = str(ip_address(given.strip()))
    except ValueError:
        # Not an address: the request is served all the same, as from this machine.
        return
