"""Which requests are views, at which trigger, and what a view says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.doubles import load_event
from edge.statistics.views import FIREFOX, GOOGLEBOT, Visited

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
IPAD = "Mozilla/5.0 (iPad; CPU OS 16_2 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
ORIGIN = {"counts_at": "origin-response"}
Start = Callable[..., Visited]


def test_a_view_has_these_keys_and_no_others(site: Visited) -> None:
    view = site.view(
        headers={
            "User-Agent": FIREFOX,
            "Referer": "https://www.news.example/today",
            "Accept-Language": "de-AT,en",
        },
        uri="/shirts/index.html",
        querystring="utm_source=mail&utm_medium=letter&utm_campaign=spring+sale&size=m",
        status=304,
    )
    assert view is not None
    assert view.pop("visitor").partition("@")[0].isalnum()
    assert view == {
        "schema": "pageview/1",
        "event_id": "Zq3-c0TnYw1mVbR7uLkPdE5xHs9Aj2FoGiKt6QyWzUvMn8XrB4NCdA==",
        "_timestamp": 1_800_000_000_000_000,
        "host": "shop.example",
        "page": "/shirts",
        "status": 304,
        "devices": ["desktop"],
        "bot": False,
        "referrer_host": "news.example",
        "campaign_source": "mail",
        "campaign_medium": "letter",
        "campaign_name": "spring sale",
        "language": "de",
        "entry": True,
        "settings_hash": "0123456789ab",
    }


def test_the_other_path_has_the_finished_view(start: Start) -> None:
    site = start(path="firehose", countries=True)
    view = site.view(clientIp="81.2.69.160", headers={"User-Agent": IPAD, "Referer": "https://shop.example/"})
    assert view is not None
    assert list(view)[:5] == ["schema", "event_id", "_timestamp", "view_time", "view_date"]
    assert (view["view_date"], view["country"], view["country_name"]) == (
        "2027-01-15",
        "GB",
        "United Kingdom",
    )
    assert (view["device"], view["referrer_host"], view["entry"]) == ("tablet", None, False)


def test_an_event_passes_one_trigger_that_counts(start: Start) -> None:
    for changes, counted in (({}, "viewer-response"), (ORIGIN, "origin-response")):
        site = start(**changes)
        triggers = ("viewer-request", "origin-request", "origin-response", "viewer-response")
        assert [trigger for trigger in triggers if site.view(trigger)] == [counted]


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "HEAD"},
        {"method": "POST"},
        {"status": 404},
        {"status": 301},
        {"status": 206},
        {"response": {"Content-Type": "text/css"}},
        {"response": {"Content-Type": None}, "uri": "/fonts/inter.woff2"},
        {"headers": {"Sec-Purpose": "prefetch;prerender"}},
        {"headers": {"Purpose": "prefetch"}},
        {"headers": {"X-Moz": "Prefetch"}},
    ],
)
def test_what_is_no_view(site: Visited, changes: dict[str, Any]) -> None:
    assert site.view(**changes) is None
    assert site.handed.advanced == 1  # what waits goes on all the same


@pytest.mark.parametrize(
    ("agent", "devices", "bot"),
    [
        (FIREFOX, ["desktop"], False),
        (IPHONE, ["mobile"], False),
        (IPAD, ["tablet", "mobile"], False),
        (GOOGLEBOT, ["desktop"], True),
        ("curl/8.5.0", ["desktop"], True),
        (None, ["desktop"], True),
    ],
)
def test_devices_and_bots(site: Visited, agent: str | None, devices: list[str], bot: bool) -> None:
    view = site.view(headers={"User-Agent": agent})
    assert view is not None
    assert (view["devices"], view["bot"]) == (devices, bot)


def test_bots_may_be_left_out(start: Start) -> None:
    site = start(bots=False)
    assert site.view(headers={"User-Agent": GOOGLEBOT}) is None
    assert site.view(headers={"User-Agent": FIREFOX}) is not None


def test_a_page_that_a_step_answers_with_is_seen_nowhere_else(start: Start) -> None:
    for changes, trigger in (({}, "viewer-request"), (ORIGIN, "origin-request")):
        site = start(**changes)
        steps = {"viewer-request": site.edge.viewer_request, "origin-request": site.edge.origin_request}[
            trigger
        ]

        @steps
        def answer(request: Any) -> Any:
            if request.path == "/maintenance":
                return request.respond(200, "<h1>Soon</h1>", {"Content-Type": "text/html"})
            return request.redirect("/login") if request.path == "/account" else None

        view = site.view(trigger, uri="/maintenance")
        assert view is not None
        assert (view["page"], view["status"]) == ("/maintenance", 200)
        assert site.view(trigger, uri="/account") is None
        assert site.view(trigger, uri="/else") is None


def test_what_a_step_makes_of_the_answer_counts(site: Visited) -> None:
    @site.edge.viewer_response
    def no_page(request: Any, response: Any) -> None:
        response.headers.set("Content-Type", "text/plain")

    assert site.view() is None


class TestCountry:
    """CloudFront tells it at the origin's side, and views are counted at the viewer's."""

    def hand_over(self, site: Visited, **changes: Any) -> dict[str, str | None]:
        """What an answer of the origin carries towards the viewer."""
        answer = site.visit("origin-response", {"CloudFront-Viewer-Country": "AT"}, **changes)
        handed = answer["headers"].get("x-edgewise-viewer")
        return {"X-Edgewise-Viewer": handed[0]["value"] if handed else None}

    def test_it_is_handed_over_and_taken_out(self, site: Visited) -> None:
        handed = self.hand_over(site)
        answer = site.visit(response=handed)
        assert site.handed.views[-1]["country"] == "AT"
        assert "x-edgewise-viewer" not in answer["headers"]

    def test_so_is_that_of_a_page_which_a_step_at_the_origins_side_answers_with(self, site: Visited) -> None:
        @site.edge.origin_request
        def soon(request: Any) -> Any:
            return request.respond(200, "<h1>Soon</h1>", {"Content-Type": "text/html"})

        answer = site.visit("origin-request", {"CloudFront-Viewer-Country": "AT"})
        assert site.handed.lines == []
        site.visit(response={"X-Edgewise-Viewer": answer["headers"]["x-edgewise-viewer"][0]["value"]})
        assert [view["country"] for view in site.handed.views] == ["AT"]

    def test_a_hit_has_that_of_another_visitor_which_is_not_believed(self, site: Visited) -> None:
        handed = self.hand_over(site, request_id="another==")
        answer = site.visit(response=handed)
        assert "country" not in site.handed.views[-1]
        assert "x-edgewise-viewer" not in answer["headers"]

    def test_only_with_pages(self, site: Visited) -> None:
        assert self.hand_over(site, response={"Content-Type": "text/css"}) == {"X-Edgewise-Viewer": None}
        assert self.hand_over(site, status=404) == {"X-Edgewise-Viewer": None}

    def test_what_an_origin_sends_in_its_name_goes_no_further(self, site: Visited) -> None:
        forged = {"Content-Type": "text/css", "X-Edgewise-Viewer": "x;DE"}
        assert self.hand_over(site, response=forged) == {"X-Edgewise-Viewer": None}

    @pytest.mark.parametrize("header", ["de", "DEU", "D", "", "1A", "ÄÖ", ";;"])
    def test_what_is_no_country_is_none(self, start: Start, header: str) -> None:
        view = start(**ORIGIN).view("origin-response", {"CloudFront-Viewer-Country": header})
        assert view is not None
        assert "country" not in view

    def test_a_viewer_cannot_choose_it(self, site: Visited) -> None:
        view = site.view(headers={"CloudFront-Viewer-Country": "DE", "X-Edgewise-Viewer": "x;DE"})
        assert view is not None
        assert "country" not in view

    def test_a_table_of_addresses_takes_its_place(self, start: Start) -> None:
        site = start(countries=True)
        assert self.hand_over(site) == {"X-Edgewise-Viewer": None}
        for address, code in {"81.2.69.1": "GB", "2a02:2e0::1": "DE", "10.1.1.1": None, "?": None}.items():
            view = site.view(clientIp=address)
            assert view is not None
            assert view.get("country") == code

    def test_and_comes_before_what_cloudfront_says(self, start: Start) -> None:
        site = start(countries=True, **ORIGIN)
        for address, code in {"81.2.69.1": "GB", "10.1.1.1": None}.items():
            view = site.view("origin-response", {"CloudFront-Viewer-Country": "AT"}, clientIp=address)
            assert view is not None
            assert view.get("country") == code


class TestAtTheOrigin:
    """Where a CloudFront Function has the viewer's triggers."""

    def test_what_is_not_forwarded_is_not_known(self, start: Start) -> None:
        device = {"CloudFront-Is-Mobile-Viewer": "true", "CloudFront-Is-Tablet-Viewer": "true"}
        view = start(**ORIGIN).view(
            "origin-response", {**device, "User-Agent": "Amazon CloudFront", "Referer": None}
        )
        assert view is not None
        assert view["devices"] == ["tablet", "mobile"]
        assert "bot" not in view
        assert view["entry"] is True

    def test_the_origins_host_is_not_the_sites(self, start: Start) -> None:
        cf = load_event("origin-response")["Records"][0]["cf"]
        (kind,) = cf["request"]["origin"].values()
        view = start(**ORIGIN).view("origin-response", {"Host": kind["domainName"]})
        assert view is not None
        assert view["host"] == cf["config"]["distributionDomainName"]
        view = start(**ORIGIN).view("origin-response", {"Host": None})
        assert view is not None
        assert view["host"] == cf["config"]["distributionDomainName"]

    def test_a_click_inside_the_site_is_no_entry_where_its_names_are_known(self, start: Start) -> None:
        site = start(**ORIGIN, own_hosts=["/example.com", "/example.org", ".example.org"])
        own = {
            "https://example.com/",
            "https://www.example.com/a",
            "https://a.b.example.org/",
            "https://www.example.org/",
        }
        others = {"https://example.net/", "https://badexample.com/", "https://a.example.com/", None}
        for referrer in own | others:
            view = site.view("origin-response", {"Host": None, "Referer": referrer})
            assert view is not None
            assert view["entry"] is (referrer in others)
            assert ("referrer_host" in view) is (referrer in others and referrer is not None)

    def test_where_the_host_is_told_it_alone_is_the_sites(self, start: Start) -> None:
        view = start(**ORIGIN, own_hosts=["/shop.example.com"]).view(
            "origin-response", {"Host": "blog.example.com", "Referer": "https://shop.example.com/"}
        )
        assert view is not None
        assert (view["entry"], view["referrer_host"]) == (True, "shop.example.com")

    def test_by_a_forwarded_user_agent_bots_are_told(self, start: Start) -> None:
        headers = {"User-Agent": GOOGLEBOT} | {
            f"CloudFront-Is-{kind}-Viewer": None for kind in ("SmartTV", "Tablet", "Mobile", "Desktop")
        }
        view = start(**ORIGIN).view("origin-response", headers)
        assert view is not None
        assert (view["bot"], view["devices"]) == (True, ["desktop"])

    def test_the_page_of_an_error_is_no_view(self, start: Start) -> None:
        site = start(**ORIGIN)
        assert site.view("origin-response", {"CloudFront-Error-Uri": "/gone"}, uri="/sorry.html") is None
        assert site.view("origin-response", uri="/sorry.html") is not None


