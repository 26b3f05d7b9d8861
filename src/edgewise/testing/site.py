"""A site that runs inside a test: the local CDN in a thread, with functions in processes as at the edge."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, Unpack

from edgewise.cdn import (
    CdnOptions,
    Invalidations,
    LocalCdn,
    LogEvent,
    MovableClock,
    Template,
    Trace,
    access_record,
    is_record,
    load_template,
    local_authority,
    server_context,
)
from edgewise.cdn.template.distribution import read_distribution
from edgewise.errors import EdgewiseError
from edgewise.site import (
    CODE_FOLDER,
    SITE_FILE,
    BucketOrigin,
    Bundle,
    bundle_settings,
    compile_template,
    load_site,
    render_yaml,
    with_stand_ins,
)
from edgewise.testing.answer import Answer
from edgewise.testing.asking import (
    RequestOptions,
    Visitor,
    check_location,
    check_options,
    check_target,
    headers_of,
)
from edgewise.testing.errors import TestingError
from edgewise.testing.lines import FRAMING
from edgewise.testing.placing import Place, addresses, check_places
from edgewise.testing.records import Records

__tracebackhide__ = True  # pytest shows the line of the test, not ours

T = TypeVar("T")

_TIMEOUT = 30.0  # seconds: for a start, an answer, and what is told after it
_WITH_BODY = ("POST", "PUT", "PATCH")  # RFC 9110, section 8.6: they say the length of none, too


@contextmanager
def run_site(
    place: str | Path, *, origins: Mapping[str, Place] | None = None, location: str = "FRA56-P2"
) -> Iterator[EdgeSite]:
    """Run a site's folder, or a CloudFormation template, until the block ends; every process has ended then.

    `origins` says where each origin is, by its id: a `FakeOrigin`, a URL, or a folder for a bucket. `location` is the
    edge location of visitors who name no other. Raises the errors of the site or template, with file and key, and
    `TestingError` for what the test got wrong.
    """
    check_location(location)
    given = addresses(origins or {})
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edgewise-testing-")))
        template, places = _template(Path(place), folder, given)
        site = EdgeSite(template, places, location, folder)
        stack.callback(site.close)
        yield site


def _template(place: Path, build: Path, given: Mapping[str, str]) -> tuple[Template, Mapping[str, str]]:
    """The template to run, and where its origins are."""
    if place.is_file() and place.name != SITE_FILE:
        template = load_template(place)
        check_places(read_distribution(template)[0], given, place, every_one=False)
        return template, given
    # A test asks nothing of AWS, where its page views would go.
    site = replace(load_site(place), statistics=None)
    code_hash = ""
    if site.runs_functions:
        # Records go to standard output, where the test reads them: no store is needed.
        bundle = Bundle(site, build / CODE_FOLDER, bundle_settings(site, log={"delivery": "stdout"}))
        bundle.refresh()
        code_hash = bundle.code_hash
    file = build / "template.yaml"
    document = with_stand_ins(site, compile_template(site, code_hash=code_hash))
    file.write_text(render_yaml(document), encoding="utf-8")
    template = load_template(file)
    # A bucket has its folder already; a test starts no server of the site.
    places = {origin.name: str(origin.folder) for origin in site.origins if isinstance(origin, BucketOrigin)}
    places |= given
    check_places(read_distribution(template)[0], places, site.file, every_one=True)
    return template, places


class EdgeSite:
    """A running site. `clock` moves the ages of cached objects; `logs` are the lines of all functions."""

    def __init__(self, template: Template, origins: Mapping[str, str], location: str, folder: Path) -> None:
        """`folder` keeps the certificate authority of this run."""
        self.clock = MovableClock()
        self.logs: list[LogEvent] = []
        self._traces: dict[str, Trace] = {}
        self._told = threading.Condition()
        authority = local_authority(folder / "tls")
        self._trusting = ssl.create_default_context(cafile=folder / "tls" / "ca.pem")
        options = CdnOptions(
            origins=origins,
            location=location,
            clock=self.clock,
            tls=server_context(authority, ("localhost", "127.0.0.1")),
            on_request=self._on_request,
            on_log=self.logs.append,
        )
        self.cdn = LocalCdn(template, options)
        self._invalidations = Invalidations(
            lambda: [location.cache for location in self.cdn.locations.values()],
            self.cdn.distribution.default_root_object,
            self.clock,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="edgewise", daemon=True)
        self._thread.start()
        try:
            start = asyncio.run_coroutine_threadsafe(self.cdn.start("127.0.0.1", 0), self._loop)
            self._port = start.result(_TIMEOUT)
        except BaseException:
            self._end_loop()
            raise

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def get(self, path: str = "/", **options: Unpack[RequestOptions]) -> Answer:
        """`request` with the method GET."""
        return self.request("GET", path, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | str | None = None,
        **options: Unpack[RequestOptions],
    ) -> Answer:
        """Send a request and wait until everything about it is known. It has no headers but `Host` and what is given.

        Raises `TestingError` for what cannot be sent, and when the connection ends without an answer.
        """
        check_target(method, path)
        check_options(options)
        connection = self._connection(options.get("https", False))
        try:
            _send(connection, method, path, headers_of(options), body)
            response = connection.getresponse()
            content, lines = response.read(), response.getheaders()
        except (OSError, http.client.HTTPException) as error:
            raise TestingError(f"{method} {path} got no whole answer: {error!r}") from error
        finally:
            connection.close()
        trace = self._trace_of(dict(lines).get("X-Amz-Cf-Id", ""))
        records = self.records().where(request_id=trace.request_id)
        return Answer(response.status, lines, content, trace, records)

    def _connection(self, https: bool) -> http.client.HTTPConnection:
        if https:
            return http.client.HTTPSConnection(
                "127.0.0.1", self._port, timeout=_TIMEOUT, context=self._trusting
            )
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT)

    def visitor(self, **options: Unpack[RequestOptions]) -> Visitor:
        """Somebody who keeps cookies; the options go with each of his requests."""
        check_options(options)
        return Visitor(self.request, self.clock, options)

    def records(self, stream: str = "edge") -> Records:
        """All records so far: `edge`, those of the functions, or `access`, one per request."""
        if stream == "access":
            return Records(access_record(trace) for trace in list(self._traces.values()))
        lines = (event.message for event in list(self.logs) if is_record(event.message))
        return Records(json.loads(line) for line in lines)

    def invalidate(self, *paths: str) -> int:
        """Drop objects from the caches of all locations, by CloudFront's rules (`/images/*`); returns how many."""
        return self._in_loop(lambda: self._invalidations.create(paths).removed)

    def recycle(self) -> None:
        """End all execution environments, as AWS does now and then: what functions kept in memory is gone."""
        self._in_loop(self.cdn.recycle)

    def _in_loop(self, work: Callable[[], T]) -> T:
        """Do something where the CDN does its work: nothing of it may be touched from another thread."""

        async def run() -> T:
            return work()

        try:
            return asyncio.run_coroutine_threadsafe(run(), self._loop).result(_TIMEOUT)
        except EdgewiseError as error:
            raise error.with_traceback(None) from None  # where in the CDN it was found says nothing to a test

    def _on_request(self, trace: Trace) -> None:
        with self._told:
            self._traces[trace.request_id] = trace
            self._told.notify_all()

    def _trace_of(self, request_id: str) -> Trace:
        # The visitor has his answer a moment before the CDN tells of it.
        with self._told:
            if not self._told.wait_for(lambda: request_id in self._traces, _TIMEOUT):
                raise TestingError(f"nothing was told of the request {request_id!r}")
            return self._traces[request_id]

    def close(self) -> None:
        """Stop listening and end every process of the site."""
        try:
            asyncio.run_coroutine_threadsafe(self.cdn.close(), self._loop).result(_TIMEOUT)
        finally:
            self._end_loop()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_TIMEOUT)
        self._loop.close()


def _send(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes | str | None,
) -> None:
    """Unlike `connection.request` without an `Accept-Encoding` that nobody asked for."""
    content = body.encode() if isinstance(body, str) else body
    given = {name.lower() for name in headers}
    connection.putrequest(method, path, skip_host="host" in given, skip_accept_encoding=True)
    if given.isdisjoint(FRAMING) and (content is not None or method in _WITH_BODY):
        connection.putheader("Content-Length", str(len(content or b"")))
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(content)
