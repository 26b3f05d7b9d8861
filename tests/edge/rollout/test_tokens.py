"""Cookies and links: what we have signed is taken, whatever else is nobody's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.rollout.site import KEY, RELEASE
from edgewise.edge.errors import SettingsError
from edgewise.edge.rollout.tokens import (
    Signer,
    make_session_cookie,
    make_tester_cookie,
    read_cookie,
    read_link,
)

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "rollout-links.json").read_text())["vectors"]
SIGNER = Signer([KEY])
DAY = 86_400
NOW = 1_800_000_000
COOKIE = make_session_cookie(SIGNER, RELEASE, "v2", NOW, NOW + 60)
_NAMES = st.text("abcXYZ019_-", min_size=1, max_size=64)
_TIMES = st.integers(0, 36**8 - 1)


@pytest.mark.parametrize("vector", GOLDEN, ids=lambda vector: vector["token"])
def test_a_link_is_read_as_everybody_makes_it(vector: dict[str, str]) -> None:
    expected = (vector["version"], vector["expires"])
    assert read_link(vector["token"], Signer([vector["key"]])) == expected
    assert read_link(vector["token"], Signer(["another key, just as long"])) is None


@given(_NAMES, _NAMES, _TIMES, _TIMES)
def test_a_session_comes_back_as_it_was_written(release: str, version: str, issued: int, now: int) -> None:
    claim = read_cookie(make_session_cookie(SIGNER, release, version, issued, now), SIGNER, DAY)
    assert claim is not None
    assert (claim.release, claim.version, claim.issued, claim.renewed) == (release, version, issued, now)
    assert (claim.expires, claim.verified, claim.is_tester) == (now + DAY, True, False)


@given(_NAMES, _TIMES, _TIMES)
def test_a_tester_comes_back_as_well(version: str, now: int, expires: int) -> None:
    claim = read_cookie(make_tester_cookie(SIGNER, version, now, expires), SIGNER, DAY)
    assert claim is not None
    assert (claim.version, claim.expires, claim.is_tester) == (version, expires, True)


@given(st.integers(0, len(COOKIE) - 1), st.characters(min_codepoint=32, max_codepoint=126))
def test_a_cookie_with_one_other_character_is_nobodys(place: int, character: str) -> None:
    changed = COOKIE[:place] + character + COOKIE[place + 1 :]
    assert (read_cookie(changed, SIGNER, DAY) is not None) == (changed == COOKIE)


@given(
    st.one_of(
        st.text(max_size=600),
        st.lists(st.text(max_size=9), min_size=7, max_size=7).map(".".join),
        st.tuples(_NAMES, _NAMES, st.sampled_from("st"), st.text(max_size=9), st.text(max_size=9)).map(
            lambda parts: ".".join(("1", *parts, "0" * 32))
        ),
    ),
    st.sampled_from([SIGNER, None]),
)
def test_whatever_a_visitor_sends_is_no_error(value: str, signer: Signer | None) -> None:
    claim = read_cookie(value, signer, DAY)
    assert claim is None or (signer is None and not claim.verified and not claim.is_tester)
    assert read_link(value, SIGNER) is None


def test_a_cookie_is_no_link_and_a_link_no_cookie() -> None:
    assert read_link(SIGNER.sign("session", "1.v2.z"), SIGNER) is None
    text = COOKIE.rpartition(".")[0]
    assert read_cookie(SIGNER.sign("link", text), SIGNER, DAY) is None


def test_a_cookie_longer_than_any_of_ours_is_not_looked_at() -> None:
    assert read_cookie(make_session_cookie(SIGNER, "r" * 500, "v2", NOW, NOW), SIGNER, DAY) is None


def test_while_keys_are_rotated_both_are_taken_and_the_first_signs() -> None:
    both = Signer(["the next key of the rollout", KEY])
    assert read_cookie(COOKIE, both, DAY) is not None
    renewed = make_session_cookie(both, RELEASE, "v2", NOW, NOW)
    assert read_cookie(renewed, Signer(["the next key of the rollout"]), DAY) is not None
    assert read_cookie(renewed, SIGNER, DAY) is None


def test_without_a_key_a_claim_is_only_a_claim() -> None:
    claim = read_cookie(COOKIE[:-1] + "x", None, DAY)
    assert claim is not None
    assert (claim.version, claim.verified) == ("v2", False)


def test_a_key_that_can_be_guessed_is_refused_without_telling_it() -> None:
    with pytest.raises(SettingsError, match="fewer than 16 characters") as caught:
        Signer([KEY, "short"])
    assert "short" not in str(caught.value)


def test_shares_are_spread_evenly_and_those_of_two_releases_have_nothing_in_common() -> None:
    visitors = [f"198.51.{number // 256}.{number % 256}" for number in range(20_000)]
    first = [SIGNER.share("r1", address, "agent") for address in visitors]
    again = [SIGNER.share("r2", address, "agent") for address in visitors]
    assert all(0 <= share < 100 for share in first)
    for weight in (1, 10, 50):
        assert abs(sum(share < weight for share in first) / 200 - weight) < 1.2
    both = sum(one < 10 and other < 10 for one, other in zip(first, again, strict=True))
    assert abs(both / 200 - 1) < 0.5
    assert first[0] == SIGNER.share("r1", visitors[0], "agent")
    assert first[0] != Signer(["the next key of the rollout"]).share("r1", visitors[0], "agent")
