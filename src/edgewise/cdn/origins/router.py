"""Finds an origin on this machine and sends it a request.

An origin of the template has its address on AWS. `places` says where that is here: a URL for an HTTP server,
a folder for a bucket. An origin without a place is asked at its real address.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from edgewise.cdn.distribution import BucketOrigin, CustomOrigin, Distribution, Origin
from edgewise.cdn.errors import OriginError
from edgewise.cdn.http.upstream import Address, ConnectionPool, Timeouts
from edgewise.cdn.message import Request, Response
from edgewise.cdn.origins.bucket import get_object

Place = Address | Path


def read_places(distribution: Distribution, given: Mapping[str, str]) -> dict[str, Place]:
    """Each origin's domain to where it is here, from `ORIGIN_ID=URL|FOLDER` pairs. Raises `OriginError`."""
    places: dict[str, Place] = {}
    for name, place in given.items():
        origin = distribution.origins.get(name)
        if origin is None:
            hint = "the origins are: " + ", ".join(distribution.origins)
            raise OriginError(f"the template has no origin {name!r}", hint=hint)
        places[origin.domain] = _place(origin, place)
    for origin in distribution.origins.values():
        if isinstance(origin, BucketOrigin) and origin.domain not in places:
            hint = f"name a folder that holds its objects: --origin {origin.id}=FOLDER"
            raise OriginError(
                f"the origin {origin.id!r} is a bucket, and buckets are not on this machine", hint=hint
            )
    return places


def _place(origin: Origin, place: str) -> Place:
    if isinstance(origin, BucketOrigin):
        folder = Path(place)
        if not folder.is_dir():
            raise OriginError(f"the folder {folder} of the bucket {origin.id!r} does not exist")
        return folder
    url = urlsplit(place)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise OriginError(
            f"the origin {origin.id!r} needs a URL, not {place!r}", hint="http://127.0.0.1:8000"
        )
    tls = url.scheme == "https"
    return Address(url.hostname, url.port or (443 if tls else 80), tls, url.hostname)


class OriginRouter:
    """Sends requests to origins, wherever they are."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = places
        self._pool = ConnectionPool()

    async def send(self, origin: Origin, request: Request) -> Response:
        """The origin's answer. `request.headers` are complete but for the origin's own custom headers.

        Raises `RequestFailure` when there is none.
        """
        sent = request.copy()
        sent.uri = origin.path + request.uri
        for name, value in origin.custom_headers:
            sent.headers.set(name, value)
        place = self._places.get(origin.domain)
        if isinstance(place, Path):
            return await get_object(place, sent)
        timeouts = Timeouts(read=origin.read_timeout)
        if isinstance(origin, CustomOrigin):
            timeouts = Timeouts(
                origin.connect_timeout, origin.connect_attempts, origin.read_timeout, origin.keepalive_timeout
            )
        return await self._pool.send(place or _real_address(origin, request), sent, timeouts)

    def close(self) -> None:
        self._pool.close()


def _real_address(origin: Origin, request: Request) -> Address:
    if isinstance(origin, BucketOrigin):
        return Address(origin.domain, 443, tls=True, server_name=origin.domain)
    tls = origin.protocol == "https-only" or (origin.protocol == "match-viewer" and request.scheme == "https")
    return Address(origin.domain, origin.https_port if tls else origin.http_port, tls, origin.domain)
