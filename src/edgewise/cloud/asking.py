"""Asks AWS one thing: what the other modules call it through, whatever the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from edgewise.cloud.clients import HOME_REGION, THROTTLED, told
from edgewise.cloud.errors import CloudError


class Aws(Protocol):
    """Gives the client of a service by its name in boto3, in a region, as `Clients` does."""

    def __call__(self, service: str, region: str = HOME_REGION) -> Any: ...


def called(place: str, call: Callable[[], Any]) -> Any:
    """What AWS answers. Raises `CloudError`, with AWS's own word as its `reason`."""
    with told(place):
        return call()


def pages(place: str, client: Any, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    """The pages of a list. Raises `CloudError`."""
    found = iter(client.get_paginator(operation).paginate(**arguments))
    while (page := called(place, lambda: next(found, None))) is not None:
        yield page


def is_throttled(error: CloudError) -> bool:
    """Whether AWS wants to be asked less often, which says nothing about what was asked."""
    return error.reason in THROTTLED


def account_of(aws: Aws) -> str:
    """The number of the account that is signed in to. Raises `CredentialsError`."""
    account: str = called("AWS", lambda: aws("sts").get_caller_identity())["Account"]
    return account
