"""What must not be in a record is not in it, and visitors are those of the edge."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgewise.edge.privacy import Keys, Privacy
from edgewise.realtime import FIELDS as ALL
from edgewise.realtime import TELLING, LineError, in_order, record
from edgewise.transform.function import KeyReader, RandomKeys, transform_of
from edgewise.transform.masking import Masking
from transform.lines import FIELDS, VALUES, batch, line, made

NOTHING = {"client_address": "keep", "query": "keep", "headers": [], "visitor": False}
KEY = "0123456789abcdef"


def masked(keys: Keys | None = None, **privacy: Any) -> dict[str, Any]:
    mask = Masking(NOTHING | privacy, keys or Keys("e-1"))
    return mask(record(line().rstrip("\n"), FIELDS))


def test_headers_are_those_that_are_named_and_a_torn_one_is_none() -> None:
    assert not {"cs_headers", "header_cookie", "header_x_app"} & masked().keys()
    one = masked(headers=["x-app", "x-ap"])
    assert one["header_x_app"] == "seven, 8" and "header_x_ap" not in one


def test_a_header_that_is_cut_off_is_none_even_where_its_value_has_begun() -> None:
    mask = Masking({**NOTHING, "headers": ["x-app"]}, Keys("e-1"))
    text = line(cs_headers="Host:a%0AX-App:sev").rstrip("\n")
    assert "header_x_app" not in mask(record(text, FIELDS))


def test_cookies_are_in_no_record_though_a_line_had_them() -> None:
    fields = in_order((*FIELDS, "cs-cookie"))
    values = VALUES | {"cs-cookie": "session=1"}
    one = Masking(NOTHING, Keys("e-1"))(record("\t".join(values[name] for name in fields), fields))
    assert "cs_cookie" not in one and "session=1" not in json.dumps(one)


# What each field may have in a line that must not become known: addresses, queries, headers.
TOLD = {
    **dict.fromkeys(ALL, "-"),
    **VALUES,
    "x-host-header": "d111111abcdef8.cloudfront.net",
    "s-ip": "192.0.2.1",
    "asn": "64500",
    "c-port": "4711",
    "cs-protocol-version": "HTTP/2.0",
    "c-ip-version": "IPv4",
    "ssl-protocol": "TLSv1.3",
    "x-edge-response-result-type": "Error",
    "x-edge-detailed-result-type": "Error",
    "cs-accept": "*/*",
    "ssl-cipher": "TLS_AES_128_GCM_SHA256",
    "cs-accept-encoding": "gzip,%20br",
    "cs-headers-count": "3",
    "cs-header-names": "Host%0ACookie%0A",
    "sc-content-len": "7",
    "cmcd-session-id": "a-b",
    "cs-headers": "Cookie:session=1%0A",
}
MORE = st.sampled_from([one for one in ALL if one != "cs-cookie" and one not in TELLING])
# Pairs of lists of one length, so that no line is known by that.
LISTS = st.tuples(st.sets(MORE, max_size=12), st.lists(st.tuples(MORE, MORE), max_size=4)).map(
    lambda drawn: swapped(drawn[0], drawn[1])
)


def swapped(common: set[str], pairs: list[tuple[str, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    old, new = ({*TELLING, *common, *side} for side in (dict(pairs), dict(pairs).values()))
    least = min(len(old), len(new))
    return cut(old, least), cut(new, least)


def cut(fields: set[str], length: int) -> tuple[str, ...]:
    more = [name for name in in_order(fields) if name not in TELLING]
    return in_order((*TELLING, *more[: length - len(TELLING)]))


@example(swapped(set(), [("x-forwarded-for", "ssl-cipher")]), "-", False)
@example(swapped(set(), [("x-forwarded-for", "ssl-cipher")]), "-", True)
@example(
    swapped(set(), [("x-forwarded-for", "cs-accept"), ("x-edge-response-result-type", "c-port")]), "-", True
)
@example(swapped(set(), [("x-forwarded-for", "cmcd-session-id")]), "-", False)
@example(swapped(set(), [("x-forwarded-for", "cs-protocol-version")]), "-", False)
@example(swapped(set(), [("cs-headers", "cmcd-content-id")]), "-", False)
@example(swapped(set(), [("c-ip-version", "ssl-cipher")]), "-", False)
@example(swapped(set(), [("c-ip", "s-ip")]), "-", False)
@example(swapped(set(), [("c-ip", "cs-host")]), "-", False)
@example(swapped(set(), [("cs-uri-stem", "cs-host")]), "-", False)
@given(LISTS, st.sampled_from(["-", "curl/8.0", VALUES["cs-user-agent"]]), st.booleans())
def test_no_line_of_another_list_of_fields_brings_what_is_masked(
    lists: tuple[tuple[str, ...], tuple[str, ...]], agent: str, six: bool
) -> None:
    old, new = lists
    addresses = ("2001:db8::77", "2001:db8::1") if six else ("203.0.113.77", "198.51.100.7")
    told = TOLD | {"c-ip": addresses[0], "x-forwarded-for": addresses[1], "cs-user-agent": agent}
    mask = Masking({**NOTHING, "client_address": "truncate", "query": "drop"}, Keys("e-1"))
    try:
        shown = json.dumps(mask(record("\t".join(told[name] for name in old), new)))
    except LineError:
        return
    assert not [one for one in (*addresses, "secret", "session=1", "user:pass") if one in shown]


@pytest.mark.parametrize("into", ["x-edge-response-result-type", "ssl-cipher", "fle-status"])
def test_a_word_that_is_a_query_comes_into_no_field_behind_it(into: str) -> None:
    """An old line with the version of HTTP, which now seems to be the user agent: each text is one place too far."""
    old, new = in_order((*TELLING, "cs-protocol-version")), in_order((*TELLING, into))
    told = TOLD | {"cs-uri-query": "secret"}
    mask = Masking({**NOTHING, "query": "drop"}, Keys("e-1"))
    assert "secret" not in json.dumps(mask(record("\t".join(told[name] for name in old), new)))


def test_a_header_is_decoded_once() -> None:
    mask = Masking({**NOTHING, "headers": ["x-app"]}, Keys("e-1"))
    text = line(cs_headers="Host:a%0AX-App:b%2520c%0A").rstrip("\n")
    assert mask(record(text, FIELDS))["header_x_app"] == "b%20c"


def test_query_strings_everywhere_they_are() -> None:
    kept = masked(query=["page"])
    assert (kept["query"], kept["path"]) == ("page=2", "/café/a%20b")
    assert kept["referrer"] == "https://example.com/?page=1"
    dropped = masked(query="drop")
    assert "query" not in dropped and dropped["referrer"] == "https://example.com/"


@pytest.mark.parametrize(("how", "address"), [("truncate", "203.0.113.0"), ("drop", None)])
def test_addresses(how: str, address: str | None) -> None:
    one = masked(client_address=how)
    assert one.get("client_ip") == address and "x_forwarded_for" not in one
    assert masked()["x_forwarded_for"] == "198.51.100.7, 203.0.113.77"


def test_hashes_are_those_of_the_edge() -> None:
    one = masked(Keys("here", lambda: KEY), client_address="hash", visitor=True)
    edge = {
        "client_ip": "203.0.113.77",
        "user_agent": "Mozilla/5.0 (X11)",
        "distribution_id": "EMLARXS9EXAMPLE",
        "trigger": "viewer-request",
    }
    Privacy({**NOTHING, "client_address": "hash", "visitor": True}, Keys("there", lambda: KEY)).mask(
        edge, one["_timestamp"]
    )
    assert (one["client_ip"], one["visitor"]) == (edge["client_ip"], edge["visitor"])
    # Without a key of the site's nobody takes two environments' hashes for one visitor.
    assert masked(visitor=True)["visitor"].endswith("@e-1")


def visitors(*days: int) -> list[str | None]:
    """The hashes of one visitor in a batch, of lines of these days, by a function without a key of the site's."""
    settings = {"fields": list(FIELDS), "privacy": {**NOTHING, "visitor": True}}
    lines = [line(timestamp=f"{1_759_687_234 + day * 86_400}.000") for day in days]
    answer, _ = transform_of(settings, RandomKeys("e-1"))(batch(*lines))
    return [one.get("visitor") for one in made(answer)]


