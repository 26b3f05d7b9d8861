"""A tester's link: a version for whoever opens it, until it expires."""

from __future__ import annotations

import pytest

from edge.doubles import Context, HandClock
from edge.rollout.site import KEY, Cloud, Site, document, viewer_event
from edgewise.edge.rollout.tokens import Signer

HOUR = 3600


def link(version: str, expires: int, key: str = KEY) -> str:
    digits, text = "0123456789abcdefghijklmnopqrstuvwxyz", ""
    while expires:
        expires, digit = divmod(expires, 36)
        text = digits[digit] + text
    return f"edgewise-version={Signer([key]).sign('link', f'1.{version}.{text}')}"


@pytest.fixture
def good(clock: HandClock) -> str:
    return link("v2", int(clock.seconds) + HOUR)


def test_a_link_leads_to_the_page_and_its_visitor_has_the_version(
    site: Site, cloud: Cloud, clock: HandClock, good: str
) -> None:
    cloud.release = document(clock, weight=0)
    answer = site.edge(viewer_event("/shirts", query=f"size=m&{good}&q=%20"), Context())
    headers = {name: lines[0]["value"] for name, lines in answer["headers"].items()}
    assert (answer["status"], headers["location"]) == ("302", "/shirts?size=m&q=%20")
    assert headers["cache-control"] == "no-store"
    cookie, *attributes = headers["set-cookie"].split("; ")
    assert sorted(attributes) == ["HttpOnly", "Max-Age=3600", "Path=/", "SameSite=Lax", "Secure"]

    asked = site.ask(cookie=cookie)
    assert (asked.version, asked.reason) == ("v2", "tester")
    assert site.page(asked) == []
    clock.pass_time(HOUR)
    assert (site.ask(cookie=cookie).version, site.ask(cookie=cookie).reason) == ("v1", "weight")


def test_a_bot_that_has_a_link_is_a_tester_too(site: Site, good: str) -> None:
    answer = site.edge(viewer_event(query=good), Context())
    cookie = answer["headers"]["set-cookie"][0]["value"].partition(";")[0]
    assert answer["headers"]["location"][0]["value"] == "/"
    assert site.ask("/health", cookie=cookie, agent="Googlebot/2.1").version == "v2"


@pytest.mark.parametrize("path", ["//evil.example/a", "/\\evil.example/a"])
def test_a_link_never_leads_to_another_host(site: Site, good: str, path: str) -> None:
    answer = site.edge(viewer_event(path, query=good), Context())
    assert answer["headers"]["location"][0]["value"] == f"/.{path}"


@pytest.mark.parametrize(
    "query",
    [
        "edgewise-version=",
        "edgewise-version",
        "edgewise-version=1.v2.z",
        "edgewise-version=v2",
        link("v2", 1_800_000_000 + HOUR, "the key of somebody else"),
        link("v3", 1_800_000_000 + HOUR),
        link("v2", 1_800_000_000),
        link("v2", 1_800_000_000 + HOUR) + "0",
    ],
)
def test_a_link_that_is_not_good_is_taken_out_of_the_address_and_told(site: Site, query: str) -> None:
    answer = site.edge(viewer_event("/shirts", query=f"size=m&{query}"), Context())
    headers = {name: lines[0]["value"] for name, lines in answer["headers"].items()}
    assert (answer["status"], headers["location"]) == ("302", "/shirts?size=m")
    assert headers["cache-control"] == "no-store"
    assert "set-cookie" not in headers
    record = site.output.records[-1]
    assert (record["decision"], record["failed_steps"], "version" in record) == ("tester-refused", 0, False)


def test_a_link_is_refused_while_there_is_no_key(site: Site, cloud: Cloud, good: str) -> None:
    cloud.key = None
    answer = site.edge(viewer_event(query=good), Context())
    assert answer["headers"]["location"][0]["value"] == "/"
    assert "set-cookie" not in answer["headers"]
    assert site.output.records[-1]["decision"] == "tester-refused"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_of_a_good_link_the_record_says_so(site: Site, good: str, method: str) -> None:
    answer = site.edge(viewer_event(query=f"{good}&{good}", method=method), Context())
    assert answer["headers"]["location"][0]["value"] == "/"
    record = site.output.records[-1]
    assert (record["decision"], "query" in record) == ("tester-link", False)


@pytest.mark.parametrize("query", ["x-edgewise-version=1", "a=edgewise-version", "edgewise-versions=1"])
def test_other_parameters_stay(site: Site, query: str) -> None:
    asked = site.ask(query=query)
    assert (asked.reason, asked.event["querystring"]) == ("weight", query)


def test_what_is_posted_is_not_led_elsewhere(site: Site, good: str) -> None:
    assert site.ask(query=good, method="POST").reason == "weight"
