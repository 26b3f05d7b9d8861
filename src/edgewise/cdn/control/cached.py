"""What the caches of all edge locations hold, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from edgewise.cdn.cachekey import spelled
from edgewise.cdn.control.masking import Mask
from edgewise.cdn.event import text

if TYPE_CHECKING:
    from edgewise.cdn.local import LocalCdn


def objects(cdn: LocalCdn, now: float, mask: Mask) -> Iterator[dict[str, Any]]:
    """Each object of each location, the most recently used first. A time to live below zero has ended."""
    for name, location in cdn.locations.items():
        for entry in reversed(list(location.cache.entries())):
            yield {
                "location": name,
                "path": text(entry.path),
                "key": [
                    [part, mask.key_part(part, text(value))]
                    for part, value in spelled(entry.key, entry.policy)
                ],
                "status": entry.status,
                "age_seconds": round(now - entry.born, 3),
                "ttl_seconds": round(entry.expires - now, 3),
                "bytes": len(entry.body),
            }
