"""Where the origins of a test are: what `origins=` gets wrong is said in the words of the test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edgewise.cdn.distribution import BucketOrigin, Distribution
from edgewise.cdn.origins.places import known_names, unknown_names, without_a_place
from edgewise.testing.errors import TestingError
from edgewise.testing.origin import FakeOrigin

__tracebackhide__ = True  # pytest shows the line of the test, not ours

Place = FakeOrigin | str | Path


def addresses(origins: Mapping[str, Place]) -> dict[str, str]:
    """Each place as the local CDN takes it: a URL or a folder."""
    return {
        name: place.url if isinstance(place, FakeOrigin) else str(place) for name, place in origins.items()
    }


def check_places(
    distribution: Distribution, given: Mapping[str, str], file: Path, *, every_one: bool
) -> None:
    """Raises `TestingError` for a name that is no origin, and for an origin without a place.

    Only buckets need one unless `every_one` does: servers can be asked at their real address.
    """
    for name in unknown_names(distribution, given):
        what = f"origins= names {name!r}, which is no origin here"
        raise TestingError(what, file=file, hint=known_names(distribution, name))
    for origin in without_a_place(distribution, given):
        is_bucket = isinstance(origin, BucketOrigin)
        if is_bucket or every_one:
            place = '"FOLDER"' if is_bucket else "FakeOrigin()"
            raise TestingError(
                f"the origin {origin.id!r} has no place in this test",
                file=file,
                hint=f'give it one: origins={{"{origin.id}": {place}}}',
            )
