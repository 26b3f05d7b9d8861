"""The look at a staged change that chance gives to a few: what shows that it was met, what is said otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cloud.edge_page import Site, answering
from edgewise.cloud.chance import meet, requests_for
from edgewise.cloud.errors import VerifyError

Record = Mapping[str, Any]
STAGED: Record = {"function_version": "14", "region": "eu-west-1"}


@pytest.fixture
def site() -> Iterator[Site]:
    with answering() as server:
        yield server


def look(site: Site, found: list[Record | None], *, percent: int = 5, recorded: bool = True) -> str:
    """What is said when each look for a record of the staged change finds that; after the last, nothing more."""
    left = iter(found)
    return meet(
        site.url,
        percent,
        lambda since: next(left, None),
        lambda request, since: {"request_id": request} if recorded else None,
        tell=lambda step, sentence: None,
        sleep=lambda seconds: None,
    )


@pytest.mark.parametrize(("percent", "requests"), [(15, 19), (5, 59), (2, 60), (1, 60)])
def test_as_many_ask_as_make_one_that_meets_it_all_but_certain(percent: int, requests: int) -> None:
    assert requests_for(percent) == requests


def test_a_record_of_the_staged_change_shows_that_it_was_met(site: Site) -> None:
    seen = look(site, [None, None, STAGED])

    assert seen == "a request met the staged change, recorded by version 14 in eu-west-1"
    assert len(set(site.asked)) == 15


def test_a_record_that_comes_late_is_waited_for(site: Site) -> None:
    assert "recorded by version 14" in look(site, [*[None] * 17, STAGED])
    assert len(site.asked) == 59


@pytest.mark.parametrize(("percent", "by_chance"), [(15, "5 of 100"), (5, "5 of 100"), (1, "55 of 100")])
def test_where_nobody_met_it_that_is_said_and_how_often_it_is_so_by_chance(
    site: Site, percent: int, by_chance: str
) -> None:
    seen = look(site, [], percent=percent)

    assert seen.startswith("it could not be shown that the staged change answers")
    assert f"Of {len(site.asked)} requests none meets {percent} % in {by_chance} cases" in seen


def test_answers_that_no_record_can_be_found_for_do_not_count(site: Site) -> None:
    site.nameless = 9

    assert "Of 10 requests none meets 15 % in 20 of 100 cases" in look(site, [], percent=15)


def test_requests_that_leave_no_record_at_all_are_no_matter_of_chance(site: Site) -> None:
    with pytest.raises(VerifyError, match="no record of the request id1== is in the logs"):
        look(site, [], recorded=False)


def test_a_function_that_fails_ends_it(site: Site) -> None:
    site.status, site.cache = 502, "LambdaValidationError from cloudfront"

    with pytest.raises(VerifyError, match="a function failed: 502, LambdaValidationError"):
        look(site, [])

    assert len(site.asked) == 1


def test_a_site_that_nobody_answers_for_is_named() -> None:
    told: list[str] = []

    with pytest.raises(VerifyError, match="the site does not answer"):
        meet(
            "http://127.0.0.1:9/",
            15,
            lambda since: None,
            lambda request, since: None,
            tell=lambda step, sentence: told.append(sentence),
            sleep=lambda seconds: None,
        )

    assert any("the site does not answer" in one for one in told)
