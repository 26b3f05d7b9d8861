"""Where the origins of a template are on this machine: a URL for a server, a folder for a bucket.

`--origin NAME=PLACE` names an origin by its id, or any domain that a function may choose. A domain without a place
is asked at its real address; a bucket and a bucket's website have to have a place.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from edgewise.cdn.distribution import BucketOrigin, CustomOrigin, Distribution, Origin
from edgewise.cdn.errors import OriginError
from edgewise.cdn.http.upstream import Address

# Amazon S3 User Guide, "Virtual hosting of buckets", "Website endpoints".
_BUCKET = re.compile(r"(?P<bucket>.+)\.s3(?:[.-][a-z0-9.-]+)?\.amazonaws\.com(?:\.cn)?")
_WEBSITE = re.compile(r".+\.s3-website[.-][a-z0-9-]+\.amazonaws\.com(?:\.cn)?")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)+[A-Za-z0-9_-]{1,63}")


@dataclass(frozen=True, slots=True)
class Folder:
    """A bucket's objects. `lists` says whether CloudFront may list them."""

    path: Path
    lists: bool = False


Place = Address | Folder


@dataclass(frozen=True, slots=True)
class Places:
    """What was given: by origin (its id and its domain), and by domain for origins that a function chooses."""

    by_origin: dict[tuple[str, str], Place] = field(default_factory=dict)
    by_domain: dict[str, Place] = field(default_factory=dict)

    def find(self, origin: Origin) -> Place | None:
        """The place of an origin. One that a function moved to another domain is found by that domain."""
        place = self.by_origin.get((origin.id, origin.domain))
        return place or self.by_domain.get(same_bucket(origin.domain))


def same_bucket(domain: str) -> str:
    """The domain in lower case; all spellings of one bucket's endpoint (regional, global, dual-stack) are one."""
    lower = domain.lower()
    match = None if _WEBSITE.fullmatch(lower) else _BUCKET.fullmatch(lower)
    return f"{match['bucket']}.s3.amazonaws.com" if match else lower


def read_places(
    distribution: Distribution,
    given: Mapping[str, str],
    listed: Container[str] = (),
    functions: Iterable[str] = (),
) -> Places:
    """The places given as `ORIGIN_ID=PLACE` or `DOMAIN=PLACE`. Raises `OriginError`.

    `listed` are the domains of the buckets that CloudFront may list, `functions` the origins that run as functions.
    """
    places = Places()
    for name in unknown_names(distribution, given):
        raise OriginError(f"the template has no origin {name!r}", hint=known_names(distribution, name))
    for name, place in given.items():
        origin = distribution.origins.get(name)
        found = _place(origin or _elsewhere(name, place), place, listed)
        if origin is not None:
            places.by_origin[origin.id, origin.domain] = found
        places.by_domain[same_bucket(origin.domain if origin else name)] = found
    for origin in distribution.origins.values():
        at = places.find(origin)
        if at is not None:
            # Written down, so that no request has to look for the domain.
            places.by_origin[origin.id, origin.domain] = at
    for origin in without_a_place(distribution, [*given, *functions]):
        _must_be_elsewhere(distribution, origin)
    return places


def unknown_names(distribution: Distribution, given: Iterable[str]) -> list[str]:
    """Those of the names that are neither an origin of the template nor a domain."""
    return [name for name in given if name not in distribution.origins and not _DOMAIN.fullmatch(name)]


def known_names(distribution: Distribution, name: str) -> str:
    """What may be named instead of `name`."""
    near = get_close_matches(name, distribution.origins, n=1)
    meant = f"is {near[0]!r} meant? " if near else ""
    origins = ", ".join(distribution.origins)
    return f"{meant}its origins are {origins}; a domain that a function chooses can be named too"


def without_a_place(distribution: Distribution, given: Iterable[str]) -> list[Origin]:
    """The origins that none of the given names places, and that are not functions which run here."""
    origins = distribution.origins
    placed = {same_bucket(origins[name].domain if name in origins else name) for name in given}
    return [
        origin
        for origin in origins.values()
        if same_bucket(origin.domain) not in placed and origin.domain not in distribution.function_urls
    ]


def _elsewhere(name: str, place: str) -> Origin:
    """A domain that is no origin of the template: a function may send requests there."""
    is_url = "://" in place
    return CustomOrigin(name, name) if is_url else BucketOrigin(name, name)


def _must_be_elsewhere(distribution: Distribution, origin: Origin) -> None:
    """Refuse origins without a place that cannot be asked at their real address."""
    if origin.domain in distribution.images:
        hint = f"start what the image would run and name it: --origin {origin.id}=http://127.0.0.1:PORT"
        raise OriginError(
            f"the origin {origin.id!r} is a function from an image, which is not on this machine", hint=hint
        )
    if isinstance(origin, BucketOrigin):
        hint = f"name a folder that holds its objects: --origin {origin.id}=FOLDER"
        raise OriginError(
            f"the origin {origin.id!r} is a bucket, and buckets are not on this machine", hint=hint
        )
    if _WEBSITE.fullmatch(origin.domain.lower()):
        hint = f"serve its files and name the server: --origin {origin.id}=http://127.0.0.1:PORT"
        raise OriginError(
            f"the origin {origin.id!r} is a bucket's website endpoint, which is not on this machine",
            hint=hint,
        )


def _place(origin: Origin, place: str, listed: Container[str]) -> Place:
    if isinstance(origin, BucketOrigin):
        folder = Path(place)
        if not folder.is_dir():
            hint = (
                f"make it (mkdir -p {shlex.quote(place)}), or name the folder that holds the bucket's objects"
            )
            raise OriginError(f"the folder {folder} of the bucket {origin.id!r} does not exist", hint=hint)
        return Folder(folder, lists=origin.domain in listed)
    return _address(origin.id, place)


def _address(name: str, place: str) -> Address:
    try:
        url = urlsplit(place)
        scheme, host, port = url.scheme, url.hostname, url.port
    except ValueError:
        scheme, host, port = "", None, None
    if scheme not in ("http", "https") or not host:
        raise OriginError(
            f"the origin {name!r} needs a URL, not {place!r}", hint="such as http://127.0.0.1:8000"
        )
    tls = scheme == "https"
    return Address(host, port or (443 if tls else 80), tls, host)
