"""Does the same thing in many regions at once; one that refuses is named, and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from edgewise.cloud.asking import called
from edgewise.cloud.clients import HOME_REGION
from edgewise.cloud.edgelogs import is_off
from edgewise.cloud.errors import CloudError

_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a region. `trouble` is empty if all went well, `is_off` says it is not enabled."""

    region: str
    trouble: str = ""
    is_off: bool = False


def everywhere(regions: Iterable[str], act: Callable[[str], None]) -> list[Kept]:
    """Call `act` for each region. Raises `CloudError` when every region refuses."""

    def in_region(region: str) -> CloudError | None:
        try:
            act(region)
        except CloudError as error:
            return error
        return None

    names = tuple(regions)
    with ThreadPoolExecutor(_AT_ONCE, "edgewise-regions") as threads:
        errors = dict(zip(names, threads.map(in_region, names), strict=True))
    failed = [error for error in errors.values() if error]
    if names and len(failed) == len(names):
        raise errors.get(HOME_REGION) or failed[0]
    return [_kept(region, error) for region, error in errors.items()]


def but_for(reason: str, place: str, call: Callable[[], Any]) -> None:
    """Call; that one refusal says that it is done already."""
    try:
        called(place, call)
    except CloudError as error:
        if error.reason != reason:
            raise


def _kept(region: str, error: CloudError | None) -> Kept:
    if error is None:
        return Kept(region)
    if is_off(error):
        return Kept(region, "not enabled in this account", is_off=True)
    return Kept(region, error.message)
