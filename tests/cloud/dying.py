"""A process that is killed at one of its calls to AWS."""

from __future__ import annotations

from typing import Any

from cloud.workshop import Workshop


class Killed(BaseException):
    """The process is gone: nothing of it is caught, and no further call is made."""


class Mortal:
    """Clients of a process that dies at a call: before it is sent, or after it was answered."""

    def __init__(self, clients: Any, at: int, *, before: bool) -> None:
        self._clients = clients
        self._at = at
        self._before = before
        self.count = 0

    def __call__(self, service: str, *place: str) -> Any:
        return _Client(self._clients(service, *place), self)

    def during(self, call: Any) -> Any:
        self.count += 1
        if self.count > self._at or (self._before and self.count == self._at):
            raise Killed
        answer = call()
        if self.count == self._at:
            raise Killed
        return answer


class _Client:
    def __init__(self, client: Any, process: Mortal) -> None:
        self._client = client
        self._process = process

    def get_paginator(self, operation: str) -> Any:
        return _Paginator(self._client.get_paginator(operation), self._process)

    def __getattr__(self, operation: str) -> Any:
        call = getattr(self._client, operation)
        return lambda **given: self._process.during(lambda: call(**given))


class _Paginator:
    def __init__(self, paginator: Any, process: Mortal) -> None:
        self._paginator = paginator
        self._process = process

    def paginate(self, **given: Any) -> Any:
        pages = iter(self._paginator.paginate(**given))
        while (page := self._process.during(lambda: next(pages, None))) is not None:
            yield page


def die_at(workshop: Workshop, at: int, *, before: bool) -> bool:
    """Deploy in a process that dies at that call; whether it did."""
    alive = workshop.clients
    workshop.clients = Mortal(alive, at, before=before)
    try:
        workshop.deploy()
    except Killed:
        return True
    finally:
        workshop.clients = alive
    return False
