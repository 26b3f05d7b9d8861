"""One request and the cache: found, found too old, not found, and what becomes of those who wait for the same.

Source: CloudFront Developer Guide, "Manage how long content stays in the cache (expiration)", "Simultaneous requests
for the same object", "How CloudFront processes partial requests for an object".
"""

from __future__ import annotations

from collections.abc import Awaitable

from edgewise.cdn import conditional
from edgewise.cdn.cache import Entry
from edgewise.cdn.cachekey import CacheKey, cache_key
from edgewise.cdn.distribution import ERROR_CACHING_MIN_TTL
from edgewise.cdn.failure import RequestFailure, ResultType
from edgewise.cdn.fetch import Fetch
from edgewise.cdn.freshness import lifetime
from edgewise.cdn.inflight import Arriving
from edgewise.cdn.keeping import Keeping, is_for_one, variant
from edgewise.cdn.location import Route
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.trace import CacheLook, CacheOutcome, Trace

# What `X-Cache` says of an answer that is served although it is too old: the guide does not tell.
_STALE: ResultType = "Hit"

# What a 304 does not say anew of an object. `Vary` is ours where the stored object was compressed here.
_STAYS = ("content-length", "content-encoding", "transfer-encoding", "etag", "vary")


class Caching:
    """Answers a request of one route, from the cache or from behind it."""

    def __init__(self, route: Route, trace: Trace, look: CacheLook) -> None:
        self._route = route
        self._location = route.location
        self._policy = route.behavior.cache_policy
        self._trace = trace
        self._look = look
        # What `X-Cache` will say of an answer that was found.
        self._found_as: ResultType | None = None

    @property
    def result(self) -> ResultType:
        """What `X-Cache` will say of the answer."""
        return self._found_as or self._fetch.result

    async def respond(self, request: Request) -> Response:
        """The answer, with its body whole or on its way. Raises `RequestFailure`."""
        why_not = self._route.keeps_nothing or self._why_not(request)
        if why_not:
            self._look.reason = why_not
            return await self._fetched(request)
        key = cache_key(request, self._policy, self._location.distribution.domain, self._trace.facts)
        self._look.raw_key, self._look.policy = key, self._policy
        self._cache = self._location.cache
        return self._held(request, key) or await self._joined_or_fetched(request, key)

    def _why_not(self, request: Request) -> str:
        """Why the cache is not asked for this request; empty when it is."""
        if request.method not in self._route.behavior.cached_methods:
            return f"answers to {request.method} are not cached by this behavior"
        return "the request has a body" if request.body else ""

    # What is held.

    def _held(self, request: Request, key: CacheKey, outcome: CacheOutcome = "hit") -> Response | None:
        """The answer that needs nobody else, if there is one. Raises a failure that is kept."""
        entry, now = self._found(request, key), self._location.clock()
        if entry is not None:
            if entry.expires > now:
                return self._hit(request, entry, now, outcome)
            if entry.rests > now:
                return self._old(request, entry, now, "the origin failed a moment ago")
            if now - entry.expires < entry.lifetime.stale_while_revalidate:
                self._refresh_later(request, entry)
                return self._old(request, entry, now, "within stale-while-revalidate")
        elif request.method == "GET" and "range" in request.headers:
            return self._part(request, key, now)
        return None

    def _found(self, request: Request, key: CacheKey) -> Entry | None:
        """The entry of a key, old or not. What was stored for GET also answers HEAD, but not the other way round."""
        entry = self._cache.find(key)
        if request.method != "HEAD" or (entry is not None and entry.rests > self._location.clock()):
            return entry
        return self._cache.find(variant("HEAD", key)) or entry

    def _hit(self, request: Request, entry: Entry, now: float, outcome: CacheOutcome) -> Response:
        look = self._look
        look.outcome, look.age, look.ttl = outcome, now - entry.born, entry.expires - now
        look.reason = entry.why
        if entry.failure is not None:
            raise entry.failure.again()
        self._found_as = _found_result(entry.status)
        return conditional.answer(request, entry.response(now))

    def _old(self, request: Request, entry: Entry, now: float, reason: str) -> Response:
        look = self._look
        look.outcome, look.reason, look.age, look.ttl = "stale", reason, now - entry.born, entry.expires - now
        self._found_as = _STALE
        return conditional.answer(request, entry.response(now))

    def _part(self, request: Request, key: CacheKey, now: float) -> Response | None:
        part = self._cache.find(variant("PART", key))
        if part is None or part.expires <= now:
            return None
        response = conditional.of_part(request, part.response(now))
        if response is not None:
            self._look.outcome, self._look.reason = "hit", "a part that is stored holds the range"
            self._found_as = "Hit"
        return response

    def _refresh_later(self, request: Request, entry: Entry) -> None:
        if entry.key in self._cache.refreshing:
            return
        self._cache.refreshing.add(entry.key)
        # For everyone: not what this viewer has already, and not its head alone; and not a part of his trace.
        whole = request.copy()
        whole.method = "GET" if request.method == "HEAD" else request.method
        _without_conditions(whole.headers)
        unseen = Caching(self._route, self._trace.aside(), CacheLook())

        async def refresh() -> None:
            try:
                await (await unseen.refreshed(whole, entry)).read()
            except RequestFailure:
                return  # the next viewer tries again, or gets the old object while that is allowed
            finally:
                self._cache.refreshing.discard(entry.key)

        self._location.background.spawn(refresh())

    async def refreshed(self, request: Request, entry: Entry) -> Response:
        """What is behind the cache now; it is stored on the way."""
        self._cache = self._location.cache
        return await self._led(request, entry.key, entry)

    # What has to be fetched.

    async def _joined_or_fetched(self, request: Request, key: CacheKey) -> Response:
        """Wait for a request that is ahead with the same object, else fetch for oneself and for those behind."""
        if not self._route.shares:
            return await self._led(request, key, self._found(request, key))
        while key in self._cache.in_flight:
            word = await self._cache.in_flight.joined(key)
            if isinstance(word, Arriving) and word.body.joinable:
                self._look.outcome = "collapsed"
                self._look.reason = "another request for the same object was under way"
                self._found_as = _found_result(word.status)
                return word.response()
            held = self._held(request, key, "collapsed")
            if held is not None:
                return held
            if word is not True:
                return await self._led(request, key, self._found(request, key))
        self._cache.in_flight.lead(key)
        learned = False
        try:
            response = await self._led(request, key, self._found(request, key))
            learned = not is_for_one(request)
            return response
        except RequestFailure:
            learned = True
            raise
        finally:
            self._cache.in_flight.done(key, learned=learned)

    async def _led(self, request: Request, key: CacheKey, entry: Entry | None) -> Response:
        self._keeping = Keeping(self._route)
        if entry is not None:
            return await self._renewed(request, entry)
        self._look.outcome, self._look.reason = "miss", "no object is stored under this key"
        self._look.nearest = self._cache.like(key)
        try:
            response = await self._fetched(request)
        except RequestFailure as failure:
            self._keeping.failure(key, failure)
            raise
        return self._kept(request, key, response)

    async def _renewed(self, request: Request, entry: Entry) -> Response:
        """Ask the origin whether an expired object is still right; it may do without the origin for a while."""
        look, began = self._look, self._location.clock()
        look.outcome, look.age = "expired", began - entry.born
        look.reason = f"the stored object expired {began - entry.expires:.0f} s ago"
        validators = ("", "")
        if entry.failure is None and entry.status == 200 and entry.key[0] != "HEAD":
            validators = entry.validators if self._route.shares else ("", "")
            if any(entry.validators) and not self._route.shares:
                look.reason += "; it is fetched anew, as no object is revalidated where cookies are forwarded"
        try:
            response = await self._fetched(request, validators)
        except RequestFailure as failure:
            if failure.result == "Error" and self._stands_in(entry, failure.status):
                now = self._location.clock()
                return self._old(request, entry, now, f"the origin failed: {failure.detail}")
            self._keeping.failure(entry.key, failure)
            raise
        # The origin's own word: what a function made of a 304 is no object.
        if any(validators) and self._fetch.status == 304 and not self._fetch.generated:
            response.close()
            return self._revalidated(request, entry, response.headers)
        if response.status >= 500 and self._stands_in(entry, response.status):
            response.close()
            now = self._location.clock()
            return self._old(request, entry, now, f"the origin answered {response.status}")
        return self._kept(request, entry.key, response)

    def _stands_in(self, entry: Entry, status: int) -> bool:
        """Whether an expired object may be used in the place of an error; then it rests for as long as that counts."""
        now, longest = self._location.clock(), entry.lifetime.stale_if_error
        if entry.failure is not None or entry.status >= 400:
            return False
        if longest is not None and now - entry.expires > longest:
            return False
        entry.rests = now + self._keeping.error_min_ttl(status)
        return True

    def _revalidated(self, request: Request, entry: Entry, said: Headers) -> Response:
        # RFC 9111 section 4.3.4: what the 304 says of the object is newer than what is stored.
        news = [line for line in said.lines if line[0].lower() not in _STAYS]
        headers = entry.headers.copy()
        headers.remove(*(name.lower() for name, _ in news))
        headers.lines += news
        now = self._location.clock()
        renewed = Response(entry.status, headers, entry.body, entry.reason)
        life = lifetime(renewed, self._policy, now, ERROR_CACHING_MIN_TTL)
        look = self._look
        look.outcome, look.ttl, self._found_as = "revalidated", life.ttl, "RefreshHit"
        self._keeping.renewed(entry.key, renewed, life)
        renewed.headers.set("Age", "0")
        return conditional.answer(request, renewed)

    def _fetched(self, request: Request, validators: tuple[str, str] = ("", "")) -> Awaitable[Response]:
        self._fetch = Fetch(self._route, self._trace)
        return self._fetch.run(request, validators)

    def _kept(self, request: Request, key: CacheKey, response: Response) -> Response:
        """Keep what may be kept of an answer, now or when its body has arrived, and say so."""
        life = self._keeping.response(request, key, response)
        look = self._look
        look.ttl = life.ttl if life.stored else None
        kept = f"stored for {life.ttl:g} s" if life.stored else "not stored"
        look.reason += f"; {kept}: {life.reason}"
        return response


def _found_result(status: int) -> ResultType:
    return "Hit" if status < 400 else "Error"


def _without_conditions(headers: Headers) -> None:
    headers.remove(
        "if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range"
    )
