"""A shop's traffic of some days, made up and always the same: people, bots, a release, an hour of trouble.

Records are as the edge runtime and the local CDN make them, so that the store counts them as it counts real ones.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]

HOUR = 3_600_000_000
HOST = "www.lamp.example"
PAGES = {
    "/": 30, "/products": 18, "/products/lamp": 16, "/products/desk": 9, "/products/chair": 8, "/products/shelf": 5,
    "/blog/light-at-night": 7, "/blog/how-we-pack": 4, "/about": 3, "/account": 4, "/orders/new": 3, "/search": 5,
}  # fmt: skip
ASSETS = {
    "/assets/site.css": "text/css",
    "/assets/app.js": "text/javascript",
    "/assets/lamp.webp": "image/webp",
}
PROBES = ("/.env", "/wp-login.php", "/.git/config", "/phpmyadmin/")
REFERRERS = {
    "": 46, "https://www.google.com/": 24, "https://duckduckgo.com/": 7, "https://news.ycombinator.com/": 5,
    "https://www.reddit.com/r/lamps": 5, "https://t.co/x": 4, "https://www.bing.com/": 4,
}  # fmt: skip
CAMPAIGNS = {"": 88, "utm_source=newsletter&utm_medium=email&utm_campaign=autumn": 8, "utm_source=partner": 4}
# Country, edge location, its region, and how many milliseconds further away the origin is.
PLACES = {
    ("DE", "FRA56-P2", "eu-central-1", 4): 27, ("GB", "LHR61-P1", "eu-west-2", 12): 16,
    ("US", "IAD89-P1", "us-east-1", 90): 21, ("FR", "CDG52-P4", "eu-west-3", 9): 9,
    ("SE", "ARN53-P1", "eu-north-1", 22): 6, ("NL", "AMS58-P5", "eu-central-1", 7): 7,
    ("JP", "NRT57-P2", "ap-northeast-1", 230): 6, ("BR", "GRU3-P2", "sa-east-1", 190): 5,
    ("AU", "SYD62-P1", "ap-southeast-2", 270): 3,
}  # fmt: skip
PEOPLE = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
    "Safari/537.36": 26,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 "
    "Mobile/15E148 Safari/604.1": 22,
    "Mozilla/5.0 (Linux; Android 16; Pixel 10) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile "
    "Safari/537.36": 20,
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 "
    "Safari/605.1.15": 14,
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0": 9,
    "Mozilla/5.0 (iPad; CPU OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 "
    "Safari/604.1": 5,
}  # fmt: skip
BOTS = {
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": 9,
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)": 5,
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)": 6,
    "python-requests/2.32.3": 3, "curl/8.5.0": 2, "": 1,
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36": 2,
}  # fmt: skip
BY_HOUR = (2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 9, 8, 9, 9, 9, 8, 8, 9, 10, 10, 8, 6, 4)


@dataclass(frozen=True, slots=True)
class Visit:
    """Who comes, from where, when (microseconds), on which version of the shop."""

    start: int
    user_agent: str
    person: bool
    place: tuple[str, str, str, int]
    client_ip: str
    version: str


class Traffic:
    """The records of `visits` visits over `days` days that end at `end` (microseconds). `seed` makes it repeatable."""

    def __init__(self, end: int, days: float, visits: int, seed: int = 7) -> None:
        self._random = random.Random(seed)
        self._end = end
        self._start = end - round(days * 24 * HOUR)
        self._visits = visits
        self._environments: dict[tuple[str, str, str], list[int]] = {}

    def records(self) -> Iterator[tuple[str, Record]]:
        """Pairs of stream and record, in no order of time."""
        for visit in sorted((self._visit() for _ in range(self._visits)), key=lambda each: each.start):
            yield from self._walk(visit)

    def _visit(self) -> Visit:
        person = self._random.random() < 0.8
        start = self._start
        for _ in range(50):
            start = self._random.randrange(self._start, self._end)
            if self._random.random() < BY_HOUR[start // HOUR % 24] / 10:
                break
        # The new version began two days before the end, with one in ten, and has had half for the last day.
        share = 0 if start < self._end - 48 * HOUR else 0.1 if start < self._end - 24 * HOUR else 0.5
        return Visit(
            start,
            self._one(PEOPLE if person else BOTS),
            person,
            self._one(PLACES),
            f"203.0.113.{self._random.randrange(1, 255)}" if self._random.random() < 0.5
            else f"198.51.100.{self._random.randrange(1, 255)}",
            "2026.11.2" if self._random.random() < share else "2026.11.1",
        )  # fmt: skip

    def _walk(self, visit: Visit) -> Iterator[tuple[str, Record]]:
        at, referrer = visit.start, self._one(REFERRERS) if visit.person else ""
        query = self._one(CAMPAIGNS) if visit.person else ""
        probing = not visit.person and self._random.random() < 0.15
        for number in range(min(14, 1 + int(self._random.expovariate(0.45)))):
            path = self._random.choice(PROBES) if probing else self._one(PAGES)
            yield from self._request(visit, at, path, "text/html", referrer, query)
            if visit.person:
                referrer, query = f"https://{HOST}{path}", ""
                for name in ASSETS if number == 0 else ():
                    yield from self._request(visit, at + 90_000, name, ASSETS[name], referrer, "")
            at += round(self._random.expovariate(1 / 45) * 1e6) + 2_000_000
            if at >= self._end:
                return

    def _request(
        self, visit: Visit, at: int, path: str, kind: str, referrer: str, query: str
    ) -> Iterator[tuple[str, Record]]:
        at += self._random.randrange(900_000)
        request_id = hashlib.sha256(f"{self._random.random()}".encode()).hexdigest()[:52] + "=="
        status = self._status(visit, at, path)
        cached = status < 400 and (kind != "text/html" or path in ("/", "/products", "/about"))
        result = "Error" if status >= 400 else "Hit" if cached and self._random.random() < 0.88 else "Miss"
        duration = 3 + self._random.lognormvariate(1.2, 0.5)
        if result != "Hit":
            slow = 1.35 if visit.version == "2026.11.2" else 1
            duration += visit.place[3] + slow * self._random.lognormvariate(3.6, 0.45)
        common: Record = {
            "request_id": request_id, "distribution_id": "E1LAMPSHOP", "host": HOST, "method": "GET", "path": path,
            "client_ip": visit.client_ip, "user_agent": visit.user_agent,
        }  # fmt: skip
        common |= {"referrer": referrer} if referrer else {}
        common |= {"query": query} if query else {}
        size = 1_200 if status >= 400 else self._random.randrange(4_000, 60_000)
        yield "access", {
            **common, "_timestamp": at, "record_id": f"{request_id}-access", "schema": "access/1", "protocol": "https",
            "status": status, "bytes_sent": size, "bytes_received": 420, "duration_ms": round(duration, 1),
            "first_byte_ms": round(duration * 0.8, 1), "content_type": kind, "result": result,
            "edge_location": visit.place[1], "behavior": "/assets/*" if kind != "text/html" else "*", "origin": "shop",
        }  # fmt: skip
        yield "edge", self._run(visit, at + 400, "viewer-request", common)
        if result != "Hit":
            later = at + round(duration * 800)
            answered = {"status": status, "content_type": kind}
            failed = {"failure": "TimeoutError: stock took too long"} if status == 502 else {}
            yield "edge", self._run(visit, later, "origin-response", {**common, **answered, **failed})

    def _run(self, visit: Visit, at: int, trigger: str, common: Record) -> Record:
        """A function's record; its environment lives for some hours, and counts as it goes."""
        place = visit.place[2]
        environment = self._environments.get((place, trigger, visit.version))
        cold = environment is None or at - environment[0] > self._random.randrange(2, 9) * HOUR
        if environment is None or cold:
            environment = self._environments[place, trigger, visit.version] = [
                at,
                0,
                self._random.randrange(1 << 48),
                0,
            ]
        environment[1] += 1
        dropped = 1 if self._troubled(at) and self._random.random() < 0.05 else 0
        environment[3] += dropped
        return {
            **common, "_timestamp": at, "record_id": f"{common['request_id']}-{trigger}", "trigger": trigger,
            "schema": "edge/1", "country": visit.place[0], "region": place, "version": visit.version,
            "function_version": "12" if visit.version == "2026.11.2" else "11", "cold": cold,
            "duration_ms": round(self._random.lognormvariate(-0.4, 0.35) + (3 if cold else 0), 2),
            "environment_id": f"{environment[2]:012x}", "environment_age_ms": max(0, at - environment[0]) // 1000,
            "invocation": environment[1], "sent": environment[1] - 1 - environment[3], "dropped": environment[3],
            "retried": environment[3] * 2, "failed_steps": 0, "memory_hits": environment[1] - environment[1] // 12,
            "memory_misses": environment[1] // 12 + 1, "batch_age_ms": self._random.randrange(50, 900),
            "waited_ms": round(self._random.uniform(0.05, 0.4), 2),
        }  # fmt: skip

    def _status(self, visit: Visit, at: int, path: str) -> int:
        chance = self._random.random()
        if path in PROBES:
            return 404 if chance < 0.8 else 403
        if self._troubled(at) and path.startswith(("/orders", "/products/")) and chance < 0.5:
            return 502
        if chance < (0.012 if visit.version == "2026.11.2" else 0.003):
            return 500
        if chance < 0.03:
            return 404
        if path == "/account" and chance < 0.5:
            return 302
        return 304 if visit.person and chance > 0.94 else 200

    def _troubled(self, at: int) -> bool:
        """From five in the afternoon on, an hour and a half in which the shop's stock did not answer."""
        begin = self._end - self._end % (24 * HOUR) + 17 * HOUR
        begin -= 24 * HOUR if begin + 2 * HOUR > self._end else 0
        return begin <= at < begin + 1.5 * HOUR

    def _one(self, weights: dict[Any, int]) -> Any:
        return self._random.choices(list(weights), list(weights.values()))[0]
