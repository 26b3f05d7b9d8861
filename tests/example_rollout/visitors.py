"""Somebody who visits the tea counter with a cookie jar, from an address of his own, by way of any edge location."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from support.site import Up, eventually

_numbers = count(1)


@dataclass
class Page:
    """What came back."""

    status: int
    headers: Any
    text: str

    def shown(self, what: str) -> str | None:
        found = re.search(rf'id="{what}">([\w-]+)<', self.text)
        return found and found[1]

    @property
    def version(self) -> str | None:
        return self.shown("version")

    @property
    def reason(self) -> str | None:
        return self.shown("decision")

    @property
    def cache(self) -> str:
        return str(self.headers["X-Cache"]).removesuffix(" from cloudfront")


@dataclass
class Visitor:
    up: Up
    number: int = field(default_factory=lambda: next(_numbers))
    cookies: dict[str, str] = field(default_factory=dict)
    agent: str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

    def get(self, path: str = "/", location: str | None = None) -> Page:
        return self._ask("GET", path, None, location)

    def put(self, tea: str) -> Page:
        return self._ask("POST", "/basket", f"tea={tea}".encode(), None)

    def _ask(self, method: str, path: str, body: bytes | None, location: str | None) -> Page:
        headers = {
            "User-Agent": self.agent,
            "Edgewise-Viewer-Address": f"198.51.{self.number // 250}.{self.number % 250}:4000",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded" if body else "",
            "Edgewise-Location": location or "",
        }
        asked = {name: value for name, value in headers.items() if value}
        status, answered, content = self.up.request(path, method, body=body, headers=asked)
        for line in answered.get_all("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Page(status, answered, content.decode())


def one_on_each(up: Up) -> tuple[Visitor, Visitor]:
    """New visitors, one on version 1 and one on version 2, once the edge knows of the release."""
    found: dict[str | None, Visitor] = {}

    def both() -> bool:
        visitor = Visitor(up)
        page = visitor.get()
        assert page.status == 200
        if page.reason == "weight":
            found.setdefault(page.version, visitor)
        return len(found) == 2

    eventually(both, 60)
    return found["v1"], found["v2"]
