"""Made-up visitors of the walking guide: people of several countries with their devices, and bots."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

HOST = "d111111abcdef8.cloudfront.net"  # the name of every distribution on this machine
# The invented networks of `networks.mmdb`: the second number of an address says the country.
CODES = ("DE", "FR", "GB", "NL", "US", "CA", "BR", "IN", "JP", "AU", "ZA", "IT")
NETWORKS = {code: number for number, code in enumerate(CODES, 1)}
AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 "
    "Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (iPad; CPU OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Mobile/15E148 "
    "Safari/604.1",
    "Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/7.0 "
    "Chrome/108.0.5359.1 TV Safari/537.36",
]
BOTS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "curl/8.5.0",
]
# A folder's page by each of its names: one page in every answer below.
PAGES = [
    "/",
    "/paths/",
    "/paths",
    "/paths/ridge/",
    "/paths/ridge/index.html",
    "/paths/river.html",
    "/paths/woods.html",
    "/places/",
    "/places/hut.html",
    "/places/mill.html",
    "/about/",
]
SOURCES = [
    "",
    "",
    "https://www.google.com/",
    "https://duckduckgo.com/",
    "https://hills.example/links?from=walks",
]
CAMPAIGN = "?utm_source=newsletter&utm_medium=email&utm_campaign=Autumn+walks"
LANGUAGES = ["de-AT,de;q=0.9", "en-GB,en;q=0.8", "fr", "ja-JP,ja;q=0.7"]


class Request(NamedTuple):
    """What a browser or a bot sends; the address and the country are what CloudFront would know of it."""

    method: str
    target: str
    headers: dict[str, str]


def visits(people: int, seed: int = 7) -> Iterator[Request]:
    """People with their pages, the files that belong to them, bots, and what is no page view at all."""
    chance = random.Random(seed)
    for number in range(people):
        country, network = chance.choice(list(NETWORKS.items()))
        who = {
            "Host": HOST,
            "User-Agent": chance.choice(AGENTS),
            "Accept-Language": chance.choice(LANGUAGES),
            "Edgewise-Viewer-Address": f"44.{network}.{number % 256}.{chance.randrange(1, 255)}:50000",
            "Edgewise-Viewer-Country": country,
        }
        before = chance.choice(SOURCES)
        for step in range(chance.randrange(1, 6)):
            path = chance.choice(PAGES)
            query = CAMPAIGN if step == 0 and number % 8 == 0 else ""
            yield Request("GET", path + query, who | ({"Referer": before} if before else {}))
            yield Request("GET", "/style.css", who)
            before = f"http://{HOST}{path}"
        if number % 10 == 0:
            yield Request("HEAD", "/", who)
            yield Request("GET", "/paths/sea.html", who)
        if number % 40 == 20:
            yield from crawl()


def crawl() -> Iterator[Request]:
    """What bots and tools ask for."""
    for agent in BOTS:
        for path in ("/robots.txt", "/", "/paths/", "/places/"):
            where = {"Edgewise-Viewer-Address": "44.5.0.1:50000", "Edgewise-Viewer-Country": "US"}
            yield Request("GET", path, {"Host": HOST, "User-Agent": agent, **where})
