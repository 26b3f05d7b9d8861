"""Custom error pages, failover between the origins of a group, geography and names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edgewise.cdn import parse_template
from edgewise.cdn.clock import MovableClock
from edgewise.cdn.errors import TemplateError
from edgewise.cdn.template import read_distribution
from support.running import (
    APP_ID,
    BUCKET_ID,
    OPTIMIZED,
    PASS_ON,
    RunningCdn,
    associations,
    behavior,
    reply,
    running_cdn,
    running_origin,
    template,
)

PAGES = [
    {"ErrorCode": 404, "ResponseCode": 200, "ResponsePagePath": "/errors/missing.html"},
    {"ErrorCode": 502, "ResponseCode": 503, "ResponsePagePath": "/errors/down.html", "ErrorCachingMinTTL": 0},
    {"ErrorCode": 500, "ErrorCachingMinTTL": 30},
    {"ErrorCode": 403, "ResponseCode": 403, "ResponsePagePath": "/errors/gone.html"},
]
PAGE_BEHAVIOR = behavior("/errors/*", BUCKET_ID)


def status_of(handler: Any) -> None:
    """The last part of the path is the status; `die` closes the connection."""
    wanted = handler.path.rsplit("/", 1)[-1]
    if wanted == "die":
        handler.close_connection = True
    else:
        reply(handler, int(wanted), f"origin says {wanted}".encode())


@contextmanager
def served(folder: Path, text: str, code: str = PASS_ON, **options: Any) -> Iterator[RunningCdn]:
    with (
        running_origin(status_of) as origin,
        running_cdn(folder, text, {"app.py": code}, origins={APP_ID: origin.url}, **options) as cdn,
    ):
        yield cdn


def with_pages(cdn: RunningCdn) -> None:
    (cdn.folder / "bucket" / "errors").mkdir()
    for name in ("missing", "down"):
        (cdn.folder / "bucket" / "errors" / f"{name}.html").write_text(f"our {name} page")


def test_an_error_becomes_the_distributions_own_page(tmp_path: Path) -> None:
    text = template(PAGE_BEHAVIOR, behavior(), CustomErrorResponses=PAGES)
    with (
        running_origin(status_of) as origin,
        running_cdn(tmp_path, text, origins={APP_ID: origin.url}) as cdn,
    ):
        with_pages(cdn)
        hidden = cdn.request("/404")
        assert (hidden.status, hidden.body, hidden.cache) == (200, b"our missing page", "Error")
        down = cdn.request("/die")
        assert (down.status, down.body) == (503, b"our down page")
        assert cdn.request("/500").body == b"origin says 500"
        assert cdn.request("/410").body == b"origin says 410"


def test_a_page_that_is_missing_gives_the_status_of_its_own_origin(tmp_path: Path) -> None:
    pages = [{"ErrorCode": 404, "ResponseCode": 200, "ResponsePagePath": "/errors/nothing.html"}]
    text = template(PAGE_BEHAVIOR, behavior(), CustomErrorResponses=pages)
    with (
        running_origin(status_of) as origin,
        running_cdn(tmp_path, text, origins={APP_ID: origin.url}) as cdn,
    ):
        assert cdn.request("/404").status == 403


def test_only_origin_triggers_run_for_a_page(tmp_path: Path) -> None:
    shows = """
def handler(event, context):
    cf = event["Records"][0]["cf"]
    print("ran", cf["config"]["eventType"], cf["request"]["uri"])
    return cf["response"] if "response" in cf else cf["request"]
