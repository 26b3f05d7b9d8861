"""The almanac, as `edgewise up` runs it: the function behind the balancer sees that the edge remembers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.site import Up, eventually, running

EXAMPLE = Path(__file__).parents[2] / "examples/memory"


@pytest.fixture(scope="module")
def almanac(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("site") / "almanac"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".edgewise", "__pycache__"))
    with running(folder=folder) as up:
        yield up


def page(up: Up) -> tuple[str, dict[str, str]]:
    """The id of a request for the page, and what the page says."""
    status, headers, body = up.request("/")
    assert status == 200
    assert headers["X-Cache"] == "Miss from cloudfront", "nothing of this comes from a cache"
    return headers["X-Amz-Cf-Id"], dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", body.decode()))


def test_the_origin_is_told_the_same_again_and_answers_anew(almanac: Up) -> None:
    (first_id, first), (second_id, second) = page(almanac), page(almanac)
    remembered = ("The environment at the edge began", "It read the almanac", "Today&#x27;s saying")
    assert [second[one] for one in remembered] == [first[one] for one in remembered]
    assert first["The environment at the edge began"] <= first["It read the almanac"]
    assert second["This function answered"] > first["This function answered"]

    # The records say the same: once read, then answered from memory.
    ids = [first_id, second_id]
    rows = eventually(lambda: len(found := answered(almanac, ids)) == len(ids) and found)
    counts = [(rows[one]["memory_hits"], rows[one]["memory_misses"]) for one in ids]
    assert counts == [(0, 1), (1, 1)]


def answered(up: Up, ids: list[str]) -> dict[str, dict[str, object]]:
    """The records that the functions made of the origin's answers, by request."""
    rows = up.rows("SELECT * FROM edge WHERE status IS NOT NULL")
    return {str(row["request_id"]): row for row in rows if row["request_id"] in ids}