def test_visitors_are_told_apart_for_a_day(site: Visited) -> None:
    def visitor(**changes: Any) -> str:
        view = site.view(**changes)
        assert view is not None
        return str(view["visitor"])

    first = visitor(clientIp="81.2.69.160")
    assert first == visitor(clientIp="81.2.69.160", uri="/else")
    assert visitor(clientIp="2a02:2e0::1") == visitor(clientIp="2a02:2e0::2")
    others = {
        visitor(clientIp="81.2.69.161"),
        visitor(clientIp="81.2.69.160", headers={"User-Agent": IPHONE}),
        visitor(clientIp="2a02:2e0:0:1::1"),
    }
    site.clock.pass_time(86_400)
    others.add(visitor(clientIp="81.2.69.160"))
    assert len(others | {first}) == 5


def test_no_address_and_no_user_agent_leaves_the_function(start: Start) -> None:
    log = {"delivery": "stdout", "privacy": {"client_address": "drop"}}
    site = start(log=log, path="firehose")
    site.visit(
        clientIp="81.2.69.160", headers={"User-Agent": "Firefox-of-mine Mozilla/5.0", "Cookie": "a=secret"}
    )
    told = "\n".join(site.handed.lines + site.output.lines)
    assert site.handed.lines
    for private in ("81.2.69", "of-mine", "secret"):
        assert private not in told


def test_records_tell_how_many_views_went(start: Start) -> None:
    site = start(log={"delivery": "stdout"})
    site.visit()
    site.handed.dropped = 2
    site.visit("viewer-request")
    assert [(record["views_sent"], record["views_dropped"]) for record in site.output.records] == [(1, 2)]


def test_the_function_that_never_counts_reads_no_data(start: Start, tmp_path: Path) -> None:
    """Of the two functions of a site the one at the origin; it still hands over, and would count if it were asked."""
    site = start(folder=tmp_path, function="us-east-1.shop-origin")
    answer = site.visit("origin-response", {"CloudFront-Viewer-Country": "AT"})
    assert "x-edgewise-viewer" in answer["headers"]
    assert site.output.lines == []
    assert site.view() is not None


def test_a_hosts_name_is_as_it_was_asked_for_and_short(site: Visited) -> None:
    view = site.view(headers={"Host": "Shop.example:8443", "Referer": "http://shop.example/"})
    assert view is not None
    assert (view["host"], view["entry"]) == ("Shop.example:8443", False)
