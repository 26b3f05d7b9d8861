"""Finds an origin and sends it a request: on this machine where it has a place, at its real address otherwise."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache

from edgewise.cdn.distribution import BucketOrigin, Origin
from edgewise.cdn.http.upstream import Address, ConnectionPool, Timeouts
from edgewise.cdn.message import Request, Response
from edgewise.cdn.origins.bucket import Bucket
from edgewise.cdn.origins.function_url import FunctionUrl
from edgewise.cdn.origins.load_balancer import LoadBalancer
from edgewise.cdn.origins.names import Names
from edgewise.cdn.origins.places import Folder, Places, read_places

__all__ = ["OriginRouter", "read_places"]

_RETRIED = ("GET", "HEAD")


class OriginRouter:
    """Sends requests to origins, wherever they are.

    `functions` are those behind function URLs and load balancers, by the origin's domain. `pool` holds the connections
    to servers. An answer of this machine that says too little is a `Refusal` with the reason.
    """

    def __init__(
        self,
        places: Places,
        functions: Mapping[str, FunctionUrl | LoadBalancer] | None = None,
        *,
        pool: ConnectionPool | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._places = places
        self._functions = {domain.lower(): function for domain, function in (functions or {}).items()}
        self._buckets: dict[Folder, Bucket] = {}
        self._pool = pool or ConnectionPool()
        self._clock = clock
        self._names = Names()

    async def resolve(self, origin: Origin) -> None:
        """Make sure that an origin has an address; at once for what is on this machine.

        Raises `RequestFailure` (502, `OriginDnsError`).
        """
        if self._places.find(origin) is None and origin.domain.lower() not in self._functions:
            await self._names.resolve(origin.domain, _timeouts(origin).connect)

    def send(self, origin: Origin, request: Request) -> Awaitable[Response]:
        """The origin's answer to a request that is `completed`. Raises `RequestFailure` when there is none."""
        place = self._places.find(origin)
        if isinstance(place, Folder):
            return self._bucket(place).send(origin.domain, request)
        timeouts = _timeouts(origin)
        function = self._functions.get(origin.domain.lower()) if place is None else None
        if function is not None:
            attempts = timeouts.attempts if request.method in _RETRIED else 1
            return function.send(origin, request, attempts)
        return self._pool.send(place or _real_address(origin, request), request, timeouts)

    def _bucket(self, folder: Folder) -> Bucket:
        bucket = self._buckets.get(folder)
        if bucket is None:
            bucket = self._buckets[folder] = Bucket(folder.path, lists=folder.lists, clock=self._clock)
        return bucket

    def close(self) -> None:
        self._pool.close()


def completed(origin: Origin, request: Request) -> Request:
    """The request as the origin gets it: with its path before the URI, and its custom headers."""
    if not (origin.path or origin.custom_headers):
        return request
    sent = request.copy()
    sent.uri = origin.path + request.uri
    for name, value in origin.custom_headers:
        sent.headers.set(name, value)
    return sent


def _timeouts(origin: Origin) -> Timeouts:
    kept = 5 if isinstance(origin, BucketOrigin) else origin.keepalive_timeout
    return _of_seconds(origin.connect_timeout, origin.connect_attempts, origin.read_timeout, kept)


# Every request asks for these; the numbers are quicker to look up than the origin is to hash.
_of_seconds = lru_cache(maxsize=256)(Timeouts)


def _real_address(origin: Origin, request: Request) -> Address:
    if isinstance(origin, BucketOrigin):
        # Developer Guide, "Use HTTPS between CloudFront and your Amazon S3 origin": as the viewer came.
        tls, port = request.scheme == "https", 443 if request.scheme == "https" else 80
    else:
        tls = origin.protocol == "https-only" or (
            origin.protocol == "match-viewer" and request.scheme == "https"
        )
        port = origin.https_port if tls else origin.http_port
    if not tls:
        return Address(origin.domain, port)
    host = request.headers.get("host").rpartition(":")[0] or request.headers.get("host")
    forwarded = host if host != origin.domain else ""
    protocols = () if isinstance(origin, BucketOrigin) else origin.ssl_protocols
    return Address(origin.domain, port, True, origin.domain, forwarded, protocols)
