"""A process that is killed at one of its calls to AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cloud.workshop import Workshop


class Killed(BaseException):
    """The process is gone: nothing of it is caught, and no further call is made."""


class Mortal:
    """Clients of a process that dies at a call: before it is sent, or after it was answered.

    A call is told as `execute_change_set tea`, `put_object lock.json`: the operation, and what it is for. It dies at
    the first one that begins so, or at none. `told` has all that were made.
    """

    def __init__(self, clients: Any, at: str | None, *, before: bool) -> None:
        self._clients = clients
        self._at = at
        self._before = before
        self._dead = False
        self.told: list[str] = []

    def __call__(self, service: str, *place: str) -> Any:
        return _Client(self._clients(service, *place), self)

    def during(self, operation: str, given: dict[str, Any], call: Any) -> Any:
        told = f"{operation} {_subject(given)}"
        self.told.append(told)
        if self._dead or (self._at is not None and told.startswith(self._at)):
            was_dead, self._dead = self._dead, True
            if not (was_dead or self._before):
                call()
            raise Killed
        return call()


def _subject(given: dict[str, Any]) -> str:
    """What a call is for: an object, or a stack by its name or that in an id."""
    stack = str(given.get("StackName", ""))
    return str(given.get("Key", "")) or (stack.split("/")[1] if stack.startswith("arn:") else stack)


class _Client:
    def __init__(self, client: Any, process: Mortal) -> None:
        self._client = client
        self._process = process

    def get_paginator(self, operation: str) -> Any:
        return _Paginator(self._client.get_paginator(operation), self._process, operation)

    def __getattr__(self, operation: str) -> Any:
        call = getattr(self._client, operation)
        return lambda **given: self._process.during(operation, given, lambda: call(**given))


class _Paginator:
    def __init__(self, paginator: Any, process: Mortal, operation: str) -> None:
        self._paginator = paginator
        self._process = process
        self._operation = operation

    def paginate(self, **given: Any) -> Any:
        pages = iter(self._paginator.paginate(**given))
        while (page := self._process.during(self._operation, given, lambda: next(pages, None))) is not None:
            yield page


def die(workshop: Workshop, act: Callable[[], object], at: str, *, before: bool) -> None:
    """Act in a process that dies at the first such call; the next one is alive."""
    alive = workshop.clients
    workshop.clients = Mortal(alive, at, before=before)
    try:
        with pytest.raises(Killed):
            act()
    finally:
        workshop.clients = alive
