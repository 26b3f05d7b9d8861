"""Sums of money against the same sums by hand, and a list of prices that says what it does not know."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.simulate import PriceError, read_prices
from edgewise.simulate.apps import AppMonth, bill_with_app
from edgewise.simulate.cost import PATHS, Month, Workflow, bill, facts, usages_of, usages_of_views
from edgewise.simulate.prices import NAMES, PACKAGED
from edgewise.simulate.usage import PLATFORM_BYTES, Usage
from edgewise.simulate.ways import FILES, FUNCTIONS, PARQUET, REAL_TIME, Own, bill_of, crossings

PRICES = read_prices()
MONTH = Month(requests=10_000_000, miss=0.3, ms=2, record_bytes=900, batch=4)
HERE = {"us-east-1": 1.0}


def amounts(delivery: str, workflow: Workflow | None = None) -> dict[str, float | None]:
    made = bill(usages_of(MONTH, delivery, HERE), 128, PRICES, workflow or Workflow())
    return {line.name: line.amount for line in made.lines}


def test_ten_million_requests_on_standard_output_by_hand() -> None:
    # 10,000,000 × 1.3 = 13,000,000 invocations × $0.60 a million = $7.80
    # 13,000,000 × 0.002 s × 128/1024 GB = 3,250 GB-s × $0.00005001 = $0.1625325
    # 13,000,000 × (900 + 1 + 257) bytes = 15,054,000,000 / 1,073,741,824 = 14.0201… GB × $0.50 = $7.0100…
    assert PLATFORM_BYTES == 257
    assert amounts("stdout") == {
        "Lambda@Edge requests": pytest.approx(7.80),
        "Lambda@Edge duration": pytest.approx(0.1625325),
        "CloudWatch Logs, from Lambda": pytest.approx(7.010065, abs=1e-5),
    }


def test_what_the_services_take_by_hand() -> None:
    # 13,000,000 × 5,120 bytes = 66,560,000,000 / 1,073,741,824 = 61.9888… GB × $0.029
    assert amounts("firehose")["Firehose, direct PUT"] == pytest.approx(1.797675, abs=1e-5)
    # 13,000,000 / 4 = 3,250,000 executions: × $1 a million; × 0.1 s × 64/1024 GB × $0.00001667
    express = amounts("step-functions")
    assert express["Step Functions, Express: requests"] == pytest.approx(3.25)
    assert express["Step Functions, Express: duration"] == pytest.approx(0.3386094, abs=1e-6)
    # × 3 transitions × $0.025 a thousand
    standard = amounts("step-functions", Workflow("standard", 3))
    assert standard["Step Functions, Standard: state transitions"] == pytest.approx(243.75)
    assert amounts("eventbridge")["EventBridge, custom events"] == pytest.approx(13.0)


def test_the_ways_of_counting_page_views_by_hand() -> None:
    month = Month(requests=5_000_000, miss=0.3, ms=2, record_bytes=450, batch=10)
    bills = {
        path: bill(usages_of_views(month, 1_000_000, path, HERE), 128, PRICES, Workflow()) for path in PATHS
    }
    # 6,500,000 invocations × $0.60 a million; × 0.002 s × 0.125 GB × $0.00005001; × 257 bytes of logs × $0.50
    functions = 3.9 + 0.08126625 + 6_500_000 * 257 / 1_073_741_824 * 0.5
    # 1,000,000 × 5,120 bytes × $0.029
    stream = 1_000_000 * 5_120 / 1_073_741_824 * 0.029
    # 1,000,000 events at $1 a million; an execution at $1 a million and 100 ms of 64 MB
    execution = 1e-6 + 0.1 * 64 / 1024 * 0.00001667
    assert {path: made.known for path, made in bills.items()} == {
        "step-functions": pytest.approx(functions + stream + 1.0 + 100_000 * execution),
        "step-functions, one by one": pytest.approx(functions + stream + 1.0 + 1_000_000 * execution),
        "firehose": pytest.approx(functions + stream),
        "import of the log": 0,
    }
    assert [len(made.unknown) for made in bills.values()] == [1, 1, 1, 0], "dynamic partitioning"


def test_the_real_time_log_by_hand() -> None:
    month, own = Month(requests=100_000_000, miss=0.3, ms=2, record_bytes=900, batch=1), Own()
    made = {line.name: line.amount for line in bill_of(REAL_TIME, month, own, HERE, 128, PRICES).lines}
    gigabyte = 1_073_741_824
    # 350,400 calls at most: 4 shards, every 30 s of 730 hours.
    assert made == {
        "CloudFront, real-time log lines": pytest.approx(1.0),
        "Kinesis on demand: hours of a stream": pytest.approx(29.2),
        "Kinesis on demand: data in": pytest.approx(1e8 * 1_024 / gigabyte * 0.08),
        "Kinesis on demand: data out": pytest.approx(1e8 * 1_024 / gigabyte * 0.04),
        "Firehose, direct PUT": pytest.approx(1e8 * 5_120 / gigabyte * 0.029),
        "Lambda requests": pytest.approx(0.3504 * 0.20),
        "Lambda duration, arm64": pytest.approx(1e8 * 0.00025 * 0.5 * 0.0000133334),
        "CloudWatch Logs, from Lambda": pytest.approx(350_400 * 257 / gigabyte * 0.5),
    }
    # 100,000,000 × 500 bytes, of which a fifth is stored for three months; the whole is converted.
    stored = 1e8 * 500 / gigabyte * 0.2 * 3 * 0.023
    assert bill_of(FILES, month, own, HERE, 128, PRICES).known == pytest.approx(stored)
    converted = 1e8 * 500 / gigabyte * 0.035
    assert bill_of(PARQUET, month, own, HERE, 128, PRICES).known == pytest.approx(stored + converted)


def test_where_the_real_time_log_becomes_the_cheaper_is_where_the_sums_cross() -> None:
    month, own = Month(requests=1, miss=0.3, ms=2, record_bytes=900, batch=1), Own()
    found = list(crossings(own, month, HERE, 128, PRICES))
    assert [one.other for one in found] == list(FUNCTIONS)
    for one in found:
        assert one.requests and 2e7 < one.requests < 5e7
        below, above = (
            [
                bill_of(way, replace(month, requests=one.requests * part), own, HERE, 128, PRICES).known
                for way in (one.way, one.other)
            ]
            for part in (0.99, 1.01)
        )
        assert below[0] > below[1] and above[0] < above[1]
    # Functions that cost next to nothing, as far as prices are known, are never dearer.
    free = replace(
        PRICES,
        of={name: replace(one, everywhere=0.0) for name, one in PRICES.of.items() if "edge" in name}
        | {name: one for name, one in PRICES.of.items() if "edge" not in name and name != "lambda-logs"}
        | {"lambda-logs": replace(PRICES.of["lambda-logs"], everywhere=0.0)},
    )
    assert [one.requests for one in crossings(own, month, HERE, 128, free)][:2] == [None, None]


@pytest.mark.parametrize(
    ("architecture", "name", "price"),
    [
        ("x86_64", "Lambda duration, x86_64", 0.0000166667),
        ("arm64", "Lambda duration, arm64", 0.0000133334),
    ],
)
def test_an_app_by_hand(architecture: str, name: str, price: float) -> None:
    app = AppMonth(1_000_000, 20.5, "eu-central-1", 512, architecture)
    # 1,000,000 × $0.20 a million; × 0.021 s, whole milliseconds, × 512/1024 GB; × 257 bytes of logs × $0.63
    made = bill_with_app(app, {}, 128, PRICES, Workflow())
    assert {line.name: line.amount for line in made.lines} == {
        "Lambda requests": pytest.approx(0.20),
        name: pytest.approx(10_500 * price),
        "CloudWatch Logs, from Lambda": pytest.approx(1e6 * 257 / 1_073_741_824 * 0.63),
    }
    elsewhere = bill_with_app(replace(app, region="sa-east-1"), {}, 128, PRICES, Workflow())
    assert [line.amount for line in elsewhere.lines] == [None] * 3


def test_an_apps_logs_are_priced_with_those_of_its_region() -> None:
    tera = 1024 * 1_073_741_824
    app = AppMonth(10 * tera / PLATFORM_BYTES, 1, "us-east-1", 128, "arm64")
    usages = {"us-east-1": Usage(log_bytes=10 * tera)}
    (logs,) = [
        line for line in bill_with_app(app, usages, 128, PRICES, Workflow()).lines if "Logs" in line.name
    ]
    assert logs.amount == pytest.approx(10 * 1024 * 0.50 + 10 * 1024 * 0.25)
    assert usages["us-east-1"].log_bytes == 10 * tera


def test_tiers_of_logs_by_hand() -> None:
    # 10 TB × $0.50 + 20 TB × $0.25 + 20 TB × $0.10 + 10 TB × $0.05, in GB of 1,024 to the TB
    assert PRICES.of["lambda-logs"].amount(60 * 1024, "us-east-1") == pytest.approx(12_800)


@given(less=st.floats(0, 1e5), more=st.floats(0, 1e5))
def test_more_is_never_cheaper(less: float, more: float) -> None:
    price = PRICES.of["lambda-logs"]
    first, second = price.amount(less, "us-east-1"), price.amount(less + more, "us-east-1")
    assert first is not None and second is not None and 0 <= first <= second


def test_an_unknown_price_is_told_and_left_out() -> None:
    usages = usages_of(MONTH, "firehose", {"sa-east-1": 1.0}, "sa-east-1")
    made = bill(usages, 128, PRICES, Workflow())
    assert {line.name for line in made.unknown} == {"CloudWatch Logs, from Lambda", "Firehose, direct PUT"}
    assert made.known == pytest.approx(7.9625325)
    told = facts(made, PRICES)
    assert told["complete"] is False
    assert [line["amount"] for line in told["lines"]].count(None) == 2


def test_functions_of_all_regions_call_one_service() -> None:
    """62 GB in us-east-1, whatever the regions of the functions: records of 901 bytes are billed as 5 KB."""
    regions = {"us-east-1": 0.6, "eu-central-1": 0.4}
    for delivery, name in (
        ("firehose", "Firehose, direct PUT"),
        ("eventbridge", "EventBridge, custom events"),
    ):
        lines = bill(usages_of(MONTH, delivery, regions), 128, PRICES, Workflow()).lines
        (line,) = [line for line in lines if line.name == name]
        assert line.region == "us-east-1" and line.amount is not None
        alone = bill(usages_of(MONTH, delivery, HERE), 128, PRICES, Workflow()).lines
        assert line.units == pytest.approx(next(line.units for line in alone if line.name == name))


def test_a_price_that_is_known_up_to_a_tier_is_unknown_above_it() -> None:
    price = PRICES.of["lambda-logs"]
    assert price.amount(10_240, "ap-northeast-1") is not None
    assert price.amount(10_241, "ap-northeast-1") is None


def test_every_price_names_its_page_and_when_it_was_seen() -> None:
    for name in NAMES:
        price = PRICES.of[name]
        assert price.source.startswith("https://aws.amazon.com/")
        assert re.search(r"\b20\d\d\b", price.seen)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("everywhere = 0.60", 'everywhere = "cheap"', "lambda-edge-requests"),
        ("[firehose]", "[firehoses]", "firehose"),
        ("price = 0.25", "cost = 0.25", "lambda-logs"),
        ("quantum = 1_000\n", "", "step-functions-standard"),
        ("dated = 2026-11-21", 'dated = "lately"', None),
        ("dated = 2026-11-21", "dated", None),
    ],
)
def test_a_list_that_cannot_be_used_says_where(tmp_path: Path, old: str, new: str, key: str | None) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(PACKAGED.read_text().replace(old, new, 1))
    with pytest.raises(PriceError) as caught:
        read_prices(file)
    assert (caught.value.file, caught.value.key) == (str(file), key)
