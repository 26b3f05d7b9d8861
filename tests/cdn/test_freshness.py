"""How long a response is kept, and what the cache holds: decisions without a network."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn import conditional
from edgewise.cdn.cache import Cache, Entry
from edgewise.cdn.freshness import Lifetime, cache_control, lifetime
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.policies import CachePolicy

NOW = 1_800_000_000.0


def response(status: int = 200, **headers: str) -> Response:
    return Response(status, Headers([(name.replace("_", "-"), value) for name, value in headers.items()]))


CLAMPED = CachePolicy(min_ttl=10, default_ttl=100, max_ttl=1000)
FREE = CachePolicy(min_ttl=0, default_ttl=100, max_ttl=1000)


@pytest.mark.parametrize(
    ("answer", "policy", "seconds"),
    [
        (response(), FREE, 100),
        (response(cache_control="max-age=50"), FREE, 50),
        (response(cache_control="max-age=5000"), FREE, 1000),
        (response(cache_control="max-age=50, s-maxage=60"), FREE, 60),
        (response(expires="Fri, 15 Jan 2027 08:00:20 GMT"), FREE, 20),
        (response(cache_control="max-age=5", expires="Fri, 15 Jan 2027 08:00:20 GMT"), FREE, 5),
        (response(expires="0"), FREE, 0),
        (response(cache_control="max-age=²"), FREE, 100),
        (response(cache_control="no-store"), FREE, 0),
        (response(cache_control="no-store"), CLAMPED, 10),
        (response(cache_control="private, max-age=500"), CLAMPED, 10),
        (response(cache_control="max-age=1"), CLAMPED, 10),
        (response(), CachePolicy(min_ttl=200, default_ttl=100, max_ttl=1000), 200),
        (response(), CachePolicy(), 0),
        (response(404), FREE, 10),
        (response(404, cache_control="max-age=60"), FREE, 60),
        (response(404, cache_control="no-store"), FREE, 0),
        (response(500, cache_control="no-store"), FREE, 10),
        (response(403), FREE, 0),
        (response(403, cache_control="max-age=60"), FREE, 60),
        (response(503), FREE, 10),
        (response(418), FREE, 0),
        (response(302), FREE, 100),
        (response(307), FREE, 0),
        (response(404, expires="Fri, 15 Jan 2027 09:00:00 GMT"), FREE, 10),
        (response(403, expires="Fri, 15 Jan 2027 09:00:00 GMT"), FREE, 0),
        (response(301), FREE, 100),
        (response(307, cache_control="max-age=60"), FREE, 60),
        (response(206), FREE, 100),
        (response(304, cache_control="max-age=60"), FREE, 0),
    ],
)
def test_how_long_a_response_is_kept(answer: Response, policy: CachePolicy, seconds: float) -> None:
    assert lifetime(answer, policy, NOW, 10.0).ttl == seconds


@pytest.mark.parametrize(
    ("answer", "policy", "stored", "reason"),
    [
        (response(cache_control="no-store"), FREE, False, "Cache-Control: no-store"),
        (response(cache_control="no-store"), CLAMPED, True, "in spite of Cache-Control: no-store"),
        (response(cache_control="max-age=0", ETag='"v1"'), FREE, True, "max-age=0"),
        (response(cache_control="max-age=0"), FREE, False, "max-age=0"),
        (response(307), FREE, False, "307"),
        (response(418), FREE, False, "418"),
        (response(304), FREE, False, "condition"),
        (response(vary="*"), FREE, False, "Vary"),
        (response(cache_control="max-age=5000"), FREE, True, "within 0 to 1000"),
        (response(404), FREE, True, "minimum for errors"),
        (response(404, cache_control="max-age=60"), FREE, True, "max-age=60"),
    ],
)
def test_the_reason_says_what_decided(
    answer: Response, policy: CachePolicy, stored: bool, reason: str
) -> None:
    life = lifetime(answer, policy, NOW, 10.0)
    assert life.stored is stored and reason in life.reason


def test_stale_answers_are_bounded_by_the_maximum() -> None:
    life = lifetime(
        response(cache_control="max-age=1, stale-while-revalidate=20, stale-if-error=5000"), FREE, NOW, 10.0
    )
    assert (life.stale_while_revalidate, life.stale_if_error) == (20, 1000)
    assert lifetime(response(), FREE, NOW, 10.0).stale_if_error is None
    for policy, more in ((FREE, ""), (CLAMPED, ", no-store")):
        assert (
            lifetime(response(cache_control=f"stale-if-error=0{more}"), policy, NOW, 10.0).stale_if_error == 0
        )


def test_an_error_is_kept_for_as_long_as_the_distribution_says() -> None:
    assert lifetime(response(404), FREE, NOW, 0.0).stored is False
    assert lifetime(response(404), FREE, NOW, 300.0).ttl == 300


@given(st.text(max_size=60))
def test_any_cache_control_is_read(value: str) -> None:
    directives = cache_control(Headers([("Cache-Control", value)]))
    assert all(name == name.lower() and name.strip(" \t") == name for name in directives)


def entry(path: str = "/p", body: bytes = b"x", query: str = "", **headers: str) -> Entry:
    answer = response(**headers)
    life = Lifetime(True, 10, "")
    key = ("GET", "d", path, query, "", "")
    return Entry(key, FREE, 200, "OK", answer.headers, body, NOW, NOW + 10, life)


def test_the_cache_is_bounded_by_what_its_entries_take_in_memory() -> None:
    cache = Cache(max_bytes=100_000)
    for number in range(100):
        cache.store(entry(f"/{number}" + "q" * 8000, x="h" * 2000))
    assert 1 < len(cache) < 10


def test_the_least_recently_used_leaves_first() -> None:
    cache = Cache(max_bytes=5_000)
    one, two = entry("/1", b"x" * 1500), entry("/2", b"x" * 1500)
    cache.store(one)
    cache.store(two)
    assert cache.find(one.key) is one
    cache.store(entry("/3", b"x" * 1500))
    assert cache.find(one.key) is one and cache.find(two.key) is None


def test_what_is_larger_than_the_cache_is_not_kept() -> None:
    cache = Cache(max_bytes=1_000)
    assert cache.store(entry(body=b"x" * 2_000)) is False and len(cache) == 0


def test_objects_are_invalidated_by_path_and_query() -> None:
    cache = Cache()
    for path, query in (("/a", ""), ("/a", "v=1"), ("/b", "")):
        cache.store(entry(path, query=query))
    assert cache.invalidate(lambda path: path == "/a?v=1") == 1
    assert sorted(kept.path for kept in cache.entries()) == ["/a", "/b"]
    assert cache.invalidate(lambda _: True) == 2 and len(cache) == 0


def test_other_objects_of_the_same_path_are_found() -> None:
    cache = Cache()
    cache.store(entry(query="v=1"))
    assert cache.like(("GET", "d", "/p", "v=2", "", "")) == ("GET", "d", "/p", "v=1", "", "")
    assert cache.like(("GET", "d", "/q", "", "", "")) is None
    assert cache.like(("HEAD", "d", "/p", "v=1", "", "")) is None, "it is the same object"


def test_what_was_asked_for_before_an_invalidation_is_not_kept_after_it() -> None:
    cache = Cache()
    era = cache.era
    cache.invalidate(lambda path: path == "/p")
    assert cache.store(entry(), era) is False and len(cache) == 0
    assert cache.store(entry("/q"), era) and cache.store(entry(), cache.era)


def asked(**headers: str) -> Request:
    return Request("GET", "/p", headers=response(**headers).headers)


WHOLE = Response(
    200,
    response(ETag='"v1"', Last_Modified="Fri, 15 Jan 2027 08:00:00 GMT", Content_Type="text/plain").headers,
    b"0123456789",
)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If_None_Match": '"v1"'}, 304),
        ({"If_None_Match": 'W/"v1"'}, 304),
        ({"If_None_Match": '"v0", "v1"'}, 304),
        ({"If_None_Match": "*"}, 304),
        ({"If_None_Match": '"v2"'}, 200),
        ({"If_Modified_Since": "Fri, 15 Jan 2027 08:00:00 GMT"}, 304),
        ({"If_Modified_Since": "Fri, 15 Jan 2027 07:00:00 GMT"}, 200),
        ({"If_Modified_Since": "yesterday"}, 200),
        ({"If_None_Match": '"v2"', "If_Modified_Since": "Fri, 15 Jan 2027 09:00:00 GMT"}, 200),
        ({"Range": "bytes=0-3"}, 206),
        ({"Range": "bytes=0-3", "If_Range": '"v1"'}, 206),
        ({"Range": "bytes=0-3", "If_Range": '"v0"'}, 200),
        ({"Range": "bytes=10-"}, 416),
        ({"Range": "bytes=4-2"}, 200),
        ({"Range": "items=0-3"}, 200),
    ],
)
def test_a_stored_object_answers_conditions_and_ranges(headers: dict[str, str], status: int) -> None:
    assert conditional.answer(asked(**headers), WHOLE).status == status


@pytest.mark.parametrize(
    ("ranges", "body", "content_range"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=8-100", b"89", "bytes 8-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=5-", b"56789", "bytes 5-9/10"),
    ],
)
def test_the_part_that_was_asked_for(ranges: str, body: bytes, content_range: str) -> None:
    part = conditional.answer(asked(Range=ranges), WHOLE)
    assert part.body == body and part.headers.get("content-range") == content_range


def test_several_ranges_come_as_parts_and_overlapping_ones_as_the_whole() -> None:
    several = conditional.answer(asked(Range="bytes=0-1, 4-5"), WHOLE)
    assert several.status == 206 and several.headers.get("content-type").startswith("multipart/byteranges")
    assert b"bytes 0-1/10\r\n\r\n01\r\n" in bytes(several.body) and b"\r\n\r\n45\r\n" in bytes(several.body)
    assert conditional.answer(asked(Range="bytes=0-4, 3-5"), WHOLE).status == 200
    assert conditional.answer(asked(Range="bytes=4-5, 0-1"), WHOLE).status == 200


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
def test_a_stored_part_answers_what_lies_within_it(first: int, last: int, wanted: int) -> None:
    held = conditional.answer(asked(Range=f"bytes={first}-{last}"), WHOLE)
    if held.status != 206:
        return
    inner = conditional.of_part(asked(Range=f"bytes={wanted}-{wanted}"), held)
    inside = first <= wanted <= min(last, 9)
    assert (inner is not None) is inside
    if inner is not None:
        assert inner.body == b"0123456789"[wanted : wanted + 1]


@given(st.text("bytes=0123456789-, \t", max_size=30), st.integers(0, 20))
def test_ranges_lie_within_the_object_in_order(text: str, size: int) -> None:
    ranges = conditional.parse_ranges(text, size)
    for first, last in ranges or ():
        assert 0 <= first <= last < size
    assert ranges is None or ranges == sorted(ranges)
