"""The control port: invalidations (ours and CloudFront's own API), the clock, the cache, and who may use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import example, given
from hypothesis import strategies as st

from edgewise.cdn.clock import ClockError, MovableClock, span
from edgewise.cdn.control.cloudfront_api import CloudFrontApi
from edgewise.cdn.control.invalidation import InvalidationError, Invalidations, check, matcher
from edgewise.cdn.message import Request
from support.controlled import Controlled, controlled
from support.running import APP_ID, BUCKET_ID, OPTIMIZED, behavior, reply, running_origin, template

CACHED = behavior(origin=BUCKET_ID, CachePolicyId=OPTIMIZED, AllowedMethods=["GET", "HEAD"])
# Everything of the query string is in the key, so that each has an object of its own.
BY_QUERY = {
    "Type": "AWS::CloudFront::CachePolicy",
    "Properties": {
        "CachePolicyConfig": {
            "Name": "by-query",
            "MinTTL": 0,
            "DefaultTTL": 100,
            "MaxTTL": 100,
            "ParametersInCacheKeyAndForwardedToOrigin": {
                "EnableAcceptEncodingGzip": False,
                "EnableAcceptEncodingBrotli": False,
                "HeadersConfig": {"HeaderBehavior": "none"},
                "CookiesConfig": {"CookieBehavior": "none"},
                "QueryStringsConfig": {"QueryStringBehavior": "all"},
            },
        }
    },
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controlled]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "bucket").mkdir()
    for name in ("index.html", "a.css", "b.css"):
        (folder / "bucket" / name).write_text(name)
    with controlled(folder, template(CACHED, DefaultRootObject="index.html")) as running:
        yield running


@pytest.fixture(autouse=True)
def empty(request: pytest.FixtureRequest) -> None:
    if "site" in request.fixturenames:
        running: Controlled = request.getfixturevalue("site")
        running.control("POST", "/invalidations", {"paths": ["/*"]})
        running.control("POST", "/clock", {"reset": True})


def cached_paths(site: Controlled) -> set[str]:
    return {each["path"] for each in site.control("GET", "/cache").json()["objects"]}


# Invalidations.


def test_an_invalidated_object_is_fetched_anew_and_others_stay(site: Controlled) -> None:
    assert [site.visit(path).cache for path in ("/a.css", "/b.css", "/a.css")] == ["Miss", "Miss", "Hit"]
    made = site.control("POST", "/invalidations", {"paths": ["/a.css"]}).json()
    assert made["removed"] == 1 and made["paths"] == ["/a.css"]
    assert [site.visit(path).cache for path in ("/a.css", "/b.css")] == ["Miss", "Hit"]
    assert site.control("GET", "/invalidations").json()["invalidations"][0]["id"] == made["id"]


def test_the_root_means_the_default_root_object(site: Controlled) -> None:
    site.visit("/")
    assert cached_paths(site) == {"/index.html"}
    assert site.control("POST", "/invalidations", {"paths": ["/"]}).json()["removed"] == 1


def test_query_strings_count_as_far_as_they_are_in_the_key(tmp_path: Path) -> None:
    text = template(behavior(CachePolicyId={"Ref": "ByQuery"})).replace(
        '{"Resources": {', '{"Resources": {"ByQuery": ' + json.dumps(BY_QUERY) + ", ", 1
    )
    with (
        running_origin(lambda handler: reply(handler, 200, b"x")) as origin,
        controlled(tmp_path, text, origins={APP_ID: origin.url}) as running,
    ):
        paths = ["/i.jpg", "/i.jpg?v=1", "/i.jpg?v=2"]
        for path in paths:
            running.visit(path)
        assert cached_paths(running) == set(paths)
        running.control("POST", "/invalidations", {"paths": ["/i.jpg"]})
        assert cached_paths(running) == set(paths[1:])
        running.control("POST", "/invalidations", {"paths": ["/i.jpg?v=2"]})
        assert cached_paths(running) == {"/i.jpg?v=1"}
        running.control("POST", "/invalidations", {"paths": ["/i.jpg*"]})
        assert cached_paths(running) == set()


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("a.css", "does not begin with a slash"),
        ("/a*b", "before the end"),
        ("/**", "before the end"),
        ("/é", "percent-encoded"),
        ("/a b", "percent-encoded"),
        ("/" + "a" * 4_000, "4,000 are allowed"),
    ],
)
def test_paths_that_cloudfront_does_not_take(site: Controlled, path: str, says: str) -> None:
    answer = site.control("POST", "/invalidations", {"paths": [path]})
    assert answer.status == 400 and says in answer.json()["message"]


@given(
    st.lists(st.text(alphabet="/abA?=*", max_size=6), min_size=1, max_size=4),
    st.text(alphabet="/abA?=", max_size=6),
)
def test_an_object_is_meant_by_the_path_itself_or_by_a_beginning(paths: list[str], stored: str) -> None:
    try:
        check(paths)
    except InvalidationError:
        return
    expected = any(stored.startswith(path[:-1]) if path.endswith("*") else stored == path for path in paths)
    assert matcher(paths)(stored) == expected


def test_only_so_many_invalidations_are_kept() -> None:
    made = Invalidations(list, "", lambda: 0.0)
    for number in range(150):
        made.create([f"/{number}"])
    assert [each.paths for each in made.latest_first()][:1] == [("/149",)]
    assert len(made.latest_first()) == 100


# CloudFront's own API.


@pytest.fixture
def client(site: Controlled) -> Any:
    return boto3.client(
        "cloudfront",
        endpoint_url=site.url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


def batch(*paths: str, reference: str) -> dict[str, Any]:
    return {"Paths": {"Quantity": len(paths), "Items": list(paths)}, "CallerReference": reference}


def test_boto3_creates_gets_and_lists_invalidations(site: Controlled, client: Any) -> None:
    name = site.cdn.distribution.id
    site.visit("/a.css")
    created = client.create_invalidation(
        DistributionId=name, InvalidationBatch=batch("/a.css", "/x*", reference="1")
    )
    made = created["Invalidation"]
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert created["Location"].endswith(f"/2020-05-31/distribution/{name}/invalidation/{made['Id']}")
    assert made["Status"] == "Completed" and made["CreateTime"].tzinfo is not None
    assert made["InvalidationBatch"] == batch("/a.css", "/x*", reference="1")
    assert site.visit("/a.css").cache == "Miss"
    got = client.get_invalidation(DistributionId=name, Id=made["Id"])["Invalidation"]
    assert got == made
    client.get_waiter("invalidation_completed").wait(DistributionId=name, Id=made["Id"])
    for number in range(3):
        client.create_invalidation(
            DistributionId=name, InvalidationBatch=batch("/y", reference=f"list {number}")
        )
    pages = list(
        client.get_paginator("list_invalidations").paginate(
            DistributionId=name, PaginationConfig={"PageSize": 2}
        )
    )
    listed = [each["Id"] for page in pages for each in page["InvalidationList"]["Items"]]
    assert len(pages) > 1 and len(set(listed)) == len(listed) and made["Id"] in listed


def test_the_same_reference_is_the_same_invalidation(site: Controlled, client: Any) -> None:
    def create(*paths: str) -> Any:
        return client.create_invalidation(
            DistributionId=site.cdn.distribution.id, InvalidationBatch=batch(*paths, reference="same")
        )["Invalidation"]["Id"]

    assert create("/a") == create("/a")
    with pytest.raises(ClientError, match="InvalidArgument"):
        create("/b")


@pytest.mark.parametrize(
    ("distribution", "wrong", "code"),
    [
        ("", batch("a.css", reference="x"), "InvalidArgument"),
        ("", batch(*(f"/{n}" for n in range(3_001)), reference="x"), "BatchTooLarge"),
        ("", batch(*(f"/{n}*" for n in range(16)), reference="x"), "TooManyInvalidationsInProgress"),
        ("", {"Paths": {"Quantity": 2, "Items": ["/a"]}, "CallerReference": "x"}, "InconsistentQuantities"),
        ("ENOTHERE", batch("/a", reference="x"), "NoSuchDistribution"),
    ],
)
def test_boto3_gets_cloudfronts_errors(
    site: Controlled, client: Any, distribution: str, wrong: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        client.create_invalidation(
            DistributionId=distribution or site.cdn.distribution.id, InvalidationBatch=wrong
        )
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"]


def test_boto3_hears_of_what_is_not_there(site: Controlled, client: Any) -> None:
    with pytest.raises(ClientError, match="NoSuchInvalidation"):
        client.get_invalidation(DistributionId=site.cdn.distribution.id, Id="INOTHERE")
    with pytest.raises(ClientError, match="only CreateInvalidation"):
        client.list_distributions()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<InvalidationBatch/>",
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><InvalidationBatch>&b;</InvalidationBatch>',
        b"\xff\xfe\x00",
        b"<a>" * 5_000,
    ],
)
def test_a_body_that_is_no_batch_is_an_error_of_cloudfronts(site: Controlled, body: bytes) -> None:
    answer = site.control("POST", f"/2020-05-31/distribution/{site.cdn.distribution.id}/invalidation", body)
    assert answer.status == 400 and b"<Code>" in answer.body


@given(
    st.binary()
    | st.text(alphabet="<>/abc&;!?='\" \x00é", max_size=40).map(lambda text: text.encode("utf-16"))
)
@example(b'<?xml version="1.0" encoding="nonsense"?><a/>')
def test_any_body_has_an_answer(body: bytes) -> None:
    api = CloudFrontApi("E1", Invalidations(list, "", lambda: 0.0))
    request = Request("POST", "/2020-05-31/distribution/E1/invalidation", body=body)
    answer = api.answer(request)
    assert answer.status == 400
    ElementTree.fromstring(answer.body)


@pytest.mark.parametrize(
    "items", ["0", "101", "-1", "١", "000000001" + "9" * 5_000, "1" * 5_000, "1e1", "1 2"]
)
def test_a_number_of_items_that_is_none(site: Controlled, items: str) -> None:
    path = f"/2020-05-31/distribution/{site.cdn.distribution.id}/invalidation?MaxItems={quote(items)}"
    answer = site.control("GET", path)
    assert answer.status == 400 and b"<Code>InvalidArgument</Code>" in answer.body


# The clock and the cache.


def test_an_object_ages_with_the_moved_clock(site: Controlled) -> None:
    assert site.visit("/a.css").cache == "Miss"
    assert site.control("POST", "/clock", {"move": "+1h"}).json()["offset_seconds"] == 3600
    hit = site.visit("/a.css")
    assert hit.cache == "Hit" and int(hit.headers["Age"]) >= 3600
    kept = site.control("GET", "/cache").json()["objects"][0]
    assert 3600 <= kept["age_seconds"] < 3700 and kept["ttl_seconds"] < 86_400 - 3_500
    assert dict(kept["key"])["path"] == "/a.css" and kept["location"] == "FRA56-P2"
    site.control("POST", "/clock", {"move": "+30d"})
    assert site.visit("/a.css").cache in ("Miss", "RefreshHit")
    assert site.control("POST", "/clock", {"reset": True}).json()["offset_seconds"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        *({}, {"move": "yesterday"}, {"move": -5}, {"move": 1e300}, {"move": None}, {"move": True}),
        *({"move": 10**400}, {"move": -(10**400)}, {"move": float("nan")}),
    ],
)
def test_a_clock_only_goes_forward(site: Controlled, wrong: dict[str, Any]) -> None:
    answer = site.control("POST", "/clock", wrong)
    assert answer.status == 400 and answer.json()["hint"]
    assert site.control("GET", "/clock").json()["offset_seconds"] == 0


def test_a_long_list_of_objects_is_cut_and_counted(site: Controlled) -> None:
    site.visit("/a.css")
    site.visit("/b.css")
    told = site.control("GET", "/cache?limit=1").json()
    assert [each["path"] for each in told["objects"]] == ["/b.css"] and told["total"] == 2
    assert "1 of 2 objects are shown" in site.page("/cache?limit=1")


def test_spans_of_time() -> None:
    assert [span(text) for text in ("+1h", "90s", "1h30m", "2d", "+1w")] == [3600, 90, 5400, 172_800, 604_800]
    for wrong in ("", "1", "h", "-1h", "1 h", "1y", "٣s"):
        with pytest.raises(ClockError, match="no span of time"):
            span(wrong)


@given(st.lists(st.floats() | st.integers()))
def test_a_clock_never_goes_back_or_out_of_range(moves: list[float]) -> None:
    clock = MovableClock(lambda: 1_000.0)
    for seconds in moves:
        before = clock()
        try:
            clock.move(seconds)
        except ClockError:
            assert clock() == before
        assert before <= clock() < 4e9


# Who may use it.


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "192.0.2.1"},
        {"Host": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ],
)
def test_pages_of_other_sites_cannot_read(site: Controlled, headers: dict[str, str]) -> None:
    assert site.control("GET", "/requests", headers=headers).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    ],
)
def test_pages_of_other_sites_cannot_act(site: Controlled, headers: dict[str, str]) -> None:
    site.visit("/a.css")
    form = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    assert site.control("POST", "/invalidations", b"paths=/*", headers=form).status == 403
    assert cached_paths(site) == {"/a.css"}


def test_the_inspectors_own_forms_can(site: Controlled) -> None:
    site.visit("/a.css")
    own = {
        "Origin": site.url,
        "Sec-Fetch-Site": "same-origin",
        "Accept": "text/html",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = site.control("POST", "/invalidations", b"paths=%2F*", headers=own)
    assert (answer.status, answer.headers["Location"]) == (303, "/cache")
    assert cached_paths(site) == set()
    assert site.control("POST", "/clock", b"move=%2B1h", headers=own).status == 303
    assert site.clock.offset == 3600


def test_what_curl_sends_is_json_though_it_calls_it_a_form(site: Controlled) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = site.control("POST", "/clock", b'{"move": "+1h"}', headers=form)
    assert answer.json()["offset_seconds"] == 3600
    hostile = form | {"Origin": "https://evil.example"}
    assert site.control("POST", "/clock", b'{"move": "+1h"}', headers=hostile).status == 403


def test_a_link_from_elsewhere_opens_a_page(site: Controlled) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert site.control("GET", "/", headers=headers).status == 200


def test_nothing_may_be_read_by_other_origins_and_nothing_is_framed(site: Controlled) -> None:
    for path in ("/", "/cache", "/requests", "/nowhere", "/style.css", "/2020-05-31/x"):
        headers = site.control("GET", path, headers={"Origin": "https://evil.example"}).headers
        assert "Access-Control-Allow-Origin" not in headers
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("POST", "/nowhere", b"{}", 404),
        ("DELETE", "/cache", None, 400),
        ("GET", "/requests?limit=none", None, 400),
        ("GET", "/requests?limit=0", None, 400),
        ("GET", "/requests?limit=000000001" + "9" * 5_000, None, 400),
        ("POST", "/invalidations", b"[", 400),
        ("POST", "/invalidations", b"[" * 100_000, 400),
        ("POST", "/invalidations", b'{"paths": [1]}', 400),
        ("POST", "/requests/nothing/again", b"", 404),
    ],
)
def test_what_cannot_be_answered_says_why(
    site: Controlled, method: str, path: str, body: bytes | None, status: int
) -> None:
    answer = site.control(method, path, body)
    assert answer.status == status and answer.json()["message"]
    page = site.control(method, path, body, headers={"Accept": "text/html"})
    assert page.status == status and b"<h1>" in page.body
