"""The local CDN: puts the parts together for one template, listens, and answers viewers."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgewise.cdn import errorpage
from edgewise.cdn.background import Background
from edgewise.cdn.cache import Cache
from edgewise.cdn.distribution import Distribution, FunctionDefinition, LocalFunction, Notice
from edgewise.cdn.errors import ListenError, LocationError, OriginError
from edgewise.cdn.failure import RequestFailure
from edgewise.cdn.functions.function import Function
from edgewise.cdn.functions.launcher import Launcher
from edgewise.cdn.functions.logs import LogSink
from edgewise.cdn.functions.watch import CodeWatch
from edgewise.cdn.http.listener import Listener, new_request_id
from edgewise.cdn.http.upstream import ConnectionPool
from edgewise.cdn.http.viewer import Refusal, ResponseWriter
from edgewise.cdn.limits import CACHE_BYTES
from edgewise.cdn.location import EdgeLocation, known_locations, region_of
from edgewise.cdn.message import Request, Response
from edgewise.cdn.origins.function_url import FunctionUrl
from edgewise.cdn.origins.load_balancer import LoadBalancer
from edgewise.cdn.origins.router import OriginRouter, read_places
from edgewise.cdn.template.bucket_policies import listed_buckets
from edgewise.cdn.template.distribution import read_distribution
from edgewise.cdn.template.document import Template
from edgewise.cdn.template.identities import REGION
from edgewise.cdn.trace import Trace
from edgewise.cdn.viewerfacts import ViewerFacts, viewer_facts
from edgewise.cdn.walk import Walk

# Viewers name locations; each costs memory.
_MOST_LOCATIONS = 32
_OTHER_CACHE_BYTES = 32 * 1024 * 1024


def _ignore(_: object) -> None:
    """The default of those who are told something."""


@dataclass(frozen=True, slots=True)
class CdnOptions:
    """How a local CDN runs. `location` is the edge location of viewers who name no other.

    `functions` are origins, by id, that are functions which the template does not have; a place in `origins` is before.

    `concurrency` and `lifetime` (seconds) are limits of functions and environments: see `functions.Function`.
    `credentials` are the variables in which Lambda gives a function the credentials of its role; none without any.
    `clock` gives seconds since the epoch for the ages of cached objects; it may be moved.
    """

    distribution: str | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, LocalFunction] = field(default_factory=dict)
    location: str = "FRA56-P2"
    max_environments: int = 4
    concurrency: int | None = None
    lifetime: float | None = None
    own_runtime_client: bool | None = None
    credentials: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    origin_ca: Path | None = None
    clock: Callable[[], float] = time.time
    refresh_code: Callable[[], Mapping[Path, str]] | None = None
    on_request: Callable[[Trace], None] = _ignore
    on_log: LogSink = _ignore


class LocalCdn:
    """Serves one distribution of a template. `notices` name what is not simulated.

    `locations` are the edge locations by name: the first is there from the start, the others when a viewer names them.
    """

    def __init__(self, template: Template, options: CdnOptions) -> None:
        """Raises `TemplateError`, `OriginError` or `LocationError`; nothing is started yet."""
        self.distribution: Distribution
        self.notices: list[Notice]
        self.distribution, self.notices = read_distribution(template, options.distribution)
        self.locations: dict[str, EdgeLocation] = {}
        self._options = options
        listed = listed_buckets(template, self.distribution.origins.values())
        functions = [name for name in options.functions if name in self.distribution.origins]
        self._behind = {name: options.functions[name] for name in functions if name not in options.origins}
        self._places = read_places(self.distribution, options.origins, listed, self._behind)
        self._functions: list[Function] = []
        self._replicas: dict[str, Mapping[str, Function]] = {}
        self._background = Background()
        if region_of(options.location) is None:
            hint = f"such as FRA56-P2; names begin with one of {known_locations()}"
            raise LocationError(f"there is no edge location {options.location!r}", hint=hint)

    async def start(self, host: str, port: int) -> int:
        """Listen for viewers; returns the port. Raises `ListenError`."""
        options = self._options
        self._launcher = Launcher(own_client=options.own_runtime_client, credentials=options.credentials)
        self._code = CodeWatch(self._functions, options.refresh_code)
        self._origins = OriginRouter(
            self._places, self._functions_behind(), pool=_pool(options.origin_ca), clock=options.clock
        )
        self._default = self._location(options.location)
        self._listener = Listener(self._handle, options.tls, refused=self._refused)
        try:
            return self._listener.start(host, port)
        except ListenError:
            self._launcher.close()
            raise

    def _functions_behind(self) -> dict[str, FunctionUrl | LoadBalancer]:
        """The functions that are origins, by the origin's domain."""
        urls, signed = self.distribution.function_urls, self.distribution.signed_urls
        local = {
            domain: LocalFunction(what, REGION, signed=domain in signed) for domain, what in urls.items()
        }
        local |= {self.distribution.origins[name].domain: what for name, what in self._behind.items()}
        found: dict[str, FunctionUrl | LoadBalancer] = {}
        for domain, what in local.items():
            function = self._function(what.definition, what.region)
            self._functions.append(function)
            clock, look = self._options.clock, self._code.look
            if what.event == "function-url":
                found[domain] = FunctionUrl(function, clock, look, signed=what.signed)
            else:
                several = what.event == "load-balancer-multi-value"
                found[domain] = LoadBalancer(function, clock, look, several=several)
        return found

    def _location(self, name: str) -> EdgeLocation:
        """A location by its name; one that nobody has named before begins with an empty cache."""
        location = self.locations.get(name)
        if location is None:
            region = region_of(name) if len(self.locations) < _MOST_LOCATIONS else None
            if region is None:
                return self._default  # a name that is none, or one too many: served where all others are
            functions = self._functions_in(region)
            location = self.locations[name] = EdgeLocation(
                name=name,
                region=region,
                server=f"{secrets.token_hex(16)}.cloudfront.net (CloudFront)",
                distribution=self.distribution,
                functions=functions,
                code=self._code,
                origins=self._origins,
                clock=self._options.clock,
                on_log=self._options.on_log,
                background=self._background,
                cache=Cache(CACHE_BYTES if not self.locations else _OTHER_CACHE_BYTES),
            )
        return location

    def _functions_in(self, region: str) -> Mapping[str, Function]:
        """The replicas of one region: all its locations share their environments."""
        functions = self._replicas.get(region)
        if functions is None:
            functions = {
                key: self._function(what, region) for key, what in self.distribution.functions.items()
            }
            self._replicas[region] = functions
            self._functions += functions.values()
        return functions

    def _function(self, definition: FunctionDefinition, region: str) -> Function:
        options = self._options
        self._launcher.check(definition)
        return Function(
            definition,
            region,
            self._launcher,
            options.on_log,
            max_environments=options.max_environments,
            concurrency=options.concurrency,
            lifetime=options.lifetime,
        )

    @property
    def uses_own_runtime_client(self) -> bool:
        """Whether functions run on this project's small runtime client instead of AWS's."""
        return self._launcher.own_client

    def recycle(self) -> None:
        """End every execution environment once it is idle, as AWS does now and then."""
        for function in self._functions:
            function.recycle()

    async def close(self) -> None:
        """Stop listening and end every process that was started."""
        await self._listener.close()
        await self._background.close()
        await asyncio.gather(*(function.close() for function in self._functions))
        self._origins.close()
        self._launcher.close()

    async def _handle(self, request: Request, writer: ResponseWriter) -> None:
        began = time.perf_counter()
        facts = viewer_facts(request)
        location = self._location(facts.location) if facts.location else self._default
        trace = self._trace(new_request_id(), request, facts, location)
        if facts.location and facts.location != location.name:
            known = f"names begin with one of {known_locations()}, {_MOST_LOCATIONS} at a time"
            trace.detail = f"no edge location {facts.location!r}: {known}"
        try:
            try:
                response = await Walk(location, request, trace).run()
            except Exception:
                response = _defect(trace)
            trace.answer, trace.content_length = response.headers, _length(response)
            writer.keep_alive = writer.keep_alive and not response.closes
            try:
                await writer.send(response)
            except RequestFailure as error:
                await self._broke_off(error, writer, trace)
        except TimeoutError:
            trace.result, trace.detailed_result = "Error", "SlowReaderOriginError"
            trace.detail = "the viewer does not read the answer"
        except asyncio.CancelledError:
            trace.status, trace.result, trace.detailed_result = 0, "Error", "ClientHungUpRequest"
            trace.detail = "the viewer left before the answer"
            raise
        finally:
            now = time.perf_counter()
            trace.duration_ms = (now - began) * 1000
            trace.first_byte_ms = ((writer.first_byte or now) - began) * 1000
            trace.bytes_sent = writer.bytes_sent
            self._options.on_request(trace)

    def _trace(self, request_id: str, request: Request, facts: ViewerFacts, location: EdgeLocation) -> Trace:
        return Trace(
            request_id,
            time.time(),
            request,
            facts,
            self.distribution.id,
            self.distribution.domain,
            location.name,
            location.region,
            request.headers.get("host"),
        )

    def _refused(self, refusal: Refusal) -> None:
        """Tell of a request that could not be read."""
        request = refusal.request
        trace = self._trace(refusal.request_id, request, viewer_facts(request), self._default)
        trace.status, trace.detail, trace.bytes_sent = refusal.status, refusal.detail, refusal.bytes_sent
        trace.result = trace.response_result = "Error"
        trace.detailed_result = _REFUSALS.get(refusal.status, "InvalidRequest")
        self._options.on_request(trace)

    async def _broke_off(self, error: RequestFailure, writer: ResponseWriter, trace: Trace) -> None:
        """The body broke off, or the head cannot be written: if nothing is out yet, an error page can be."""
        trace.result, trace.detailed_result, trace.detail = error.result, error.detailed, error.detail
        if not writer.bytes_sent:
            trace.status = error.status
            await writer.send(errorpage.error(error.status, error.sentence, trace.request_id))


def _defect(trace: Trace) -> Response:
    """The answer for a defect of ours, which must not take the other requests with it."""
    trace.status, trace.result, trace.detail = 500, "Error", traceback.format_exc()
    return errorpage.error(500, "The local CDN failed; its output says why.", trace.request_id)


# `x-edge-detailed-result-type` of requests that cannot be read: the guide lists the names without the cases.
_REFUSALS = {403: "InvalidRequestMethod", 494: "InvalidRequestHeader"}


def _pool(origin_ca: Path | None) -> ConnectionPool:
    try:
        return ConnectionPool(origin_ca)
    except OSError as error:
        hint = "name a file of certificates in PEM"
        raise OriginError(f"certificates cannot be read: {error}", file=origin_ca, hint=hint) from None


def _length(response: Response) -> int | None:
    """How many bytes the body has, as far as that is known."""
    if isinstance(response.body, bytes):
        return len(response.body)
    told = response.headers.get("content-length")
    return int(told) if told.isdigit() else None