def test_one_visitor_of_one_day_has_one_hash_also_around_midnight() -> None:
    first, second, again, also = visitors(0, 1, 0, 1)
    assert first == again and second == also and first != second
    assert str(first).endswith("@e-1")


def test_of_a_day_whose_random_key_is_gone_no_second_hash_is_made() -> None:
    found = visitors(0, 1, 2, 0, 1, 2)
    assert None not in found[:3] and found[3] is None and found[4:] == found[1:3]


def test_without_its_key_a_record_is_delivered_without_the_hash() -> None:
    def away() -> str:
        raise OSError("no route to a host")

    settings = {"fields": list(FIELDS), "privacy": {**NOTHING, "client_address": "hash", "visitor": True}}
    answer, trouble = transform_of(settings, Keys("e-1", away))(batch(line(), line()))
    assert [one["result"] for one in answer["records"]] == ["Ok", "Ok"]
    assert all(not {"client_ip", "visitor", "trigger"} & one.keys() for one in made(answer))
    assert trouble == {"without_hash": {"OSError": 2}}


def test_each_record_of_a_sample_says_so() -> None:
    settings = {"fields": list(FIELDS), "privacy": NOTHING, "sample_rate": 0.05}
    (one,) = made(transform_of(settings, Keys("e-1"))(batch(line()))[0])
    assert one["sample_rate"] == 0.05


def test_a_key_is_read_anew_after_a_while_and_serves_on_while_it_is_away() -> None:
    now, texts = [0.0], ["a" * 16, "b" * 16]

    def fetch() -> str:
        if not texts:
            raise OSError("away")
        return texts.pop(0)

    read = KeyReader(fetch, lambda: now[0])
    assert [read(), read()] == ["a" * 16] * 2
    now[0] = 301.0
    assert read() == "b" * 16
    now[0] = 602.0
    assert read() == "b" * 16
    never = KeyReader(fetch, lambda: now[0])
    for kind in (OSError, LookupError):  # asked once, then not for every record
        with pytest.raises(kind):
            never()
