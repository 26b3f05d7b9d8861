"""What is masked before a record leaves, by every delivery, and what never gets into one."""

from __future__ import annotations

import base64
import ipaddress
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.doubles import ENVIRON, Context, Output, load_event
from edgewise.edge import Edge, Request
from edgewise.edge.errors import SettingsError
from edgewise.edge.privacy import Keys, Privacy, allowed_query, truncate_address
from edgewise.edge.record import (
    HEADER_BYTES,
    INTEGERS,
    MOST_HEADERS,
    MOST_LINE_BYTES,
    TEXT,
    build_record,
    to_line,
)

DAY = 86_400_000_000
SITE_KEY = "a key of the site's, long enough"


def record_of(privacy: dict[str, Any], trigger: str = "viewer-request", **changes: Any) -> dict[str, Any]:
    """The record of a golden event whose request is changed."""
    output = Output()
    event = load_event(trigger)
    headers = changes.pop("headers", {})
    request = event["Records"][0]["cf"]["request"]
    request.update(changes)
    request["headers"].update({name: [{"key": name, "value": value}] for name, value in headers.items()})
    Edge({"log": {"delivery": "stdout", "privacy": privacy}}, write=output, environ=ENVIRON)(event, Context())
    (line,) = output.lines
    record: dict[str, Any] = json.loads(line)
    return record


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.24", "203.0.113.0"),
        ("2001:db8:85a3:8d3:1319:8a2e:370:7348", "2001:db8:85a3::"),
        ("2001:db8::7", "2001:db8::"),
        ("1::2:3:4:5:6:7", "1:0:2::"),
        ("::1", "::"),
        ("::ffff:203.0.113.24", "::"),
    ],
)
def test_an_address_is_cut_to_its_network(address: str, network: str) -> None:
    record = record_of({"client_address": "truncate"}, clientIp=address)
    assert record["client_ip"] == network
    assert (
        record_of({"client_address": "truncate"}, "origin-response", clientIp=address)["client_ip"] == network
    )


@given(st.ip_addresses())
def test_the_network_is_the_one_that_the_standard_library_finds(address: Any) -> None:
    bits = 24 if address.version == 4 else 48
    network = ipaddress.ip_network((address, bits), strict=False).network_address
    assert truncate_address(str(address)) == str(network)
    if address.version == 6:
        assert truncate_address(address.exploded) == str(network)


@given(st.text(alphabet="0123456789abcdef:.%gz", max_size=45) | st.text(max_size=12))
def test_what_is_no_address_is_left_out_and_never_passed_on(text: str) -> None:
    network = truncate_address(text)
    if network is not None:
        bits = 48 if ":" in network else 24
        assert ipaddress.ip_network(f"{network}/{bits}").prefixlen == bits


@pytest.mark.parametrize(
    "odd", [7, None, ["203.0.113.24"], "", "unknown", "203.0.113", "203.0.113.256", "1:2:3"]
)
@pytest.mark.parametrize("way", ["truncate", "drop"])
def test_an_odd_address_does_not_slip_through(odd: Any, way: str) -> None:
    assert "client_ip" not in record_of({"client_address": way}, clientIp=odd)


def test_an_address_can_be_dropped_or_kept() -> None:
    assert "client_ip" not in record_of({"client_address": "drop"})
    assert record_of({})["client_ip"] == "203.0.113.24"


def test_a_hash_without_a_key_of_the_site_is_good_in_its_environment_only() -> None:
    output = Output()
    settings = {"log": {"delivery": "stdout", "privacy": {"client_address": "hash", "visitor": True}}}
    edges = [Edge(settings, write=output, environ=ENVIRON) for _ in range(2)]
    for edge in (*edges, edges[0]):
        edge(load_event("viewer-request"), Context())
    first, other, again = output.records
    for name in ("client_ip", "visitor"):
        assert first[name] == again[name] != other[name]
        assert first[name].endswith(f"@{first['environment_id']}")
    assert first["client_ip"] != first["visitor"]
    assert not any("203.0.113.24" in line for line in output.lines)


def masked(key: str | None, now: int = 0, **facts: str) -> dict[str, Any]:
    """Facts after masking, with a key of the site's or one of the environment's own."""
    privacy = {"client_address": "hash", "query": "keep", "headers": [], "visitor": True}
    made: dict[str, Any] = {
        "trigger": "viewer-request",
        "distribution_id": "E1",
        "client_ip": "203.0.113.24",
        "user_agent": "Firefox",
        **facts,
    }
    Privacy(privacy, Keys("environment", None if key is None else lambda: key)).mask(made, now)
    return made