"""
    every = associations("viewer-request", "origin-request", "origin-response", "viewer-response")
    text = template(
        behavior("/errors/*", BUCKET_ID, LambdaFunctionAssociations=every),
        behavior(LambdaFunctionAssociations=every),
        CustomErrorResponses=PAGES,
    )
    with served(tmp_path, text, shows) as cdn:
        with_pages(cdn)
        assert cdn.request("/404").status == 200
        assert [line for line in cdn.messages() if line.startswith("ran")] == [
            "ran viewer-request /404",
            "ran origin-request /404",
            "ran origin-response /404",
            "ran origin-request /errors/missing.html",
            "ran origin-response /errors/missing.html",
        ]


def test_errors_are_kept_for_as_long_as_the_distribution_says(tmp_path: Path) -> None:
    clock = MovableClock()
    text = template(behavior(CachePolicyId=OPTIMIZED), CustomErrorResponses=PAGES)
    with served(tmp_path, text, clock=clock) as cdn:
        for seconds, cached in ((0, False), (29, True), (2, False)):
            clock.move(seconds)
            cdn.request("/500")
            assert (not cdn.traces[-1].exchanges) is cached


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ({"ErrorCode": 418}, "418"),
        ({"ErrorCode": 404, "ResponseCode": 200}, "ResponsePagePath"),
        ({"ErrorCode": 404, "ResponsePagePath": "/x"}, "ResponseCode"),
        ({"ErrorCode": 404, "ResponseCode": 200, "ResponsePagePath": "x"}, "starts with /"),
        ({"ErrorCode": 404, "ResponseCode": 201, "ResponsePagePath": "/x"}, "201"),
    ],
)
def test_a_page_that_cloudfront_would_not_take_is_an_error(tmp_path: Path, page: Any, says: str) -> None:
    (tmp_path / "code").mkdir()
    with pytest.raises(TemplateError, match=says):
        read_distribution(parse_template(template(CustomErrorResponses=[page]), tmp_path / "t.json"))


def group(*codes: int) -> dict[str, Any]:
    members = {"Items": [{"OriginId": APP_ID}, {"OriginId": BUCKET_ID}], "Quantity": 2}
    criteria = {"StatusCodes": {"Items": list(codes), "Quantity": len(codes)}}
    return {"Items": [{"Id": "both", "FailoverCriteria": criteria, "Members": members}], "Quantity": 1}


@pytest.mark.parametrize(
    ("path", "method", "codes", "status"),
    [
        ("/500", "GET", (500,), 200),
        ("/500", "HEAD", (500,), 200),
        ("/500", "GET", (404,), 500),
        ("/500", "POST", (500,), 500),
        ("/404", "GET", (404,), 200),
        ("/200", "GET", (500,), 200),
    ],
)
def test_the_second_origin_answers_when_the_first_fails(
    tmp_path: Path, path: str, method: str, codes: tuple[int, ...], status: int
) -> None:
    text = template(behavior(origin="both"), OriginGroups=group(*codes))
    with (
        running_origin(status_of) as origin,
        running_cdn(tmp_path, text, origins={APP_ID: origin.url}) as cdn,
    ):
        for name in ("500", "404"):
            (tmp_path / "bucket" / name).write_text("from the second")
        answer = cdn.request(path, method)
        assert answer.status == status
        if method == "GET":
            expected = b"origin says" if status != 200 or path == "/200" else b"from the second"
            assert answer.body.startswith(expected)


@pytest.mark.parametrize(("codes", "status"), [((503,), 200), ((500, 502), 502)])
def test_no_connection_counts_as_503(tmp_path: Path, codes: tuple[int, ...], status: int) -> None:
    text = template(behavior(origin="both"), OriginGroups=group(*codes))
    with running_cdn(tmp_path, text, origins={APP_ID: "http://127.0.0.1:1"}) as cdn:
        (tmp_path / "bucket" / "x").write_text("from the second")
        assert cdn.request("/x").status == status


def test_the_origin_triggers_run_for_each_origin_that_is_asked(tmp_path: Path) -> None:
    shows = """
def handler(event, context):
    cf = event["Records"][0]["cf"]
    print("ran", cf["config"]["eventType"], *cf["request"]["origin"])
    return cf["response"] if "response" in cf else cf["request"]
"""
    both = behavior(
        origin="both", LambdaFunctionAssociations=associations("origin-request", "origin-response")
    )
    text = template(both, OriginGroups=group(500))
    with served(tmp_path, text, shows) as cdn:
        (tmp_path / "bucket" / "500").write_text("from the second")
        assert cdn.request("/500").body == b"from the second"
        assert [line for line in cdn.messages() if line.startswith("ran")] == [
            "ran origin-request custom",
            "ran origin-response custom",
            "ran origin-request s3",
            "ran origin-response s3",
        ]


@pytest.mark.parametrize(
    ("kind", "country", "status"),
    [("whitelist", "DE", 200), ("whitelist", "FR", 403), ("blacklist", "DE", 403), ("blacklist", "FR", 200)],
)
def test_countries_may_be_kept_out(tmp_path: Path, kind: str, country: str, status: int) -> None:
    restrictions = {"GeoRestriction": {"RestrictionType": kind, "Locations": ["DE"]}}
    with served(tmp_path, template(Restrictions=restrictions)) as cdn:
        answer = cdn.request("/200", headers={"Edgewise-Viewer-Country": country})
        assert answer.status == status
        if status == 403:
            assert b"Request blocked." in answer.body and answer.cache == "Error"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("[::1]:8080", 200),
        ("shop.localhost", 200),
        ("d111111abcdef8.cloudfront.net", 200),
        ("Shop.Example.com", 200),
        ("a.b.example.org", 200),
        ("example.org", 403),
        ("evil.example", 403),
    ],
)
def test_the_distribution_answers_to_its_names(tmp_path: Path, host: str, status: int) -> None:
    with served(tmp_path, template(Aliases=["shop.example.com", "*.example.org"])) as cdn:
        assert cdn.request("/200", headers={"Host": host}).status == status
        if status == 403:
            assert "shop.example.com" in cdn.traces[-1].detail
