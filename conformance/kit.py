"""What a rule has in its hands: requests to the judged address with paths of its own, and what the origin saw of them.

Every rule gets a key that no other rule and no other run has, so that rules can run side by side on one cache.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from conformance.client import Answer, Client, Pairs
from conformance.rule import Failed, holds

# What a step may hold as it is; everything else is percent-encoded.
_PLAIN = "=:,;-._~*()!"


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as the origin got it."""

    origin: str
    method: str
    target: str
    version: str
    headers: Pairs
    body: bytes

    def header(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@dataclass(frozen=True)
class Kit:
    """The judged address as one rule sees it. `reports` reads what the origin saw; `run` is new with every run."""

    client: Client
    reports: Client
    run: str
    name: str

    def path(self, behavior: str, *steps: str, key: str = "") -> str:
        """`/BEHAVIOR/KEY/STEP/STEP`; the steps tell origin and functions what to do."""
        return "/".join(["", behavior, self.key(key), *(quote(step, safe=_PLAIN) for step in steps)])

    def key(self, suffix: str = "") -> str:
        return f"k.{self.run}.{self.name}{'.' if suffix else ''}{suffix}"

    def part(self, number: int) -> Kit:
        """The same for one of several members of a rule, with keys of its own."""
        return replace(self, name=f"{self.name}.{number}")

    def get(
        self,
        behavior: str,
        *steps: str,
        headers: Pairs | None = None,
        query: str = "",
        key: str = "",
        **how: Any,
    ) -> Answer:
        """GET a path of this rule. `how` is for `Client.request`."""
        return self.ask("GET", behavior, *steps, headers=headers, query=query, key=key, **how)

    def ask(
        self,
        method: str,
        behavior: str,
        *steps: str,
        headers: Pairs | None = None,
        query: str = "",
        key: str = "",
        body: bytes | None = None,
        **how: Any,
    ) -> Answer:
        target = self.path(behavior, *steps, key=key) + (f"?{query}" if query else "")
        return self.client.request(method, target, headers, body, **how)

    def seen(self, key: str = "") -> list[Seen]:
        """The requests that reached the origins under this rule's key, in their order."""
        return self.seen_of(self.key(key))

    def seen_of(self, key: str) -> list[Seen]:
        reported = self.reports.request("GET", f"/report/{key}")
        if reported.status != 200:
            raise Failed(
                "the origin's report at /report/ (is the kit's origin behind this address?)", str(reported)
            )
        return [_seen(item) for item in json.loads(reported.body)]

    def sent(self, behavior: str, *steps: str, method: str = "GET", **how: Any) -> Seen:
        """Send a request that must reach the origin, and tell what the origin got."""
        answer = self.ask(method, behavior, *steps, **how)
        seen = self.seen(str(how.get("key", "")))
        holds(bool(seen), "the request reaches the origin", answer)
        return seen[-1]

    def together(self, count: int, ask: Callable[[int], Answer]) -> list[Answer]:
        """So many requests at the same time."""
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(ask, range(count)))

    def pause(self, seconds: float) -> None:
        """Let the judged cache grow older."""
        time.sleep(seconds)


def _seen(item: dict[str, Any]) -> Seen:
    headers = [(name, value) for name, value in item["headers"]]
    return Seen(
        item["origin"],
        item["method"],
        item["target"],
        item["version"],
        headers,
        item["body"].encode("latin-1"),
    )


def event_in(answer: Answer) -> dict[str, Any]:
    """The `cf` part of the event that a function of the kit sent back, in the body or in the header `X-Event`."""
    packed = answer.header("X-Event")
    try:
        event = json.loads(base64.b64decode(packed)) if packed else json.loads(answer.body)
    except ValueError:
        event = None
    if not isinstance(event, dict) or "config" not in event:
        raise Failed("the event that the function saw", str(answer))
    return event