def test_with_a_key_of_the_site_all_environments_hash_alike() -> None:
    first, second = masked(SITE_KEY), masked(SITE_KEY)
    assert (first["client_ip"], first["visitor"]) == (second["client_ip"], second["visitor"])
    assert len(first["visitor"]) == len(first["client_ip"]) == 16
    other = masked(SITE_KEY + "!")
    assert {first["client_ip"], first["visitor"]}.isdisjoint({other["client_ip"], other["visitor"]})


def test_a_visitor_is_another_one_tomorrow_and_an_address_is_not() -> None:
    today, evening, tomorrow = (masked(SITE_KEY, now) for now in (0, DAY - 1, DAY))
    assert today["visitor"] == evening["visitor"] != tomorrow["visitor"]
    assert today["client_ip"] == tomorrow["client_ip"]


def test_the_environments_own_key_lives_for_a_day() -> None:
    keys = Keys("environment")
    today, evening, tomorrow = (keys.key(day) for day in (7, 7, 8))
    assert today == evening != tomorrow
    assert len(tomorrow) == 32


@pytest.mark.parametrize(
    "facts", [{"user_agent": "Safari"}, {"client_ip": "203.0.113.25"}, {"distribution_id": "E2"}]
)
def test_a_visitor_is_an_address_and_a_browser_at_one_site(facts: dict[str, str]) -> None:
    assert masked(SITE_KEY, **facts)["visitor"] != masked(SITE_KEY)["visitor"]


def test_an_ipv6_visitor_is_known_by_the_network() -> None:
    first, same, other = (
        masked(SITE_KEY, client_ip=f"2001:db8:1:{end}") for end in ("2::a", "2:b:c:d:e", "3::a")
    )
    assert first["visitor"] == same["visitor"] != other["visitor"]
    assert len({first["client_ip"], same["client_ip"], other["client_ip"]}) == 3


def test_origin_triggers_know_the_address_and_not_the_visitor() -> None:
    facts = masked(SITE_KEY, trigger="origin-response", user_agent="Amazon CloudFront")
    assert "visitor" not in facts
    assert facts["client_ip"] == masked(SITE_KEY)["client_ip"]


def test_a_key_that_cannot_be_had_costs_the_fields_that_need_it_and_nothing_is_shown_instead() -> None:
    def read() -> str:
        raise TimeoutError("no secrets today")

    privacy = Privacy(
        {"client_address": "hash", "query": "drop", "headers": [], "visitor": True}, Keys("e", read)
    )
    facts: dict[str, Any] = {"trigger": "viewer-request", "client_ip": "203.0.113.24", "query": "a=1"}
    with pytest.raises(TimeoutError):
        privacy.mask(facts, 0)
    assert not facts["client_ip"] and not facts["query"] and "visitor" not in facts


def test_a_key_for_each_day_is_good_on_its_day_alone_and_tells_nothing_of_the_others() -> None:
    both = json.dumps({"1970-01-01": SITE_KEY, "1970-01-02": SITE_KEY + "!", "1970-01-04": "short"})
    later = json.dumps({"1970-01-02": SITE_KEY + "!", "1970-01-03": SITE_KEY + "?"})
    today, same, tomorrow = masked(both), masked(both, DAY - 1), masked(both, DAY)
    assert (today["visitor"], today["client_ip"]) == (same["visitor"], same["client_ip"])
    assert tomorrow == masked(later, DAY)  # whatever else the secret holds
    assert today["client_ip"] != tomorrow["client_ip"] and today["visitor"] != tomorrow["visitor"]
    with pytest.raises(SettingsError, match=r"none for 1970-01-01$"):
        masked(later)
    for unusable in (both, '{"1970-01-04": 7}', '{"1970-01-04": null}'):
        with pytest.raises(SettingsError, match="fewer than 16"):
            masked(unusable, 3 * DAY)
    with pytest.raises(SettingsError, match=r"none for 1970-01-01$"):
        masked("{" + SITE_KEY)


def test_a_key_that_was_replaced_is_not_used_again() -> None:
    texts = [SITE_KEY, SITE_KEY, SITE_KEY + "!"]
    keys = Keys("environment", lambda: texts.pop(0))
    first, same, other = keys.key(7), keys.key(7), keys.key(7)
    assert first == same != other


def test_a_key_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(SettingsError, match="fewer than 16"):
        masked("short")


