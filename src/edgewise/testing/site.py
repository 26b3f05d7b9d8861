"""A site that runs inside a test: the local CDN in a thread, with functions in processes as at the edge."""

from __future__ import annotations

import asyncio
import http.client
import http.cookies
import json
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypedDict, TypeVar, Unpack

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
)
from edgewise.site import (
    CODE_FOLDER,
    SITE_FILE,
    BucketOrigin,
    Bundle,
    Site,
    bundle_settings,
    compile_template,
    load_site,
    render_yaml,
)
from edgewise.testing.answer import Answer
from edgewise.testing.errors import TestingError
from edgewise.testing.origin import FakeOrigin
from edgewise.testing.records import Records

Place = FakeOrigin | str | Path

T = TypeVar("T")

_TIMEOUT = 30.0  # seconds: for a start, an answer, and what is told after it


class RequestOptions(TypedDict, total=False):
    """Who asks, and where.

    `country` (two letters) and `address` are the visitor's; `location` is the edge location that answers, such as
    `NRT57-P2`. Any other fact is a header: `headers={"Edgewise-Is-Mobile-Viewer": "true"}`.
    """

    headers: Mapping[str, str]
    country: str
    address: str
    location: str


_FACTS = {
    "country": "Edgewise-Viewer-Country",
    "address": "Edgewise-Viewer-Address",
    "location": "Edgewise-Location",
}


@contextmanager
def run_site(
    place: str | Path, *, origins: Mapping[str, Place] | None = None, location: str = "FRA56-P2"
) -> Iterator[EdgeSite]:
    """Run a site's folder, or a CloudFormation template, until the block ends; every process has ended then.

    `origins` says where each origin is, by its id: a `FakeOrigin`, a URL, or a folder for a bucket. `location` is the
    edge location of visitors who name no other. Raises the errors of the site or template, with file and key.
    """
    given = {
        name: origin.url if isinstance(origin, FakeOrigin) else str(origin)
        for name, origin in (origins or {}).items()
    }
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edgewise-testing-")))
        template, places = _template(Path(place), folder, given)
        site = EdgeSite(template, places, location)
        stack.callback(site.close)
        yield site


def _template(place: Path, build: Path, given: Mapping[str, str]) -> tuple[Template, Mapping[str, str]]:
    """The template to run, and where its origins are."""
    if place.is_file() and place.name != SITE_FILE:
        return load_template(place), given
    site = load_site(place)
    code_hash = ""
    if site.runs_functions:
        # Records go to standard output, where the test reads them: no store is needed.
        bundle = Bundle(site, build / CODE_FOLDER, bundle_settings(site, log={"delivery": "stdout"}))
        bundle.refresh()
        code_hash = bundle.code_hash
    file = build / "template.yaml"
    file.write_text(render_yaml(compile_template(site, code_hash=code_hash)), encoding="utf-8")
    return load_template(file), _places(site, given)


def _places(site: Site, given: Mapping[str, str]) -> dict[str, str]:
    """Where the origins are: what the test says, else a bucket's folder. A test starts no server of the site."""
    places = {origin.name: str(origin.folder) for origin in site.origins if isinstance(origin, BucketOrigin)}
    places |= given
    for origin in site.origins:
        if origin.name not in places:
            hint = f'give it one: origins={{"{origin.name}": FakeOrigin()}}'
            raise TestingError(
                f"the origin {origin.name!r} has no place in this test", file=site.file, hint=hint
            )
    return places


class EdgeSite:
    """A running site. `clock` moves the ages of cached objects; `logs` are the lines of all functions."""

    def __init__(self, template: Template, origins: Mapping[str, str], location: str) -> None:
        self.clock = MovableClock()
        self.logs: list[LogEvent] = []
        self._traces: dict[str, Trace] = {}
        self._told = threading.Condition()
        options = CdnOptions(
            origins=origins,
            location=location,
            clock=self.clock,
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
        body: bytes | None = None,
        **options: Unpack[RequestOptions],
    ) -> Answer:
        """Send a request and wait until everything about it is known.

        Raises `TestingError` when the connection ends without an answer.
        """
        headers = {_FACTS[name]: str(value) for name, value in options.items() if name in _FACTS and value}
        headers |= options.get("headers", {})
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content, lines = response.read(), response.getheaders()
        except (OSError, http.client.HTTPException) as error:
            raise TestingError(f"{method} {path} got no whole answer: {error!r}") from error
        finally:
            connection.close()
        trace = self._trace_of(dict(lines).get("X-Amz-Cf-Id", ""))
        records = self.records().where(request_id=trace.request_id)
        return Answer(response.status, lines, content, trace, records)

    def visitor(self, **options: Unpack[RequestOptions]) -> Visitor:
        """Somebody who keeps cookies; the options go with each of his requests."""
        return Visitor(self, options)

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

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(_TIMEOUT)

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
        asyncio.run_coroutine_threadsafe(self.cdn.close(), self._loop).result(_TIMEOUT)
        self._end_loop()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_TIMEOUT)
        self._loop.close()


class Visitor:
    """Somebody who keeps the cookies that he is given and sends them back; `cookies` is name to value."""

    def __init__(self, site: EdgeSite, options: RequestOptions) -> None:
        self.cookies: dict[str, str] = {}
        self._site = site
        self._options = options

    def get(self, path: str = "/") -> Answer:
        return self.request("GET", path)

    def request(self, method: str, path: str, *, body: bytes | None = None) -> Answer:
        options = self._options.copy()
        if self.cookies:
            cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            options["headers"] = {**options.get("headers", {}), "Cookie": cookie}
        answer = self._site.request(method, path, body=body, **options)
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                self._keep(value)
        return answer

    def _keep(self, line: str) -> None:
        for name, morsel in http.cookies.SimpleCookie(line).items():
            self.cookies[name] = morsel.value
            if morsel["max-age"] == "0":
                del self.cookies[name]
