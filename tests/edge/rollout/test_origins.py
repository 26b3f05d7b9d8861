"""The origin's side: a request goes to the origin of its version, and the record tells which one answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edge.doubles import Context, HandClock, load_event
from edge.rollout.site import Cloud, Site
from edgewise.cdn import rules

Start = Callable[..., Site]


def origin_event(
    trigger: str = "origin-request", *, domain: str = "v1.example.com", host: str = "", **headers: str
) -> dict[str, Any]:
    event = load_event(trigger)
    request = event["Records"][0]["cf"]["request"]
    request["origin"]["custom"]["domainName"] = domain
    lines = {"Host": host or domain, **{name.replace("_", "-"): value for name, value in headers.items()}}
    request["headers"] |= {name.lower(): [{"key": name, "value": value}] for name, value in lines.items()}
    return event


def chosen(request: dict[str, Any]) -> tuple[str, str, int, str]:
    custom = request["origin"]["custom"]
    return custom["domainName"], custom["protocol"], custom["port"], request["headers"]["host"][0]["value"]


def test_the_request_goes_to_the_origin_of_its_version_with_its_host(site: Site) -> None:
    event = origin_event(X_App_Version="v2")
    before = load_event("origin-request")["Records"][0]["cf"]["request"]
    request = site.edge(event, Context())
    assert chosen(request) == ("v2.example.com", "http", 80, "v2.example.com")
    for name in ("customHeaders", "readTimeout", "keepaliveTimeout", "path", "sslProtocols"):
        assert request["origin"]["custom"][name] == before["origin"]["custom"][name]


@pytest.mark.parametrize("version", ["v1", "v3", ""])
def test_any_other_version_is_the_stable_one(site: Site, version: str) -> None:
    request = site.edge(origin_event(X_App_Version=version), Context())
    assert chosen(request) == ("v1.example.com", "https", 443, "v1.example.com")
    assert chosen(site.edge(origin_event(), Context())) == chosen(request)


def test_a_protocol_that_follows_the_viewer_stays_as_it_was(start: Start) -> None:
    origins = {
        "v1": {"domain": "v1.example.com", "protocol": "match-viewer"},
        "v2": {"domain": "v2.example.com", "protocol": "match-viewer"},
    }
    event = origin_event(X_App_Version="v2")
    event["Records"][0]["cf"]["request"]["origin"]["custom"] |= {"protocol": "http", "port": 80}
    request = start(origins=origins).edge(event, Context())
    assert chosen(request) == ("v2.example.com", "http", 80, "v2.example.com")


def test_a_host_of_the_viewers_that_a_policy_forwards_stays(site: Site) -> None:
    request = site.edge(origin_event(host="shop.example", X_App_Version="v2"), Context())
    assert chosen(request)[0::3] == ("v2.example.com", "shop.example")


@pytest.mark.parametrize("domain", ["api.example.com", "v2.example.com"])
def test_requests_of_other_behaviors_go_where_they_went(site: Site, domain: str) -> None:
    event = origin_event(domain=domain, X_App_Version="v2", X_Edgewise_Asked="17")
    request = site.edge(event, Context())
    assert chosen(request) == (domain, "https", 443, domain)
    assert "x-edgewise-asked" not in request["headers"]


def test_a_bucket_is_no_version(site: Site) -> None:
    event = origin_event(X_App_Version="v2")
    event["Records"][0]["cf"]["request"]["origin"] = {"s3": {"domainName": "v1.example.com"}}
    assert site.edge(event, Context())["origin"] == {"s3": {"domainName": "v1.example.com"}}
    assert site.output.records == []


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_record_tells_which_version_answered_and_after_how_long(
    site: Site, clock: HandClock, version: str
) -> None:
    sent = site.edge(origin_event(X_App_Version=version), Context())
    clock.pass_time(0.0425)
    event = load_event("origin-response")
    event["Records"][0]["cf"]["request"] = sent
    event["Records"][0]["cf"]["response"]["status"] = "503"
    site.edge(event, Context())
    (record,) = site.output.records
    assert (record["version"], record["origin_ms"], record["status"]) == (version, 42.5, 503)
    assert "release" not in record


def test_the_release_is_told_where_a_policy_lets_it_through(site: Site) -> None:
    event = origin_event(
        "origin-response", X_Edgewise_Asked="1799999999999999", X_Edgewise_Decision="r1;cookie;1"
    )
    site.edge(event, Context())
    (record,) = site.output.records
    assert (record["release"], record["decision"], record["origin_ms"]) == ("r1", "cookie", 0.001)


@pytest.mark.parametrize("asked", ["1800000000000001", "1", "9" * 5000, "-5", "soon", "٣"])
def test_a_time_that_cannot_be_is_left_out(site: Site, asked: str) -> None:
    site.edge(origin_event("origin-response", X_Edgewise_Asked=asked), Context())
    (record,) = site.output.records
    assert "origin_ms" not in record
    assert record["failed_steps"] == 0


def test_answers_of_other_origins_have_no_version(site: Site) -> None:
    site.edge(origin_event("origin-response", domain="api.example.com", X_App_Version="v2"), Context())
    assert "version" not in site.output.records[0]


def test_no_header_of_ours_is_one_that_cloudfront_refuses(site: Site, cloud: Cloud) -> None:
    asked, _ = site.visit()
    names = asked.event["headers"].keys() | site.edge(origin_event(), Context())["headers"].keys()
    assert not any(rules.is_disallowed(name) for name in names)
