"""Invalidations: which paths may be given, which objects they mean, and the list of those that were made.

Source: Developer Guide, "Invalidate files to remove content" (what you need to know when invalidating files), and its
quotas; CloudFront API Reference, CreateInvalidation. On this machine one is done at once.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from edgewise.cdn.control.errors import ControlError

MAX_PATHS = 3_000
# Those with a wildcard that may be in progress at a time; here that can only be those of one batch.
MAX_WILDCARDS = 15
MAX_PATH_CHARACTERS = 4_000
_KEPT = 100
# What an identifier of CloudFront's is made of.
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class InvalidationError(ControlError):
    """An invalidation that CloudFront would refuse. `kind` is the error's name in CloudFront's API."""

    def __init__(self, kind: str, message: str, *, status: int = 400, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.status = status


class Invalidated(Protocol):
    """A cache, as far as this module knows one."""

    def invalidate(self, matches: Callable[[str], bool]) -> int: ...


@dataclass(frozen=True, slots=True)
class Invalidation:
    """One that was made; `created` is in seconds since the epoch, `removed` counts objects at all locations."""

    id: str
    caller_reference: str
    paths: tuple[str, ...]
    created: float
    removed: int


def check(paths: Sequence[str]) -> None:
    """Raises `InvalidationError` for what CloudFront would not take."""
    if not paths:
        raise InvalidationError("InvalidArgument", "an invalidation needs at least one path")
    if len(paths) > MAX_PATHS:
        raise InvalidationError(
            "BatchTooLarge", f"{len(paths):,} paths: {MAX_PATHS:,} may be in one invalidation", status=413
        )
    for path in paths:
        _check_path(path)
    wildcards = sum(path.endswith("*") for path in paths)
    if wildcards > MAX_WILDCARDS:
        raise InvalidationError(
            "TooManyInvalidationsInProgress",
            f"{wildcards} paths end with *: {MAX_WILDCARDS} of them may be in progress at a time",
        )


def _check_path(path: str) -> None:
    if not path.startswith("/"):
        raise InvalidationError(
            "InvalidArgument",
            f"the path {path[:200]!r} does not begin with a slash",
            hint=f"write /{path[:200]}",
        )
    if len(path) > MAX_PATH_CHARACTERS:
        raise InvalidationError(
            "InvalidArgument", f"a path has {len(path):,} characters: {MAX_PATH_CHARACTERS:,} are allowed"
        )
    # The guide says that a wildcard stands at the end only, not what CloudFront does with another: refused here.
    if "*" in path[:-1]:
        raise InvalidationError(
            "InvalidArgument",
            f"in {path[:200]!r} a * stands before the end",
            hint="cut the path at the first *",
        )
    if not path.isascii() or not path.isprintable() or " " in path:
        raise InvalidationError(
            "InvalidArgument",
            f"the path {path[:200]!r} has characters that must be percent-encoded",
            hint=f"write {quote(path[:200], safe='/*?&=%;:@!$,+()~')}",
        )


def matcher(paths: Iterable[str], default_root_object: str = "") -> Callable[[str], bool]:
    """Whether an object's path, with as much of its query string as is in its key, is meant by one of the paths.

    Case matters; cookies and headers do not: every variant goes. `/` also means the default root object, since that
    is what is stored for it; whether CloudFront does the same is not documented.
    """
    exact = {path for path in paths if not path.endswith("*")}
    beginnings = tuple(path[:-1] for path in paths if path.endswith("*"))
    if "/" in exact and default_root_object:
        exact.add(f"/{default_root_object}")
    return lambda path: path in exact or path.startswith(beginnings)


class Invalidations:
    """Makes invalidations at all edge locations, and keeps the last hundred for those who ask."""

    def __init__(
        self,
        caches: Callable[[], Iterable[Invalidated]],
        default_root_object: str,
        clock: Callable[[], float],
    ) -> None:
        self._caches = caches
        self._root = default_root_object
        self._clock = clock
        self._made: OrderedDict[str, Invalidation] = OrderedDict()

    def create(self, paths: Sequence[str], caller_reference: str = "") -> Invalidation:
        """Remove what the paths mean. The same reference again gives the same invalidation, as CloudFront does.

        Raises `InvalidationError`.
        """
        check(paths)
        for earlier in self._made.values():
            if caller_reference and earlier.caller_reference == caller_reference:
                if earlier.paths == tuple(paths):
                    return earlier
                raise InvalidationError(
                    "InvalidArgument",
                    f"the caller reference {caller_reference[:200]!r} was used for other paths",
                    hint="give each invalidation a reference of its own",
                )
        matches = matcher(paths, self._root)
        identifier = "I" + "".join(secrets.choice(_LETTERS) for _ in range(13))
        made = Invalidation(
            identifier,
            caller_reference or identifier,
            tuple(paths),
            self._clock(),
            sum(cache.invalidate(matches) for cache in self._caches()),
        )
        self._made[made.id] = made
        if len(self._made) > _KEPT:
            self._made.popitem(last=False)
        return made

    def find(self, identifier: str) -> Invalidation | None:
        return self._made.get(identifier)

    def latest_first(self) -> list[Invalidation]:
        return list(reversed(self._made.values()))