def test_a_dropped_query_is_gone_from_the_referrer_too() -> None:
    referrer = "https://shop.example/reset?token=t0p-secret#t0p-secret"
    record = record_of({"query": "drop"}, querystring="token=t0p-secret", headers={"referer": referrer})
    assert "query" not in record
    assert record["referrer"] == "https://shop.example/reset"
    kept = record_of({}, querystring="token=t", headers={"referer": referrer})
    assert (kept["query"], kept["referrer"]) == ("token=t", referrer)


@pytest.mark.parametrize("query", ["keep", "drop", ["q"]])
@pytest.mark.parametrize(
    ("referrer", "recorded"),
    [
        ("https://u:S3cr3t@a.example/p", "https://a.example/p"),
        ("https://S3cr3t@a.example", "https://a.example"),
        ("//u:S3@cr3t@a.example:8443/", "//a.example:8443/"),
        ("https://u:S3cr3t@a.example?q=1", "https://a.example?q=1"),
        ("https://a.example/@someone", "https://a.example/@someone"),
        ("https://u:S3cr3t@a.example/@someone", "https://a.example/@someone"),
    ],
)
def test_a_user_and_a_password_are_cut_from_every_referrer(query: Any, referrer: str, recorded: str) -> None:
    record = record_of({"query": query}, headers={"referer": referrer})
    assert record["referrer"] == (recorded.partition("?")[0] if query == "drop" else recorded)


@pytest.mark.parametrize("query", ["drop", ["sid", "q"]])
@pytest.mark.parametrize("trigger", ["viewer-request", "origin-response"])
def test_parameters_in_a_path_go_with_those_of_the_query(query: Any, trigger: str) -> None:
    path, referrer = "/a;sid=S3cr3t/b;S3cr3t", "https://a.example/c;jsessionid=S3cr3t?q=1"
    record = record_of({"query": query}, trigger, uri=path, headers={"referer": referrer})
    assert record["path"] == "/a/b"
    assert record["referrer"] == "https://a.example/c" + ("" if query == "drop" else "?q=1")
    kept = record_of({}, trigger, uri=path, headers={"referer": referrer})
    assert (kept["path"], kept["referrer"]) == (path, referrer)


def test_only_allowed_parameters_are_recorded() -> None:
    query = "size=m&token=t0p&size=l&%73ize=x&q=a%26b;pin=1234&q&=7"
    record = record_of(
        {"query": ["size", "q"]}, querystring=query, headers={"referer": "https://a.example/b?pin=1&q=2"}
    )
    assert record["query"] == "size=m&size=l&q=a%26b&q"
    assert record["referrer"] == "https://a.example/b?q=2"


@given(st.text(alphabet="ab=&;%2", max_size=30), st.lists(st.sampled_from(["a", "b", ""]), max_size=2))
def test_no_parameter_of_another_name_passes(query: str, allowed: list[str]) -> None:
    kept = allowed_query(query, tuple(allowed))
    assert all(part.partition("=")[0] in allowed for part in kept.split("&") if kept)
    assert len(kept) <= len(query)


def test_allowed_headers_have_fields_of_their_own_and_no_others_are_recorded() -> None:
    headers = {"x-app-version": "1.2", "x-other": "no", "header_x_app_version": "no", "dnt": "1" * 300}
    record = record_of({"headers": ["X-App-Version", "DNT", "x-absent"]}, headers=headers)
    assert record["header_x_app_version"] == "1.2"
    assert record["header_dnt"] == "1" * HEADER_BYTES
    assert record["truncated"] == "header_dnt"
    assert [name for name in record if name.startswith("header_")] == ["header_x_app_version", "header_dnt"]


# What JSON can bring in place of anything.
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=12),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
SECRET = "S3cr3t-of-the-visitor"
PRIVACIES = [
    {"client_address": address, "query": query, "visitor": visitor, "headers": ["x-app", "accept"]}
    for address, query, visitor in (
        ("keep", "drop", False),
        ("truncate", ["size"], True),
        ("hash", "drop", True),
        ("drop", ["size"], False),
    )
]
WAYS = [
    lambda request: ValueError(SECRET),
    lambda request: ValueError(repr(request.cookies)[:40]),
    lambda request: KeyError(request.headers.get("authorization")),
    lambda request: OSError(5, SECRET, SECRET),
    lambda request: UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, SECRET),
]


