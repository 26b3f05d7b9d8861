"""One request and the cache: found, found too old, not found, and what is kept of the answer.

Source: CloudFront Developer Guide, "Manage how long content stays in the cache (expiration)", "Simultaneous requests
for the same object", "How CloudFront processes partial requests for an object".
"""

from __future__ import annotations

import asyncio

from edgewise.cdn import conditional
from edgewise.cdn.cache import Entry
from edgewise.cdn.cachekey import CacheKey, cache_key
from edgewise.cdn.distribution import ERROR_CACHING_MIN_TTL, Behavior
from edgewise.cdn.failure import RequestFailure, ResultType
from edgewise.cdn.fetch import Fetch
from edgewise.cdn.freshness import lifetime
from edgewise.cdn.keeping import Keeping, variant
from edgewise.cdn.location import EdgeLocation
from edgewise.cdn.message import Request, Response
from edgewise.cdn.trace import CacheLook, CacheOutcome, Trace

# What `X-Cache` says of an answer that is served although it is too old: the guide does not tell.
_STALE: ResultType = "Hit"

# Tasks that refresh an object after its viewer was answered; kept so that they are not collected.
_refreshing: set[asyncio.Task[None]] = set()


class Caching:
    """Answers a request of one behavior, from the cache or from behind it. `result` is what `X-Cache` will say."""

    def __init__(self, location: EdgeLocation, behavior: Behavior, trace: Trace, look: CacheLook) -> None:
        self._location = location
        self._behavior = behavior
        self._policy = behavior.cache_policy
        self._trace = trace
        self._look = look
        self._fetch = Fetch(location, behavior, trace)
        self._keeping = Keeping(location, behavior)
        self.result: ResultType = "Miss"

    async def respond(self, request: Request) -> Response:
        """The answer, with its body whole or on its way. Raises `RequestFailure`."""
        why_not = self._why_not(request)
        if why_not:
            self._look.reason = why_not
            return await self._fetched(request)
        key = cache_key(request, self._policy, self._location.distribution.domain, self._trace.facts)
        self._look.raw_key, self._look.policy = key, self._policy
        entry = self._found(request, key)
        now = self._location.clock()
        if entry is not None and entry.expires > now:
            return self._hit(request, entry, now)
        if entry is not None and entry.rests > now:
            return self._old(request, entry, now, "the origin failed a moment ago")
        if "range" in request.headers:
            return await self._range(request, key, now)
        if entry is not None and now - entry.expires <= entry.lifetime.stale_while_revalidate:
            self._refresh_later(request, entry)
            return self._old(request, entry, now, "within stale-while-revalidate")
        if self._collapses and key in self._location.in_flight:
            response = await self._joined(request, key)
            if response is not None:
                return response
            entry = self._found(request, key)
        return await self._led(request, key, entry)

    def _why_not(self, request: Request) -> str:
        """Why the cache is not asked at all; empty when it is."""
        if not self._policy.caches:
            return f"the cache policy {self._policy.name} keeps nothing: its maximum TTL is 0"
        if request.method not in self._behavior.cached_methods:
            return f"answers to {request.method} are not cached by this behavior"
        return ""

    @property
    def _collapses(self) -> bool:
        forwards_cookies = (self._policy.cookies, self._behavior.origin_request_policy.cookies)
        return all(selection.kind == "none" for selection in forwards_cookies)

    # Found.

    def _found(self, request: Request, key: CacheKey) -> Entry | None:
        entry = self._location.cache.find(key)
        if entry is None and request.method == "HEAD":
            # An answer to GET also answers HEAD; an answer to HEAD has no body and answers HEAD alone.
            entry = self._location.cache.find(variant("HEAD", key))
        return entry

    def _hit(self, request: Request, entry: Entry, now: float, outcome: CacheOutcome = "hit") -> Response:
        look = self._look
        look.outcome, look.age, look.ttl = outcome, now - entry.born, entry.expires - now
        look.reason = f"stored for {entry.lifetime.ttl:g} s: {entry.lifetime.reason}"
        if entry.failure is not None:
            raise entry.failure
        self.result = "Hit" if entry.status < 400 else "Error"
        return conditional.answer(request, entry.response(now))

    def _old(self, request: Request, entry: Entry, now: float, reason: str) -> Response:
        look = self._look
        look.outcome, look.reason, look.age, look.ttl = "stale", reason, now - entry.born, entry.expires - now
        self.result = _STALE
        return conditional.answer(request, entry.response(now))

    def _refresh_later(self, request: Request, entry: Entry) -> None:
        if entry.key in self._location.in_flight:
            return
        unseen = Caching(self._location, self._behavior, self._trace, CacheLook())
        # For everyone: not what this viewer has already, and not its head alone.
        whole = request.copy()
        whole.method = "GET" if request.method == "HEAD" else request.method
        whole.headers.remove("if-none-match", "if-modified-since", "if-match", "if-unmodified-since")

        async def refresh() -> None:
            try:
                response = await unseen._led(whole, entry.key, entry)
                await response.read()
            except RequestFailure as failure:
                # The next viewer tries again, or gets the old object while that is allowed.
                self._trace.detail = self._trace.detail or f"not refreshed: {failure.detail}"

        task = asyncio.get_running_loop().create_task(refresh())
        _refreshing.add(task)
        task.add_done_callback(_refreshing.discard)

    async def _joined(self, request: Request, key: CacheKey) -> Response | None:
        """The answer that another request is fetching now; None when it is not for everyone."""
        arriving = await self._location.in_flight.joined(key)
        if arriving is not None and arriving.body.joinable:
            self._look.outcome = "collapsed"
            self._look.reason = "another request for the same object was under way"
            self.result = "Hit"
            return arriving.response()
        entry, now = self._found(request, key), self._location.clock()
        if entry is not None and entry.rests > now:
            return self._hit(request, entry, now, "collapsed")
        return None

    async def _range(self, request: Request, key: CacheKey, now: float) -> Response:
        part = self._location.cache.find(variant("PART", key))
        if part is not None and part.expires > now:
            response = conditional.of_part(request, part.response(now))
            if response is not None:
                self._look.outcome, self._look.reason = "hit", "a part that is stored holds the range"
                self.result = "Hit"
                return response
        self._missed(key)
        return self._kept(request, key, await self._fetched(request))

    # Not found, or too old.

    def _missed(self, key: CacheKey) -> None:
        self._look.outcome = "miss"
        self._look.reason = "no object is stored under this key"
        self._look.nearest = next(iter(self._location.cache.like(key)), None)

    async def _led(self, request: Request, key: CacheKey, entry: Entry | None) -> Response:
        """Fetch for oneself and for those who ask for the same meanwhile."""
        leads = self._collapses and key not in self._location.in_flight
        if leads:
            self._location.in_flight.lead(key)
        try:
            if entry is None:
                self._missed(key)
                return self._kept(request, key, await self._fetched_or_failed(request, key))
            return await self._renewed(request, entry)
        finally:
            if leads:
                self._location.in_flight.done(key)

    async def _renewed(self, request: Request, entry: Entry) -> Response:
        """Ask the origin whether an expired object is still right; it may do without the origin for a while."""
        look, now = self._look, self._location.clock()
        look.outcome, look.age = "expired", now - entry.born
        look.reason = f"the stored object expired {now - entry.expires:.0f} s ago"
        whole = entry.failure is None and entry.status == 200
        validators = entry.validators if whole and self._collapses else ("", "")
        try:
            response = await self._fetched(request, validators)
        except RequestFailure as failure:
            if failure.result == "Error" and _may_be_old(entry, now):
                return self._old(request, entry, now, f"the origin failed: {failure.detail}")
            self._keeping.failure(entry.key, failure)
            raise
        if response.status == 304 and any(validators):
            return self._revalidated(request, entry, response)
        if response.status >= 500 and _may_be_old(entry, now):
            response.close()
            entry.rests = now + self._keeping.error_min_ttl(response.status)
            return self._old(request, entry, now, f"the origin answered {response.status}")
        return self._kept(request, entry.key, response)

    def _revalidated(self, request: Request, entry: Entry, response: Response) -> Response:
        # RFC 9111 section 4.3.4: what the 304 says of the object is newer than what is stored.
        headers = entry.headers.copy()
        for name, value in response.headers:
            if name.lower() not in ("content-length", "content-encoding", "transfer-encoding", "etag"):
                headers.set(name, value)
        now = self._location.clock()
        renewed = Response(entry.status, headers, entry.body, entry.reason)
        life = lifetime(renewed, self._policy, now, ERROR_CACHING_MIN_TTL)
        look = self._look
        look.outcome, look.ttl, self.result = "revalidated", life.ttl, "RefreshHit"
        self._keeping.renewed(entry.key, renewed, life)
        renewed.headers.set("Age", "0")
        return conditional.answer(request, renewed)

    async def _fetched_or_failed(self, request: Request, key: CacheKey) -> Response:
        try:
            return await self._fetched(request)
        except RequestFailure as failure:
            self._keeping.failure(key, failure)
            raise

    async def _fetched(self, request: Request, validators: tuple[str, str] = ("", "")) -> Response:
        response = await self._fetch.run(request, validators)
        if self._fetch.generated:
            self.result = "LambdaGeneratedResponse"
        elif response.status >= 400:
            self.result = "Error"
        return response

    def _kept(self, request: Request, key: CacheKey, response: Response) -> Response:
        """Keep what may be kept of an answer, now or when its body has arrived, and say so."""
        life = self._keeping.response(request, key, response)
        look = self._look
        look.ttl = life.ttl if life.stored else None
        kept = f"stored for {life.ttl:g} s" if life.stored else "not stored"
        look.reason += f"; {kept}: {life.reason}"
        return response


def _may_be_old(entry: Entry, now: float) -> bool:
    """Whether an expired object may stand in for an origin that fails."""
    if entry.failure is not None or entry.status >= 400:
        return False
    longest = entry.lifetime.stale_if_error
    return longest is None or now - entry.expires <= longest
