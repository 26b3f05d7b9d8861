"""Cookies from browsers in any state, and Set-Cookie lines that browsers accept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.doubles import load_event
from edgewise.edge import Response
from edgewise.edge.cookies import find_cookie, format_cookie, parse_cookies, take_cookie
from edgewise.edge.errors import MessageError

_NAME = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,10}", fullmatch=True)
_VALUE = st.text("abcXYZ019!#$%&'()*+-./:<=>?@[]^_`{|}~", max_size=12)


@pytest.mark.parametrize(
    ("lines", "cookies"),
    [
        (["a=1; b=2"], {"a": "1", "b": "2"}),
        (["a=1", "b=2; c=3"], {"a": "1", "b": "2", "c": "3"}),
        (["a=b=c=="], {"a": "b=c=="}),
        (['a="quoted value"; b="'], {"a": "quoted value", "b": '"'}),
        (["a=1;b=2;;  ; c = 3 "], {"a": "1", "b": "2", "c": "3"}),
        (["a=; b"], {"a": ""}),
        (["=x; a=1"], {"a": "1"}),
        (["a=first; a=second", "a=third"], {"a": "first"}),
        (["A=1; a=2"], {"A": "1", "a": "2"}),
        (['json={"a":[1,2]}; after=1'], {"json": '{"a":[1,2]}', "after": "1"}),
        ([], {}),
    ],
)
def test_cookies_are_read_as_browsers_send_them(lines: list[str], cookies: dict[str, str]) -> None:
    assert parse_cookies(lines) == cookies


@given(st.dictionaries(_NAME, _VALUE, max_size=30), st.integers(1, 5))
def test_every_cookie_is_found_however_they_are_spread(cookies: dict[str, str], lines: int) -> None:
    pairs = [f"{name}={value}" for name, value in cookies.items()]
    assert parse_cookies("; ".join(pairs[i::lines]) for i in range(lines)) == cookies


@given(st.lists(st.text()))
def test_no_cookie_header_is_an_error(lines: list[str]) -> None:
    parse_cookies(lines)


_LINES = st.lists(
    st.lists(st.sampled_from(["a=1", "ab=2", "b=a", "a", 'a="3"', " a = 4 ", "", "=a"])).map(";".join)
)


@given(_LINES, st.sampled_from(["a", "b", "ab"]))
def test_one_cookie_is_found_as_all_of_them_are(lines: list[str], name: str) -> None:
    assert find_cookie(name, lines) == parse_cookies(lines).get(name)


@given(_LINES, st.sampled_from(["a", "b", "ab"]))
def test_a_cookie_that_is_taken_is_gone_and_the_others_are_not(lines: list[str], name: str) -> None:
    header_map = {"cookie": [{"key": "Cookie", "value": line} for line in lines]}
    taken = take_cookie(name, header_map)
    before = parse_cookies(lines)
    after = parse_cookies(entry["value"] for entry in header_map.get("cookie", ()))
    assert taken[:1] == ([before.pop(name)] if name in before else [])
    assert after == before


def test_lines_without_the_cookie_are_not_touched() -> None:
    header_map = {"cookie": [{"key": "Cookie", "value": " b=2 ;; "}, {"key": "Cookie", "value": ""}]}
    assert take_cookie("a", header_map) == []
    assert [entry["value"] for entry in header_map["cookie"]] == [" b=2 ;; ", ""]
    no_cookies: dict[str, list[dict[str, str]]] = {}
    assert (take_cookie("a", no_cookies), no_cookies) == ([], {})


@given(_NAME, _VALUE)
def test_what_is_set_comes_back(name: str, value: str) -> None:
    line = format_cookie(name, value)
    assert parse_cookies([line.partition(";")[0]]) == {name: value}


@pytest.mark.parametrize(
    ("attributes", "line"),
    [
        ({}, "v=1; Path=/; SameSite=Lax; Secure; HttpOnly"),
        ({"max_age": 0}, "v=1; Path=/; SameSite=Lax; Max-Age=0; Secure; HttpOnly"),
        (
            {"max_age": 60, "path": "/a", "domain": "shop.example", "http_only": False, "same_site": "None"},
            "v=1; Path=/a; SameSite=None; Domain=shop.example; Max-Age=60; Secure",
        ),
        ({"secure": False, "same_site": "Strict"}, "v=1; Path=/; SameSite=Strict; HttpOnly"),
    ],
)
def test_a_cookie_has_safe_attributes_unless_told_otherwise(attributes: dict[str, Any], line: str) -> None:
    assert format_cookie("v", "1", **attributes) == line


@pytest.mark.parametrize(
    ("name", "value", "attributes"),
    [
        ("a b", "1", {}),
        ("", "1", {}),
        ("a", "1;2", {}),
        ("a", "1 2", {}),
        ("a", 'x"', {}),
        ("a", "é", {}),
        ("a", "1\r\n", {}),
        ("a", "1", {"path": "/;Secure"}),
        ("a", "1", {"domain": "x\r\n"}),
        ("a", "1", {"same_site": "lax"}),
        ("a", "1", {"same_site": "None", "secure": False}),
        ("__Secure-a", "1", {"secure": False}),
        ("__Host-a", "1", {"path": "/a"}),
        ("__Host-a", "1", {"domain": "shop.example"}),
    ],
)
def test_a_cookie_that_browsers_would_drop_is_refused(
    name: str, value: str, attributes: dict[str, Any]
) -> None:
    with pytest.raises(MessageError, match="cookie"):
        format_cookie(name, value, **attributes)


def test_setting_cookies_adds_lines_beside_the_origins() -> None:
    response = Response(load_event("origin-response")["Records"][0]["cf"]["response"], "origin-response")
    response.set_cookie("v", "2", max_age=3600)
    assert response.headers.get_all("set-cookie") == [
        "a=1; Path=/",
        "b=2; Path=/",
        "v=2; Path=/; SameSite=Lax; Max-Age=3600; Secure; HttpOnly",
    ]
