"""What the inspector hides: names, bodies, and whatever a function returns where no event has it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn.control.changes import Change, changes
from edgewise.cdn.control.masking import Mask, masked, shallow
from edgewise.cdn.message import Headers, Request

MASK, OPEN = Mask(reveal=False), Mask(reveal=True)
SECRET = "s3cr3t-value"
DOCS = Path(__file__).parents[2] / "docs" / "inspect.md"


@pytest.mark.parametrize(
    "name",
    [
        *("x-key", "X-Key-2", "x-api-key", "x-apikey", "x-access-key", "x-private-key", "x-signing-keys"),
        *(
            "x-auth",
            "x-oauth",
            "x-authenticated-user",
            "Authorization",
            "x-authorisation",
            "x-csrf",
            "x-xsrf",
        ),
        *("x-session-id", "sessionid", "x-jwt", "x-jwt-assertion", "x-pwd", "x-password", "x-passphrase"),
        *("Cookie", "Set-Cookie", "x-token", "x-secret", "x-signature", "x-credential", "x-origin-verify"),
        "header x-key",
    ],
)
def test_names_that_are_masked(name: str) -> None:
    assert SECRET not in MASK.header(name, SECRET) and SECRET not in MASK.key_part(name, SECRET)


@pytest.mark.parametrize(
    "name",
    [
        *("keep-alive", "x-monkey", "keyword", "x-author", ":authority", "www-authenticate", "host"),
        *("Proxy-Authenticate", "path", "query string", "accept-encoding", "method", "distribution"),
        "Access-Control-Allow-Credentials",
    ],
)
def test_names_that_are_shown(name: str) -> None:
    assert MASK.header(name, SECRET) == SECRET


def test_the_names_are_those_that_the_docs_say() -> None:
    section = DOCS.read_text(encoding="utf-8").partition("Masked are\n")[2]
    rule, _, shown = section.partition("* every body")[0].partition("`WWW-Authenticate`")
    words, _, keys = rule.partition("with the word")
    contained = [word for word in re.findall(r"`([a-z]+)`", words) if word not in ("author", "authority")]
    assert len(contained) > 10
    for name in (*contained, *re.findall(r"`(x?-?keys?|x-[a-z]+)`", keys)):
        assert SECRET not in MASK.header(f"x-{name}-1", SECRET), name
    for name in ("WWW-Authenticate", *re.findall(r"`([A-Z][A-Za-z-]+)`", shown), "x-author", "x-authority"):
        assert MASK.header(name, SECRET) == SECRET


def test_parts_of_the_cache_key_are_masked_as_the_headers_they_come_from() -> None:
    assert MASK.key_part("cookies", f"id={SECRET}").startswith("id=•••(")
    assert MASK.key_part("header authorization", f"Bearer {SECRET}").startswith("Bearer •••(")
    assert MASK.key_part("header www-authenticate", SECRET) == SECRET


def test_equal_secrets_have_equal_marks() -> None:
    assert masked("one") == masked("one") != masked("two")
    assert MASK.header("Set-Cookie", "id=1; Path=/; Secure").endswith("; Path=/; Secure")
    assert MASK.header("Accept", "text/html") == "text/html"


@pytest.mark.parametrize(
    "returned",
    [
        {"Records": [{"cf": {"request": {"headers": {"cookie": [{"key": "Cookie", "value": SECRET}]}}}}]},
        {"headers": [["Cookie", SECRET]]},
        {"headers": [{"key": "Cookie", "value": SECRET}]},
        {"headers": {"key": "Cookie", "value": SECRET}},
        {"headers": {"x-a": [{"key": "Cookie", "value": SECRET}]}},
        {"headers": {"x-a": [["Cookie", SECRET]], "x-b": {"cookie": SECRET}, "cookie": SECRET}},
        {"headers": {"x-a": [{"value": {"cookie": SECRET}}]}},
        {"headers": f"Cookie: {SECRET}"},
        {"body": SECRET},
        {"body": [SECRET]},
        {"body": {"action": "replace", "data": {"uri": SECRET}, "more": SECRET}},
        {"origin": {"custom": {"customHeaders": [["X-Origin-Verify", SECRET]]}}},
        {"origin": [SECRET]},
        {"uri": [["Cookie", SECRET]], "querystring": {"cookie": SECRET}},
        {"cookies": [SECRET], "note": SECRET, "number": {"deep": [{"more": SECRET}]}},
        {"status": "200", "body": {"data": SECRET}},
        {"path": {"path": SECRET}, "custom": {"domainName": SECRET}, "x": {"uri": SECRET}},
        {"request": {"uri": SECRET}, "origin": {"custom": {"path": "/", "more": {"path": SECRET}}}},
    ],
)
def test_what_stands_where_no_event_has_it_is_masked(returned: dict[str, Any]) -> None:
    for shown in (MASK.event(returned), changes({"uri": "/", "headers": {}}, returned, MASK)):
        assert SECRET not in repr(shown)
    for shown in (OPEN.event(returned), changes({"uri": "/", "headers": {}}, returned, OPEN)):
        assert SECRET in repr(shown)


def test_results_that_are_no_object_are_masked() -> None:
    for returned in (SECRET, [SECRET, ["Cookie", SECRET]]):
        assert SECRET not in repr(MASK.event(returned))


def test_what_a_function_prints_of_the_viewers_secrets_is_masked_however_it_is_spelt() -> None:
    cookie = 'q="ab\\"cdefghijk"; u=caf\u00e9secret'
    request = Request("GET", "/", headers=Headers([("Cookie", cookie.encode().decode("latin-1"))]))
    for said in (cookie, repr(cookie), json.dumps(cookie), json.dumps(cookie, ensure_ascii=False)):
        shown = MASK.known(f"got {said}", request)
        assert "cdefghijk" not in shown and "secret" not in shown and shown.startswith("got "), shown
        assert OPEN.known(said, request) == said


@given(st.integers(min_value=1, max_value=900), st.booleans())
def test_what_nests_deep_is_cut(levels: int, objects: bool) -> None:
    value: Any = "end"
    for _ in range(levels):
        value = {"more": value} if objects else [value]
    shown = json.dumps(shallow(value))
    assert ("end" in shown) == (levels <= 20) and ("(too deep)" in shown) == (levels > 20)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["headers", "cookie", "body", "data", "value", "origin", "custom", "status", "key", "uri"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["headers", "uri", "origin", "body"]), json_values), json_values)
def test_whatever_a_function_returns_can_be_compared_and_masked(event: dict[str, Any], returned: Any) -> None:
    for mask in (MASK, OPEN):
        for change in changes(event, returned, mask):
            assert change.before != change.after
        json.dumps(mask.event(returned))
    assert changes(event, event, OPEN) == []


def test_a_request_body_is_compared_only_when_it_is_replaced() -> None:
    body = {"action": "read-only", "encoding": "base64", "data": "YQ==", "inputTruncated": False}
    assert changes({"body": body}, {"body": body | {"data": "Yg=="}}, OPEN) == []
    replaced = {"body": {"action": "replace", "encoding": "text", "data": "b"}}
    assert changes({"body": body}, replaced, OPEN) == [Change("body", "changed", "(base64) a", "(text) b")]
    assert changes({"body": body, "uri": "/"}, {"uri": "/"}, OPEN) == []
    for wrong in ("text", {"action": "keep", "data": "Yg=="}):
        assert [each.field for each in changes({"body": body}, {"body": wrong}, OPEN)] == ["body"]
    long = {"body": {"action": "replace", "encoding": "text", "data": "b" * 5_000 + "c"}}
    longer = {"body": {"action": "replace", "encoding": "text", "data": "b" * 5_000 + "d"}}
    for mask in (OPEN, MASK):
        assert [change.how for change in changes(long, longer, mask)] == ["changed"]
