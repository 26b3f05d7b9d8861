"""Releases that are begun, changed, taken back and begun again at random, while visitors come to several environments.

Nobody's version changes unless somebody has just moved sessions: by the kill switch, a rollback, an eviction, or the
end of the old version.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

import pytest

from edge.doubles import HandClock
from edge.rollout.site import Cloud, Site
from edgewise.rollout import Release, Step, StepError
from edgewise.rollout import transitions as may

REGIONS = ("eu-west-2", "us-east-1", "ap-southeast-2", "us-east-1")
VISITORS = 12
KNOWN = 16.0  # seconds after which every environment knows of a change
SHARES = (1, 40, 80)
DRAIN = 60  # seconds

Change = Callable[[Release, Random, int], Release]
STAY: dict[str, Change] = {
    "set": lambda one, random, now: may.weighed(one, random.choice((*SHARES, 100)), now, "", ""),
    "promote": lambda one, random, now: may.promoted(one, now, "", ""),
    "freeze": lambda one, random, now: may.frozen(one, now, "", ""),
    "resume": lambda one, random, now: may.resumed(one, now, "", ""),
    "keep": lambda one, random, now: may.rolled_back(one, now, "", "", keep_sessions=True),
    "drain": lambda one, random, now: may.finished(one, DRAIN * 1_000_000, now, "", ""),
}
MOVE: dict[str, Change] = {
    "evict": lambda one, random, now: may.weighed(one, random.choice(SHARES), now, "", "", evict=True),
    "rollback": lambda one, random, now: may.rolled_back(one, now, "", ""),
    "finish": lambda one, random, now: may.finished(one, 0, now, "", ""),
    "off": lambda one, random, now: may.switched(one, True, now, "", ""),
    "on": lambda one, random, now: may.switched(one, False, now, "", ""),
}


class Story:
    """`moved` is when sessions were moved, or will be; `met` what each visitor met last, and when."""

    def __init__(self, cloud: Cloud, clock: HandClock, seed: int) -> None:
        self.cloud, self.clock, self.random = cloud, clock, Random(seed)
        self.sites = [Site(clock, cloud.aws.url, region=region, logs=False) for region in REGIONS]
        self.release: Release | None = None
        self.moved: list[float] = []
        self.met: dict[int, tuple[str | None, float]] = {}
        self.cookies: dict[int, str] = {}
        cloud.release = None

    def change(self) -> None:
        """Something that may be done now, or nothing. Nothing is moved just after something else was."""
        is_quiet = all(self.clock.seconds > moved + KNOWN for moved in self.moved)
        name = self.random.choice([*8 * ["start"], *STAY, *(MOVE if is_quiet else ())])
        try:
            changed = self._changed(name, self.clock.now())
        except StepError:
            return
        revision = self.release.revision + 1 if self.release else 1
        self.release = replace(changed, revision=revision)
        if name == "start":
            self.release = replace(
                self.release, release=f"release-{revision}"
            )  # else it is another one each time
        self.cloud.release = json.loads(self.release.to_json())
        if name in MOVE:
            self.moved.append(self.clock.seconds)
        elif name == "drain":
            self.moved.append(self.clock.seconds + DRAIN)

    def visit(self) -> str | None:
        """One visit, now and then of somebody new; what is wrong with it."""
        number = self.random.randrange(VISITORS)
        if self.random.random() < 0.1:
            self.met.pop(number, None)
            self.cookies.pop(number, None)
        asked, self.cookies[number] = self.random.choice(self.sites).visit(
            cookie=self.cookies.get(number, ""), address=f"198.51.100.{number}"
        )
        before, at = self.met.get(number, (asked.version, 0.0))
        self.met[number] = asked.version, self.clock.seconds
        is_moved = any(at - KNOWN <= moved <= self.clock.seconds for moved in self.moved)
        return None if before == asked.version or is_moved else f"{before} to {asked.version}: {asked.reason}"

    def close(self) -> None:
        for site in self.sites:
            site.close()

    def _changed(self, name: str, now: int) -> Release:
        release = self.release
        if name == "start":
            if release is not None and release.off:
                raise StepError("it is switched off")
            versions = ("v1", "v2") if release is None else (release.stable, release.new)
            if release is not None and release.state == "done":
                versions = (release.new, release.stable)
            return may.started(release, versions, [Step(self.random.choice(SHARES), 1)], now, "", "")
        if release is None:
            raise StepError("there is none")
        return (STAY | MOVE)[name](release, self.random, now)


@pytest.fixture
def story(cloud: Cloud, clock: HandClock, seed: int) -> Iterator[Story]:
    story = Story(cloud, clock, seed)
    yield story
    story.close()


@pytest.mark.parametrize("seed", range(8))
def test_a_visitor_is_moved_by_nothing_but_what_moves_sessions(story: Story) -> None:
    for _ in range(300):
        story.clock.pass_time(story.random.choice((1, 2, 5, 20)))
        if story.random.random() < 0.4:
            story.change()
        for _ in range(6):
            assert story.visit() is None, story.release
