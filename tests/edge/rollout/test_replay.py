"""Fifty thousand visitors through the real code, in thirteen regions, while the weight goes up and down."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from edge.doubles import HandClock
from edge.rollout.site import Asked, Cloud, Site, document

REGIONS = (
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "sa-east-1",
    "eu-west-1",
    "eu-west-2",
    "eu-central-1",
    "af-south-1",
    "ap-south-1",
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "me-central-1",
)
OTHERS = (
    "_ga=GA1.2.1.2",
    "_gid=GA1.2.3",
    "csrftoken=a=b=c",
    "edgewise-released=v2",
    "lang=de",
    "session=" + "a" * 43,
    "theme=dark",
    'quoted="x y"',
    "x-edgewise-release=v2",
    "empty=",
)
AGENTS = [
    f"Mozilla/5.0 (Windows NT 10.0; rv:{number}.0) Gecko/20100101 Firefox/{number}.0" for number in range(40)
]
PAGE = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
VISITORS = 50_000
LATER = (30, 60, 25, 5, 0)  # per cent, one after the other
NEWCOMERS = 2_000  # in each
MEANWHILE = 500  # while it becomes known


class Replay:
    """Visitors who come to any of the regions; `seen` is which versions each has met."""

    def __init__(self, cloud: Cloud, clock: HandClock) -> None:
        self.cloud = cloud
        self.clock = clock
        self.random = Random(6)
        self.sites = [Site(clock, cloud.aws.url, region=region, logs=False) for region in REGIONS]
        self.seen: list[set[str | None]] = []
        self.cookies: list[str] = []
        self._revision = 0

    def set_weight(self, weight: float) -> None:
        """Some environments know of it sooner than others; meanwhile visitors come."""
        self._revision += 1
        self.cloud.release = document(self.clock, weight=weight, revision=self._revision)
        self.clock.pass_time(14.2)
        self.come(MEANWHILE, at_once=False)
        self.clock.pass_time(2)

    def come(self, count: int, *, at_once: bool = True) -> float:
        """New visitors, each with a page and a file of it; the per cent that met the new version.

        The file is asked for at once, without a cookie, or as browsers do when the page is there; of every third page
        the browser has a copy from before, which is answered with 304.
        """
        first = len(self.seen)
        for number in range(first, first + count):
            visitor = self._visitor(number)
            status = 200 if number % 3 else 304
            asked, cookie = self._site().visit(headers=PAGE, status=status, **visitor)
            asset = self._site().ask("/app.js", cookie="" if at_once else cookie, **visitor)
            self.seen.append({asked.version, asset.version})
            self.cookies.append(cookie.partition("=")[2])
        return 100 * sum("v2" in versions for versions in self.seen[first:]) / count

    def come_back(self, number: int) -> Asked:
        """From another address, with ten cookies and ours in any order."""
        cookies = [*OTHERS, f"edgewise-release={self.cookies[number]}"]
        self.random.shuffle(cookies)
        address = f"192.0.2.{self.random.randrange(256)}"
        asked = self._site().ask("/basket", cookie="; ".join(cookies), address=address)
        self.seen[number].add(asked.version)
        return asked

    def close(self) -> None:
        for site in self.sites:
            site.close()

    def _site(self) -> Site:
        return self.random.choice(self.sites)

    def _visitor(self, number: int) -> dict[str, str]:
        address = (
            f"100.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            if number % 3
            else f"2001:db8:{number:x}::1"
        )
        return {"address": address, "agent": AGENTS[number % len(AGENTS)]}


@pytest.fixture
def replay(cloud: Cloud, clock: HandClock) -> Iterator[Replay]:
    replay = Replay(cloud, clock)
    yield replay
    replay.close()


def test_nobody_sees_both_versions_and_the_share_is_the_weight(replay: Replay) -> None:
    replay.set_weight(10)
    began = len(replay.seen)
    assert abs(replay.come(VISITORS) - 10) <= 0.5
    everybody = [*range(began, len(replay.seen))]
    replay.random.shuffle(everybody)
    part = VISITORS // len(LATER)
    for turn, weight in enumerate(LATER):
        replay.set_weight(weight)
        for number in everybody[turn * part : (turn + 1) * part]:
            assert replay.come_back(number).reason == "cookie"
        assert abs(replay.come(NEWCOMERS) - weight) <= 4
    assert all(len(versions) == 1 for versions in replay.seen)
    assert len(replay.cloud.asked) <= 3 * len(REGIONS) * (len(LATER) + 1), (
        "what is known is not asked for again"
    )