@settings(deadline=None)  # a processor that is busy elsewhere is no fault
@given(
    privacy=st.sampled_from(PRIVACIES),
    trigger=st.sampled_from(["viewer-request", "origin-response", "viewer-response"]),
    way=st.sampled_from(WAYS),
    odd=st.dictionaries(
        st.sampled_from(["uri", "method", "clientIp", "origin", "body"]), ANYTHING, max_size=3
    ),
    odd_headers=st.dictionaries(
        st.sampled_from(["host", "user-agent", "x-app", "accept"]) | st.text(max_size=5), ANYTHING, max_size=3
    ),
    config=st.dictionaries(
        st.sampled_from(["distributionId", "requestId"]), st.text(st.characters(), max_size=200)
    ),
)
def test_whatever_an_event_holds_no_secret_leaves(
    privacy: dict[str, Any],
    trigger: str,
    way: Any,
    odd: dict[str, Any],
    odd_headers: dict[str, Any],
    config: dict[str, str],
) -> None:
    event = load_event(trigger)
    cf = event["Records"][0]["cf"]
    cf["config"].update(config)
    cf["request"].update(odd, querystring=f"token={SECRET}&size=m&{SECRET}")
    basic = base64.b64encode(SECRET.encode()).decode()
    cf["request"]["headers"].update(odd_headers)
    for name, value in {
        "cookie": f"session={SECRET}",
        "authorization": f"Basic {basic}",
        "proxy-authorization": SECRET,
        "referer": f"https://shop.example/?{SECRET}",
    }.items():
        cf["request"]["headers"][name] = [{"key": name, "value": value}]
    if "response" in cf:
        cf["response"]["headers"]["set-cookie"] = [{"key": "Set-Cookie", "value": f"session={SECRET}"}]
    output = Output()
    edge = Edge({"log": {"delivery": "stdout", "privacy": privacy}}, write=output, environ=ENVIRON)

    def broken(request: Request, *_: Any) -> None:
        raise way(request)

    getattr(edge, trigger.replace("-", "_"))(optional=True)(broken)
    for _ in range(2):
        edge(event, Context())
    assert len(output.lines) == 2
    allowed = {
        *TEXT,
        *INTEGERS,
        "duration_ms",
        "sample_rate",
        "cold",
        "truncated",
        "header_x_app",
        "header_accept",
    }
    for line in output.lines:
        assert line.isascii() and line.isprintable()
        assert len(line) <= MOST_LINE_BYTES
        assert SECRET not in line and basic not in line
        assert json.loads(line).keys() <= allowed
        assert ("client_ip" in json.loads(line)) <= (privacy["client_address"] != "drop")


@given(
    st.text(st.characters(), max_size=40)
    | st.sampled_from(["\x00" * 5000, "\x7f" * 5000, "\ud800" * 5000, "\U0001f600" * 5000, "é" * 5000]),
    st.sampled_from(sorted(TEXT)),
)
def test_a_mark_says_truly_whether_text_was_cut(text: str, name: str) -> None:
    record = build_record({name: text})
    whole = text.encode("utf-8", "replace")
    kept = str(record.get(name, "")).encode()
    assert whole.startswith(kept)
    assert len(kept) <= TEXT[name]
    assert (record.get("truncated") == name) == (kept != whole)
    assert len(whole) - len(kept) < 4 or len(kept) > TEXT[name] - 4
    assert json.loads(to_line(record)) == record


@pytest.mark.parametrize("character", ["\x00", "\x7f", "\u2028", "\ud800", "\U0001f600", '"', "\\"])
def test_the_longest_line_there_can_be_is_within_its_limit(character: str) -> None:
    headers = {f"header_x{'_' * 35}{number}": HEADER_BYTES for number in range(MOST_HEADERS)}
    fields = TEXT | headers
    facts: dict[str, Any] = dict.fromkeys(fields, character * 5000) | dict.fromkeys(INTEGERS, 2**63)
    facts |= {"duration_ms": 1 / 3, "waited_ms": 1 / 3, "sample_rate": 1 / 3, "cold": True}
    line = to_line(build_record(facts, fields))
    assert len(line) <= MOST_LINE_BYTES
    assert len(json.loads(line)["truncated"].split(",")) == len(fields)


@pytest.mark.parametrize("wrong", [{"privacy": {"client_adress": "drop"}}, {"client_address": "drop"}])
def test_settings_that_cannot_be_used_do_not_unmask(wrong: dict[str, Any]) -> None:
    output = Output()
    settings = {"log": {"delivery": "stdout", **wrong}}
    Edge(settings, write=output, environ=ENVIRON)(load_event("viewer-request"), Context())
    (record,) = output.records
    assert not {"client_ip", "query"} & record.keys()
    assert output.notes[0].startswith("edgewise: the settings: log.")
    assert "log.privacy" in output.notes[0]
