"""What the cache keeps of an answer, under which key and for how long, and who else may have it.

Source: CloudFront Developer Guide, "Manage how long content stays in the cache (expiration)", "Control how long
CloudFront caches errors".
"""

from __future__ import annotations

from edgewise.cdn import conditional
from edgewise.cdn.cache import Entry
from edgewise.cdn.cachekey import CacheKey
from edgewise.cdn.distribution import ERROR_CACHING_MIN_TTL, BucketOrigin
from edgewise.cdn.failure import RequestFailure
from edgewise.cdn.freshness import Lifetime, lifetime
from edgewise.cdn.inflight import Arriving
from edgewise.cdn.limits import CACHED_OBJECT_BYTES
from edgewise.cdn.location import Route
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.sharing import Copied, SharedBody

_ONE_VIEWERS = ("range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range")


def variant(kind: str, key: CacheKey) -> CacheKey:
    """The key of something that is not the whole object: its answer to HEAD, or a part of it."""
    return (kind, *key[1:])


def is_for_one(request: Request) -> bool:
    """Whether a request asks for less than the object, or on conditions: its answer may not be everyone's."""
    return request.method == "HEAD" or any(name.lower() in _ONE_VIEWERS for name, _ in request.headers.lines)


class Keeping:
    """Stores the answers of one route in the cache of its location; made before they are asked for."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._location = route.location
        self._policy = route.behavior.cache_policy
        self._cache = route.location.cache
        # An invalidation from now on reaches what is about to be fetched.
        self._era = self._cache.era

    def error_min_ttl(self, status: int) -> float:
        """Seconds for which an error with that status is kept at least."""
        configured = self._location.distribution.error_responses.get(status)
        ttl = configured.min_ttl if configured else ERROR_CACHING_MIN_TTL
        # Developer Guide, the page on error caching: a bucket's errors are kept for a second at least.
        return max(1.0, ttl) if isinstance(self._route.origin, BucketOrigin) else ttl

    def response(self, request: Request, key: CacheKey, response: Response) -> Lifetime:
        """Keep an answer if it may be kept, now or when its body has arrived."""
        life = self._lifetime(request, response)
        if not life.stored:
            if not is_for_one(request):
                # What was there before is not what the origin has now.
                self._cache.discard(key)
            return life
        if response.status == 206:
            key = variant("PART", key)
        elif request.method == "HEAD":
            key = variant("HEAD", key)
        # The headers as they are now: what is added for this viewer is not kept.
        kept = Response(response.status, response.headers.copy(), b"", response.reason)
        if isinstance(response.body, bytes):
            self._store(key, kept, response.body, life)
        else:
            self._keep_arriving(key, kept, response, life)
        return life

    def _lifetime(self, request: Request, response: Response) -> Lifetime:
        status = response.status
        # Answers to what one viewer has, or wants, and not about the object.
        if status == 416 or (status == 412 and is_for_one(request)):
            return Lifetime(False, 0.0, f"a {status} is about this viewer's request")
        if status == 206 and request.method != "GET":
            return Lifetime(False, 0.0, "a part without its bytes")
        now = self._location.clock()
        return lifetime(response, self._policy, now, self.error_min_ttl(status))

    def _keep_arriving(self, key: CacheKey, kept: Response, response: Response, life: Lifetime) -> None:
        assert not isinstance(response.body, bytes)
        length = kept.headers.get("content-length")
        known = length.isdigit() and len(length) < 18
        if known and int(length) > CACHED_OBJECT_BYTES:
            return

        def keep(body: bytes) -> None:
            self._store(key, kept, body, life)

        if life.ttl <= 0:
            # It will have to be asked about first: nobody else may have it now.
            response.body = Copied(response.body, keep)
            return
        shared = SharedBody(response.body, keep, self._location.background, to_the_end=known)
        response.body = shared.reader()
        self._cache.in_flight.share(key, Arriving(kept.status, kept.headers, kept.reason, shared))

    def renewed(self, key: CacheKey, response: Response, life: Lifetime) -> None:
        """Keep an object of which the origin said that it has not changed."""
        assert isinstance(response.body, bytes)
        if life.stored:
            self._store(key, response, response.body, life)
        else:
            self._cache.discard(key)

    def failure(self, key: CacheKey, failure: RequestFailure) -> None:
        """Errors that CloudFront makes for an origin are kept as the origin's own would be.

        Whether those that it makes for a function are is not documented; here they are not.
        """
        ttl = self.error_min_ttl(failure.status)
        if failure.result == "Error" and ttl > 0:
            life = Lifetime(True, ttl, "the minimum for errors")
            self._store(key, Response(failure.status), b"", life, failure)

    def _store(
        self,
        key: CacheKey,
        response: Response,
        body: bytes,
        life: Lifetime,
        failure: RequestFailure | None = None,
    ) -> None:
        if response.status == 206 and not conditional.is_whole_part(response.headers, body):
            return
        headers = response.headers.copy()
        if key[0] != "HEAD":
            headers.set("Content-Length", str(len(body)))
        now = self._location.clock()
        born = now - _age(headers)
        headers.remove("age")
        entry = Entry(
            key,
            self._policy,
            response.status,
            response.reason,
            headers,
            body,
            born,
            now + life.ttl,
            life,
            failure,
        )
        self._cache.store(entry, self._era)


def _age(headers: Headers) -> float:
    """Seconds that a response has spent in caches before it came here."""
    age = headers.get("age")
    return float(age[:9]) if age.isascii() and age.isdigit() else 0.0
