"""What must not be in a record is not in it, and visitors are those of the edge."""

from __future__ import annotations

from typing import Any

import pytest

from edgewise.edge.privacy import Keys, Privacy
from edgewise.realtime import record
from edgewise.transform.function import KeyReader, transform_of
from edgewise.transform.masking import Masking
from transform.lines import FIELDS, batch, line, made

NOTHING = {"client_address": "keep", "query": "keep", "headers": [], "visitor": False}
KEY = "0123456789abcdef"


def masked(keys: Keys | None = None, **privacy: Any) -> dict[str, Any]:
    mask = Masking(NOTHING | privacy, keys or Keys("e-1"))
    return mask(record(line().rstrip("\n"), FIELDS))


def test_headers_are_those_that_are_named_and_a_torn_one_is_none() -> None:
    assert not {"cs_headers", "header_cookie", "header_x_app"} & masked().keys()
    one = masked(headers=["x-app", "x-ap"])
    assert one["header_x_app"] == "seven, 8" and "header_x_ap" not in one


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
