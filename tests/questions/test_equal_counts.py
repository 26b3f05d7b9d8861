"""The same traffic, counted three ways: records of functions, the imported log, files of finished views."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from benchmarks.page_views import Played, counts, generated, imported, logged, opened, told_apart

from edgewise.agents import Countries
from edgewise.questions import PAGE_VIEWS, REQUESTS
from edgewise.store.engine import Engine
from edgewise.store.home import prepare
from edgewise.store.search import Searcher
from edgewise.store.standard import standard_derivation
from questions.traffic import Row
from store.engines import put
from support.addresses import country, database
from support.shared import shared

# Of the networks that the generator's visitors are in, and of the real log's.
NETWORKS = {
    **{f"{first}.0.0.0/9": country("DE") for first in (5, 31, 46, 62, 77)},
    **{f"{first}.0.0.0/8": country("US") for first in (81, 91, 104, 83, 66)},
    "2a02::/20": country("AT"),
}
LINES = 3_000


class Counted:
    """The three ways' counts, and the log's truth where there is one."""

    def __init__(self, folder: Path, log: Path, host: str | None = None, people: int | None = None) -> None:
        addresses = folder / "networks.mmdb"
        addresses.write_bytes(database(NETWORKS))
        countries = Countries(addresses)
        imported(folder / "by-log", log, countries.country, host)
        countries.close()
        self.people = people
        played = Played(folder, addresses)
        with opened(folder / "by-log") as searcher:
            self.by_log = counts(searcher, REQUESTS)
            for row in logged(searcher):
                played.play(row)
        self.by_edge = self._of_records(folder / "by-edge", played.records.kept, addresses)
        views = folder / "views.json"
        # Twice, as what is delivered at least once may be.
        views.write_text("".join(f"{line}\n" for line in (*played.views.kept, *played.views.kept[::7])))
        imported(folder / "by-views", views, None)
        with opened(folder / "by-views") as searcher:
            self.by_views = counts(searcher, PAGE_VIEWS)

    def _of_records(self, folder: Path, records: list[Row], addresses: Path) -> dict[tuple[Any, ...], int]:
        engine = Engine(prepare(folder), derive=standard_derivation(addresses))
        try:
            for first in range(0, len(records), 5000):
                put(engine, *records[first : first + 5000], stream="edge")
            searcher = Searcher(engine)
            try:
                return counts(searcher, REQUESTS)
            finally:
                searcher.close()
        finally:
            engine.close()


@pytest.fixture(scope="module", params=["generated", "real"])
def counted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Counted:
    folder = tmp_path_factory.mktemp(str(request.param))
    if request.param == "real":
        return Counted(folder, shared("data/access-2015.log"), host="www.semicomplete.com")
    log, facts = generated(shared("tools/gen_cloudfront_v1.py"), folder, LINES)
    return Counted(folder, log, people=facts["pageviews"] - facts["bot_pageviews"])


def test_each_way_counts_the_same_page_views(counted: Counted) -> None:
    total = sum(counted.by_log.values())
    assert total > 500 and counted.people in (None, total)
    for name in ("page", "day", "device", "country", "referrer"):
        by_log = told_apart(counted.by_log, name)
        assert by_log == told_apart(counted.by_views, name) == told_apart(counted.by_edge, name), name
        assert len(by_log) > 1
    assert counted.by_log == counted.by_views == counted.by_edge
