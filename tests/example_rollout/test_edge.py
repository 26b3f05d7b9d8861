"""The tea counter from many places: caches that keep versions apart, an AWS that dies, origins that die."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from support.site import eventually

from .conftest import Tea, child, running_tea
from .visitors import Page, Visitor, one_on_each

CITIES = ("FRA56-P2", "NRT57-P2", "IAD89-C1")
STYLE = "/assets/style.css"


@pytest.fixture(scope="module")
def released(tea: Tea) -> Tea:
    """With a release at 50 %."""
    tea.rollout("start", "--steps", "50:1h")
    return tea


def test_a_version_keeps_its_visitors_and_its_files_in_every_city(released: Tea) -> None:
    for visitor, version in zip(one_on_each(released.up), ("v1", "v2"), strict=True):
        own = (released.folder / version / "assets/style.css").read_text()
        visitor.cookies = {"_ga": "GA1.1", **visitor.cookies, "theme": "dark"}
        for city in CITIES:
            assert visitor.get(location=city).version == version
            first, second = visitor.get(STYLE, city), visitor.get(STYLE, city)
            assert (first.text, second.text) == (own, own)
            assert (first.cache, second.cache) == ("Miss", "Hit")


def test_when_aws_dies_everybody_is_served_and_nobody_moves(tmp_path: Path) -> None:
    with running_tea(tmp_path / "tea") as tea:
        tea.rollout("start", "--steps", "50:1h")
        without_aws(tea)


def without_aws(tea: Tea) -> None:
    ada, bo = one_on_each(tea.up)
    bo.put("oolong")
    os.kill(child(tea.up, "localaws"), signal.SIGKILL)
    state_is_old = time.monotonic() + 6  # more than ttl_seconds
    while time.monotonic() < state_is_old:
        pages = {"v1": ada.get(), "v2": bo.get()}
        assert [(page.status, page.version) for page in pages.values()] == [(200, "v1"), (200, "v2")]
    # A city that has never read the state or the key believes a cookie that names a version.
    there = bo.get(location=CITIES[1])
    assert (there.status, there.version, there.reason) == (200, "v2", "cookie-unverified")
    newcomer = Visitor(tea.up).get(location=CITIES[1])
    assert (newcomer.status, newcomer.version, newcomer.reason) == (200, "v1", "no-state")


@pytest.mark.parametrize("dead", ["v1", "v2"])
def test_an_origin_that_is_dead_is_not_noticed_on_the_other_version(released: Tea, dead: str) -> None:
    visitors = dict(zip(("v1", "v2"), one_on_each(released.up), strict=True))
    unlucky = visitors.pop(dead)
    (lucky,) = visitors.values()
    # `up` starts it again after a second.
    os.kill(child(released.up, "uvicorn", released.folder / dead), signal.SIGKILL)
    assert unlucky.get().status in (200, 502)
    assert [lucky.get().version for _ in range(5)] == list(visitors) * 5
    back: Page = eventually(lambda: page if (page := unlucky.get()).status == 200 else None, 60)
    assert back.version == dead
