"""Every setting is checked, its mistake is told by its key, and no secret is in what is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn import rules
from edgewise.edge.errors import SettingsError
from edgewise.edge.settings import FALLBACK, Settings

ARN = "arn:aws:states:eu-west-2:111122223333:stateMachine:records"
TOKEN = {"from": "secrets-manager", "name": "shop/openobserve"}
DELIVERIES: dict[str, dict[str, Any]] = {
    "stdout": {},
    "openobserve": {"url": "https://logs.example/"},
    "firehose": {"stream_name": "records"},
    "step-functions": {"state_machine_arn": ARN},
    "eventbridge": {},
}
AWS = {"region": None, "endpoint": None, "budget_ms": 50, "wait": False}
FILLED: dict[str, dict[str, Any]] = {
    "stdout": AWS,
    "openobserve": {
        "url": "https://logs.example",
        "organization": "default",
        "stream": "edge",
        "user": "",
        "password": "",
        "token": None,
        **AWS,
    },
    "firehose": {"stream_name": "records", **AWS},
    "step-functions": {"state_machine_arn": ARN, "execution_per": "batch", **AWS},
    "eventbridge": {"bus": "default", **AWS},
}
PRIVACY = {"client_address": "keep", "query": "keep", "headers": [], "visitor": False, "key": None}


def checked(delivery: str, **log: Any) -> dict[str, Any]:
    settings = Settings({"log": {"delivery": delivery, **DELIVERIES[delivery], **log}})
    assert settings.log is not None
    return settings.log


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_every_key_has_a_value_afterwards(delivery: str) -> None:
    assert checked(delivery) == {"delivery": delivery, "sample": 1.0, "privacy": PRIVACY, **FILLED[delivery]}


def test_a_key_of_hashes_brings_what_reading_it_needs() -> None:
    log = checked("stdout", privacy={"key": TOKEN}, region="eu-west-2")
    assert (log["privacy"]["key"], log["region"], log["endpoint"]) == (TOKEN, "eu-west-2", None)


def test_a_token_goes_with_the_organizations_name() -> None:
    log = checked("openobserve", token=TOKEN, organization="shop")
    assert (log["token"], log["user"], log["password"]) == (TOKEN, "shop", "")
    assert checked("openobserve", token=TOKEN, user="robot")["user"] == "robot"


@pytest.mark.parametrize(
    ("delivery", "log", "key"),
    [
        ("openobserve", {"url": "ftp://logs.example"}, "log.url"),
        ("openobserve", {"url": "https://me:Secret@logs.example"}, "log.url"),
        ("openobserve", {"password": "Secret\n"}, "log.password"),
        ("openobserve", {"password": "Secret", "token": TOKEN}, "log.token"),
        ("openobserve", {"token": "Secret"}, "log.token.from"),
        ("openobserve", {"token": {"from": "vault", "name": "Secret"}}, "log.token.from"),
        ("openobserve", {"token": {"from": "ssm", "name": "Secret token"}}, "log.token.name"),
        ("openobserve", {"token": {"from": "ssm"}}, "log.token.name"),
        ("openobserve", {"budget_ms": True}, "log.budget_ms"),
        ("openobserve", {"budget_ms": float("nan")}, "log.budget_ms"),
        ("openobserve", {"wait": "yes"}, "log.wait"),
        ("firehose", {"stream_name": None}, "log.stream_name"),
        ("firehose", {"stream_name": "a b"}, "log.stream_name"),
        ("firehose", {"region": "London"}, "log.region"),
        ("firehose", {"endpoint": "localhost"}, "log.endpoint"),
        ("step-functions", {"state_machine_arn": "records"}, "log.state_machine_arn"),
        ("step-functions", {"execution_per": "day"}, "log.execution_per"),
        ("eventbridge", {"bus": "my bus"}, "log.bus"),
        ("stdout", {"sample": 1.01}, "log.sample"),
        ("stdout", {"sample": "0.5"}, "log.sample"),
        ("stdout", {"sample": float("nan")}, "log.sample"),
        ("stdout", {"privacy": "all"}, "log.privacy"),
        ("stdout", {"privacy": {"client_adress": "drop"}}, "log.privacy.client_adress is not known"),
        ("stdout", {"privacy": {"client_address": "mask"}}, "log.privacy.client_address"),
        ("stdout", {"privacy": {"query": "some"}}, "log.privacy.query"),
        ("stdout", {"privacy": {"query": ["size", 7]}}, "log.privacy.query"),
        ("stdout", {"privacy": {"visitor": 1}}, "log.privacy.visitor"),
        ("stdout", {"privacy": {"headers": "x-app"}}, "log.privacy.headers"),
        (
            "stdout",
            {"privacy": {"headers": [f"x-{letter}" for letter in "abcdefghijk"]}},
            "log.privacy.headers",
        ),
        ("stdout", {"privacy": {"key": {"from": "ssm", "name": ""}}}, "log.privacy.key.name"),
        ("stdout", {"query": "drop"}, "log.query is not known; it belongs in log.privacy"),
        ("stdout", {"client_adress": "drop"}, "log.client_adress is not known; there are delivery, sample, "),
        (
            "stdout",
            {"url": "https://logs"},
            "log.url is not known; it belongs in log, with the delivery openobserve",
        ),
        (
            "eventbridge",
            {"token": TOKEN},
            "log.token is not known; it belongs in log, with the delivery open",
        ),
        ("stdout", {"privacy": {"sample": 0.5}}, "log.privacy.sample is not known; it belongs in log"),
        ("openobserve", {"token": {**TOKEN, "kms_key": "Secret"}}, "log.token.kms_key is not known"),
    ],
)
def test_a_mistake_is_told_by_its_key(delivery: str, log: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        checked(delivery, **log)
    assert str(caught.value).startswith(key)
    assert "Secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"query": "drop"}, "query is not known; it belongs in log.privacy"),
        ({"delivery": "stdout"}, "delivery is not known; it belongs in log"),
        ({"header": "X-Born"}, "header is not known; it belongs in persistence"),
        (
            {"privat": {}},
            "privat is not known; there are site, hash, log, persistence, rollout, statistics, rewrite",
        ),
        (
            {"persistence": {"header": "X-Born", "name": "X-Born"}},
            "persistence.name is not known; there are header",
        ),
    ],
)
def test_a_key_in_the_wrong_place_is_refused_for_it_could_be_meant_as_a_mask(
    values: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings({"log": {"delivery": "stdout"}, **values})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "name",
    [
        "Cookie",
        "set-cookie",
        "Authorization",
        "Proxy-Authorization",
        "X-Amz-Security-Token",
        "x-api-key",
        "X-CSRF-Token",
        "X-Session-Id",
        "X-Forwarded-For",
        "Forwarded",
        "True-Client-IP",
        "CloudFront-Viewer-Address",
        "Referer",
        "X-Credentials",
        "X-Access-Key",
        "Ocp-Apim-Subscription-Key",
        "X-Bearer",
        "X-JWT",
        "X-Goog-IAP-JWT-Assertion",
        "DPoP",
        "X-Otp",
        "X-Sid",
        "X-Pin",
        "X-SSL-Client-Cert",
        "X-SSL-Client-S-DN",
        "X-Client-Cert",
        "X-Amzn-Oidc-Identity",
        "X-MS-Client-Principal",
        "X-IP-Address",
        "CF-Connecting-IPv6",
        "X-Remote-Addr",
        "X-Original-URL",
        "x_app",
        "x app",
        "x-" + "a" * 40,
        "",
    ],
)
def test_a_header_that_could_tell_a_secret_or_the_address_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=r"log\.privacy\.headers"):
        checked("stdout", privacy={"headers": [name]})


@pytest.mark.parametrize(
    "name",
    [
        "X-App-Version",
        "dnt",
        "sec-ch-ua",
        "sec-fetch-site",
        "accept",
        "origin",
        "X-Author",
        "Via",
        "X-Trip",
        "X-Shipping",
        "X-Concert",
        "X-Monkey",
        "X-Inside",
        "X-Capitol",
        "CloudFront-Is-Mobile-Viewer",
    ],
)
def test_other_headers_are_taken(name: str) -> None:
    assert checked("stdout", privacy={"headers": [name]})["privacy"]["headers"] == [name.lower()]


def test_the_header_of_persistence_is_one_that_may_be_added() -> None:
    assert (
        Settings({"persistence": {"header": "X-Environment-Born"}}).persistence_header == "X-Environment-Born"
    )
    assert Settings({}).persistence_header is None
    for header in (
        "X-Edge-Born",
        "X-Amz-Cf-Id",
        "CloudFront-Viewer-Country",
        "a b",
        "X-",
        "x_born",
        "",
        7,
        None,
    ):
        assert not is_for_origins(header)


def is_for_origins(header: Any) -> bool:
    try:
        return Settings({"persistence": {"header": header}}).persistence_header == header
    except SettingsError as fault:
        assert str(fault).startswith("persistence.header is missing or cannot be used")
        return False


def test_no_header_that_cloudfront_or_an_origin_takes_for_something_else_is_one_of_persistence() -> None:
    meant = "host cookie authorization user-agent accept referer origin x-forwarded-for x-forwarded-host x-amz-date"
    names = {*rules._DISALLOWED, *(f"{prefix}born" for prefix in rules._DISALLOWED_PREFIXES), *meant.split()}
    for read_only in rules.READ_ONLY.values():
        names |= read_only
    assert len(names) > 40
    assert [name for name in sorted(names) if is_for_origins(name) or is_for_origins(name.title())] == []
    for name in ("X-Born", "x-environment", "X-Cachet-Born", "X-Edgewise-Born", "X-Acme-Since-2"):
        assert is_for_origins(name)
        assert not rules.is_disallowed(name.lower())


@pytest.mark.parametrize("log", [{}, [], False, 0, "", "stdout"])
def test_a_log_that_is_none_is_a_mistake_and_not_a_wish_for_silence(log: Any) -> None:
    with pytest.raises(
        SettingsError, match=r"^log\.delivery is missing .* expected one of stdout, openobserve"
    ):
        Settings({"log": log})
    assert Settings({"log": None}).log is None


@pytest.mark.parametrize("key", ["client_address", "query", "headers", "visitor"])
def test_a_null_does_not_unmask(key: str) -> None:
    with pytest.raises(SettingsError, match=rf"^log\.privacy\.{key} is missing"):
        checked("stdout", privacy={key: None})
    with pytest.raises(SettingsError, match=r"^log\.privacy is missing"):
        checked("stdout", privacy=None)


@pytest.mark.parametrize("sample", [0, 1, 0.5])
def test_the_share_is_a_float_in_every_record(sample: float) -> None:
    assert type(checked("stdout", sample=sample)["sample"]) is float


def test_what_is_used_in_place_of_a_broken_file_is_right_itself() -> None:
    log = Settings(FALLBACK).log
    assert log is not None
    assert (log["privacy"]["client_address"], log["privacy"]["query"]) == ("drop", "drop")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(PRIVACY)), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(
    st.sampled_from(sorted(DELIVERIES)),
    st.dictionaries(
        st.sampled_from(sorted({"sample", "privacy", *(key for keys in FILLED.values() for key in keys)})),
        _VALUES,
        max_size=3,
    ),
)
def test_any_settings_are_complete_or_refused(delivery: str, log: dict[str, Any]) -> None:
    try:
        found = checked(delivery, **log)
    except SettingsError as fault:
        assert str(fault).startswith("log.")
        return
    assert found.keys() >= {"sample", "privacy", *FILLED[delivery]}
    assert 0 <= found["sample"] <= 1
    assert found["privacy"].keys() == PRIVACY.keys()
