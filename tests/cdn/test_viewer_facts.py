"""What CloudFront says of a viewer: device, place and connection, and how a request of this machine may say it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.agents.devices import devices
from edgewise.cdn.message import Headers, Request
from edgewise.cdn.places import NAMES, place_of
from edgewise.cdn.trace import access_record
from edgewise.cdn.viewerfacts import SPELLING, ViewerFacts, viewer_facts
from support.running import APP_ID, associations, behavior, running_cdn, running_origin, template

HANDHELD = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148"
)


def request(*lines: tuple[str, str], **fields: Any) -> Request:
    return Request(
        "GET", "/", headers=Headers(lines), **{"viewer": "127.0.0.1", "viewer_port": 5000, **fields}
    )


def facts(*lines: tuple[str, str], **fields: Any) -> ViewerFacts:
    return viewer_facts(request(*lines, **fields))


def said(of: ViewerFacts, name: str) -> str:
    return of.header(f"cloudfront-{name}")


# Devices.


@pytest.mark.parametrize(
    ("agent", "kinds"),
    [
        (HANDHELD, "ios mobile"),
        (
            "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
            "ios mobile tablet",
        ),
        ("Mozilla/5.0 (iPod touch; CPU iPhone OS 12_0 like Mac OS X) AppleWebKit/604.1", "ios mobile"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/126.0.0.0 Mobile Safari/537.36", "android mobile"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0", "android mobile"),
        ("Mozilla/5.0 (Linux; Android 13; SM-X906C) Chrome/126.0.0.0 Safari/537.36", "android tablet"),
        (
            "Mozilla/5.0 (Linux; Android 9; KFMAWI) Silk/126.2.1 like Chrome/126.0 Safari/537.36",
            "android tablet",
        ),
        ("Mozilla/5.0 (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0", "android tablet"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0.0.0 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.5 Safari/605.1.15", "desktop"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "desktop"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/126.0.0.0 Safari/537.36", "desktop"),
        ("Mozilla/5.0 (Linux; Android 9; AFTKA) Silk/98.6 like Chrome/98.0 Safari/537.36", "android smarttv"),
        ("Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) SamsungBrowser/2.2 TV Safari/537.36", "smarttv"),
        ("Mozilla/5.0 (Web0S; Linux/SmartTV) Chrome/94.0 Safari/537.36 WebAppManager", "smarttv"),
        ("Mozilla/5.0 (Linux; Android 12; BRAVIA 4K VH2) Chrome/110 Safari/537.36", "android smarttv"),
        ("AppleTV11,1/11.1", "smarttv"),
        ("Roku/DVP-12.0 (12.0.0.4182-88)", "smarttv"),
        (
            "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) Chrome/52 Mobile like iPhone",
            "mobile",
        ),
        ("Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/29.3709; U; en) Presto/2.8.119", "mobile"),
        ("Mozilla/5.0 (BB10; Touch) AppleWebKit/537.10+ Version/10.0.9 Mobile Safari/537.10+", "mobile"),
        ("curl/8.7.1", "desktop"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "desktop"),
        ("", "desktop"),
    ],
)
def test_the_device_is_read_from_the_user_agent(agent: str, kinds: str) -> None:
    assert devices(agent) == set(kinds.split())
    of = facts(("User-Agent", agent))
    for kind in ("android", "desktop", "ios", "mobile", "smarttv", "tablet"):
        assert said(of, f"is-{kind}-viewer") == ("true" if kind in kinds.split() else "false")


@given(st.text(max_size=80))
def test_every_user_agent_is_some_device(agent: str) -> None:
    kinds = devices(agent)
    assert kinds and kinds <= {"android", "desktop", "ios", "mobile", "smarttv", "tablet"}
    assert not ("desktop" in kinds and kinds & {"mobile", "tablet", "smarttv"})


# Places.


def test_without_a_word_the_viewer_is_in_frankfurt() -> None:
    of = facts()
    assert of.country == "DE"
    assert {
        name: said(of, f"viewer-{name}") for name in ("country-name", "country-region", "city", "time-zone")
    } == {
        "country-name": "Germany",
        "country-region": "HE",
        "city": "Frankfurt am Main",
        "time-zone": "Europe/Berlin",
    }
    assert (said(of, "viewer-latitude"), said(of, "viewer-metro-code")) == ("50.11090", "")


def test_a_country_brings_a_place_of_its_own() -> None:
    of = facts(("Edgewise-Viewer-Country", "us"))
    assert (of.country, said(of, "viewer-city"), said(of, "viewer-metro-code")) == ("US", "Seattle", "819")
    assert said(of, "viewer-country-region-name") == "Washington"


def test_of_a_country_without_a_place_only_code_and_name_are_known() -> None:
    of = facts(("Edgewise-Viewer-Country", "TV"))
    assert (of.country, said(of, "viewer-country-name")) == ("TV", "Tuvalu")
    assert not any(said(of, f"viewer-{name}") for name in ("city", "latitude", "time-zone", "postal-code"))
    unknown = facts(("Edgewise-Viewer-Country", "T1"))
    assert (unknown.country, said(unknown, "viewer-country-name")) == ("T1", "")


def test_the_table_of_places_holds_together() -> None:
    assert len(NAMES) == 249
    for code in NAMES:
        place = place_of(code)
        assert re.fullmatch("[A-Z]{2}", code) and place.country_name
        assert all(value.isascii() for value in (place.country_name, place.region_name, place.city))
        if place.city:
            assert re.fullmatch(r"[A-Z][a-z]+(/[A-Z][A-Za-z_]+){1,2}", place.time_zone)
            assert len(place.region) <= 3
            assert re.fullmatch(r"-?\d{1,2}\.\d{5}", place.latitude)
            assert re.fullmatch(r"-?\d{1,3}\.\d{5}", place.longitude)
        assert bool(place.metro_code) is (code == "US")


# The connection.


def test_the_connection_is_told_as_it_is() -> None:
    of = facts(("host", "x"), ("Accept", "y"), ("accept", "z"), scheme="https", http_version="2")
    assert said(of, "viewer-address") == "127.0.0.1:5000"
    assert said(of, "viewer-http-version") == "2.0"
    assert said(of, "forwarded-proto") == "https"
    assert said(of, "viewer-header-order") == "host:Accept:accept"
    assert said(of, "viewer-header-count") == "3"
    assert said(of, "viewer-asn") == "64496"


def test_the_order_of_headers_is_cut_at_its_limit() -> None:
    of = facts(*((f"X-{number:04}", "") for number in range(2000)))
    assert len(said(of, "viewer-header-order")) == 7680
    assert said(of, "viewer-header-count") == "2000"


@pytest.mark.parametrize(
    "name", ["viewer-ja3-fingerprint", "viewer-ja4-fingerprint", "viewer-tls", "error-uri", "unheard-of"]
)
def test_what_is_not_known_is_absent_unless_it_is_given(name: str) -> None:
    assert said(facts(), name) == ""
    assert said(facts((f"Edgewise-{name}", "given")), name) == "given"


# The headers of ours.


@pytest.mark.parametrize("name", sorted(name.removeprefix("cloudfront-") for name in SPELLING))
def test_every_header_of_cloudfronts_can_be_set_and_emptied(name: str) -> None:
    if name == "viewer-address":
        return
    upper = name == "viewer-country"
    assert said(facts((f"EDGEWISE-{name}", " set ")), name) == ("SET" if upper else "set")
    assert said(facts((f"edgewise-{name}", "")), name) == ""


def test_they_are_taken_off_the_request_and_no_other_header_is() -> None:
    told = request(
        ("Host", "x"),
        ("Edgewise-Location", "NRT57-P2"),
        ("ETag", "e"),
        ("edgewise-anything", "1"),
        ("E", "f"),
    )
    assert viewer_facts(told).location == "NRT57-P2"
    assert told.headers.lines == [("Host", "x"), ("ETag", "e"), ("E", "f")]
    assert facts().location == ""


@pytest.mark.parametrize("viewer", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"])
def test_a_viewer_of_another_machine_is_not_believed(viewer: str) -> None:
    told = request(
        ("Edgewise-Viewer-Country", "JP"),
        ("Edgewise-Viewer-Address", "203.0.113.9"),
        ("Edgewise-Location", "NRT57-P2"),
        viewer=viewer,
    )
    of = viewer_facts(told)
    assert (of.country, of.location, told.viewer, len(told.headers)) == ("DE", "", viewer, 0)


@pytest.mark.parametrize("viewer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_a_viewer_of_this_machine_is_believed(viewer: str) -> None:
    assert facts(("Edgewise-Viewer-Country", "JP"), viewer=viewer).country == "JP"


@pytest.mark.parametrize(
    ("given_address", "address", "port"),
    [
        ("203.0.113.9", "203.0.113.9", 5000),
        ("203.0.113.9:46532", "203.0.113.9", 46532),
        ("2001:db8::1", "2001:db8::1", 5000),
        ("[2001:db8::1]", "2001:db8::1", 5000),
        ("[2001:DB8::1]:443", "2001:db8::1", 443),
        ("203.0.113.9:99999", "203.0.113.9", 5000),
        ("203.0.113.9:", "203.0.113.9", 5000),
        ("203.0.113.9:" + "9" * 5000, "203.0.113.9", 5000),
        ("", "127.0.0.1", 5000),
        ("here", "127.0.0.1", 5000),
        ("[", "127.0.0.1", 5000),
        ("300.1.1.1:80", "127.0.0.1", 5000),
    ],
)
def test_the_viewers_address_can_be_given_with_a_port(given_address: str, address: str, port: int) -> None:
    told = request(("Edgewise-Viewer-Address", given_address))
    of = viewer_facts(told)
    assert (told.viewer, told.viewer_port) == (address, port)
    assert said(of, "viewer-address") == f"{address}:{port}"
    # There is no database of addresses: the place stays the default one.
    assert of.country == "DE"


def test_what_is_not_ascii_is_percent_encoded() -> None:
    wire = "Saint-Étienne".encode().decode("latin-1")
    assert said(facts(("Edgewise-Viewer-City", wire)), "viewer-city") == "Saint-%C3%89tienne"
    assert said(facts(("Edgewise-Viewer-City", "100% of <it>")), "viewer-city") == "100% of <it>"
    assert said(facts(("Edgewise-Viewer-Country", "BR")), "viewer-city") == "S%C3%A3o Paulo"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Edgewise-Viewer-Address", "Edgewise-X", "Edgewise-", "X"]),
            st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=20),
        )
    )
)
def test_whatever_is_said_every_fact_is_one_line_of_ascii(lines: list[tuple[str, str]]) -> None:
    of = facts(*lines)
    for name in SPELLING:
        value = of.header(name)
        assert value.isascii() and "\n" not in value


SHOW_COUNTRY = """
def handler(event, context):
    cf = event["Records"][0]["cf"]
    headers = cf["request"]["headers"]
    seen = headers.get("cloudfront-viewer-country", [{"value": "none"}])[0]["value"]
    name = "x-seen-at-" + cf["config"]["eventType"]
    headers[name] = [{"key": name, "value": seen}]
    return cf["request"]
"""


def test_viewer_functions_see_the_viewers_own_header_and_the_origin_side_cloudfronts(tmp_path: Path) -> None:
    place = behavior(
        OriginRequestPolicyId="33f36d7e-f396-46d9-90e0-52428a34d9dc",
        LambdaFunctionAssociations=associations("viewer-request", "origin-request"),
    )
    asked = {"CloudFront-Viewer-Country": "XX", "Edgewise-Viewer-Country": "jp", "Edgewise-Other": "1"}
    with (
        running_origin() as origin,
        running_cdn(tmp_path, template(place), {"app.py": SHOW_COUNTRY}, origins={APP_ID: origin.url}) as cdn,
    ):
        assert cdn.request("/", headers=asked).status == 200
        headers = origin.seen[0][2]
        assert access_record(cdn.traces[0])["country"] == "JP"
    assert headers.get_all("CloudFront-Viewer-Country") == ["JP"]
    assert headers["x-seen-at-viewer-request"] == "XX"
    assert headers["x-seen-at-origin-request"] == "JP"
    assert not [name for name in headers if name.lower().startswith("edgewise-")]
