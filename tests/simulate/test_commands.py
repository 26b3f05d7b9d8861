"""`edgewise simulate` and `edgewise cost` as somebody types them."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from edgewise.cli.main import app
from edgewise.errors import EdgewiseError
from edgewise.simulate import PlanError
from edgewise.simulate.parsing import parse_seconds

FIELDS = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status x-edge-result-type"
CLOUDFRONT = "\n".join(
    [
        "#Version: 1.0",
        f"#Fields: {FIELDS}",
        *(
            f"2026-11-20\t10:00:{second:02}\tFRA56-P2\t500\t198.51.100.7\tGET\td.example\t/p/{second}\t200\t{result}"
            for second, result in enumerate(["Hit", "Miss", "RefreshHit", "Hit", "Error"])
        ),
        "half a line",
    ]
)
COMBINED = '198.51.100.7 - - [20/Nov/2026:10:00:00 +0000] "GET /ä?q=1 HTTP/1.1" 200 1 "-" "\udcff"\n'


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def simulate(*arguments: str) -> dict[str, Any]:
    result = run("simulate", "--json", "--delivery", "openobserve", *arguments)
    assert result.exception is None, result.exception
    facts: dict[str, Any] = json.loads(result.stdout)
    return facts


def fault(*arguments: str) -> EdgewiseError:
    result = run(*arguments)
    assert isinstance(result.exception, EdgewiseError), result.output
    return result.exception


def test_a_row_for_each_delivery_and_the_money() -> None:
    result = run("simulate", "--minutes", "0.2", "--rate", "5")
    assert result.exit_code == 0
    for name in ("stdout", "openobserve", "openobserve-wait", "firehose", "step-functions", "eventbridge"):
        assert result.stdout.count(f"\n{name} ") == 2  # of visitors, of records
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_the_same_seed_prints_the_same() -> None:
    arguments = ("--minutes", "0.5", "--fault", "10s-20s=503")
    assert simulate(*arguments) == simulate(*arguments)
    assert simulate(*arguments) != simulate(*arguments, "--seed", "2")


def test_the_log_of_cloudfront_says_what_reached_the_origin(tmp_path: Path) -> None:
    file = tmp_path / "E1.gz"
    file.write_bytes(gzip.compress(CLOUDFRONT.encode()))
    facts = simulate("--log", str(file), "--miss", "1")
    (outcome,) = facts["deliveries"]
    assert facts["skipped_lines"] == 1
    assert (outcome["visits"], outcome["made"]) == (5, 5 + 2)


def test_logs_are_joined_and_bytes_that_are_no_text_are_taken(tmp_path: Path) -> None:
    first, second = tmp_path / "a.log", tmp_path / "b.log"
    first.write_bytes(COMBINED.encode("utf-8", "surrogateescape"))
    second.write_bytes(COMBINED.replace("10:00:00", "10:00:40").encode("utf-8", "surrogateescape"))
    (outcome,) = simulate("--log", str(second), "--log", str(first), "--miss", "1")["deliveries"]
    assert (outcome["visits"], outcome["made"]) == (2, 4)
    (outcome,) = simulate("--log", str(second), "--log", str(first), "--miss", "0", "--minutes", "0.5")[
        "deliveries"
    ]
    assert (outcome["visits"], outcome["made"]) == (1, 1)


def test_a_plot_is_a_drawing_with_a_line_for_each_delivery_in_both_panels(tmp_path: Path) -> None:
    file = tmp_path / "plot.svg"
    simulate("--minutes", "1", "--delivery", "stdout", "--fault", "20s-30s=hang", "--plot", str(file))
    drawing = ElementTree.parse(file).getroot()
    texts = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert len(list(drawing.iter("{http://www.w3.org/2000/svg}polyline"))) == 2 * 2
    assert {"stdout", "openobserve", "hang"} <= set(texts)


def test_an_interrupt_ends_every_process_of_a_simulation() -> None:
    command = [sys.executable, "-m", "edgewise", "simulate", "--minutes", "600", "--rate", "100"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True) as process:
        assert _wait_for(lambda: len(_group(process.pid)) > 2)  # itself and its workers
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(60) == 130
        assert _wait_for(lambda: not _group(process.pid))
        assert process.stderr is not None and b"Traceback" not in process.stderr.read()


def _group(leader: int) -> list[int]:
    """The processes of a group that run."""
    found = subprocess.run(["pgrep", "-g", str(leader)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def _wait_for(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + 60
    while not condition() and time.monotonic() < until:
        time.sleep(0.1)
    return condition()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--regions", "us-east-1=0.5"),
        ("--regions", "us-east-1=0.5,eu-central-1=0.6"),
        ("--regions", "us-east-1=1,us-east-1=0"),
        ("--regions", "mars-1=1"),
        ("--regions", "us-east-1=much"),
        ("--regions", "us-east-1=nan"),
        ("--regions", ""),
        ("--round-trip", "80"),
        ("--round-trip", "80 ms"),
        ("--round-trip", "pigeon=80ms"),
        ("--lifetime", "2h-1h"),
        ("--lifetime", "0s"),
        ("--idle", "-1s"),
        ("--keep-alive", "long"),
        ("--fault", "dead"),
        ("--fault", "1m-2m=asleep"),
        ("--fault", "2m-1m=dead"),
        ("--fault", "1m-3m=dead", "--fault", "2m-4m=hang"),
        ("--delivery", "pigeon"),
        ("--rate", "0"),
        ("--rate", "0.0001", "--minutes", "1"),
        ("--rate", "nan"),
        ("--rate", "1e9"),
        ("--minutes", "0"),
        ("--minutes", "inf"),
        ("--log", "nowhere.log"),
        ("--minutes", "0.02", "--plot", "no/such/folder/plot.svg"),
        ("--minutes", "0.02", "--plot", "plot.png"),
        ("--minutes", "3", "--fault", "10m-12m=dead"),
        ("--round-trip", "stdout=10ms"),
        ("--log", "some.log", "--rate", "5"),
    ],
)
def test_what_cannot_be_simulated_is_told(arguments: tuple[str, ...]) -> None:
    assert fault("simulate", *arguments).code == "simulate.plan"


def test_a_log_without_requests_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    (tmp_path / "torn.gz").write_bytes(gzip.compress(CLOUDFRONT.encode())[:60])
    for name in ("empty.log", "torn.gz"):
        error = fault("simulate", "--log", str(tmp_path / name))
        assert error.code == "simulate.plan" and name in str(error)


@given(
    st.integers(0, 10_000), st.sampled_from([("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)])
)
def test_spans_are_read_as_they_are_written(number: int, unit: tuple[str, float]) -> None:
    assert parse_seconds(f"{number}{unit[0]}", "it") == pytest.approx(number * unit[1])


@given(st.text(alphabet="0123456789.msh- \u0663", max_size=6))
def test_any_text_is_a_span_or_an_error(text: str) -> None:
    try:
        assert parse_seconds(text, "it") >= 0
    except PlanError as error:
        assert error.hint


def test_cost_adds_up_its_lines() -> None:
    result = run("cost", "--requests", "1e7", "--delivery", "eventbridge", "--json")
    facts = json.loads(result.stdout)
    assert facts["complete"] is True
    assert facts["known"] == pytest.approx(sum(line["amount"] for line in facts["lines"]), abs=1e-5)


def test_cost_compares_the_ways_of_logging() -> None:
    result = run("cost", "--logs", "--requests", "5e7")
    assert (
        "the real-time log is cheaper than functions, stdout from 24 million requests a month"
        in result.stdout
    )
    made = json.loads(run("cost", "--logs", "--json").stdout)
    assert [one["requests"] for one in made["ways"]["real-time log"]] == [1e6, 1e7, 1e8, 1e9]
    assert {one["from_requests"] > 1e7 for one in made["crossings"]} == {True}


APP = """\
name = "notes"
[origins.app]
image = "."
architecture = "arm64"
memory_mb = 2048
[default]
origin = "app"
cache = "optimized"
"""
RECORDED = '[log]\ndelivery = "eventbridge"\nbus = "notes"\n'
STEPS = '[functions]\nsource = "."\nhandler = "steps.handler"\ntriggers = ["origin-request"]\n'
BESIDE = '[[behaviors]]\npath = "/pages/*"\norigin = "pages"\n[origins.pages]\nfolder = "."\n'
APART = BESIDE.replace("[origins", "functions = false\n[origins")


@pytest.fixture
def of_site(tmp_path: Path) -> Callable[[str], tuple[str, ...]]:
    """Writes a site with the image `app`; gives the command that adds up a month with it."""

    def written(text: str) -> tuple[str, ...]:
        (tmp_path / "Dockerfile").touch()
        (tmp_path / "steps.py").touch()
        (tmp_path / "edgewise.toml").write_text(text)
        return "cost", str(tmp_path), "--app", "app", "--requests", "1e6"

    return written


def units(*arguments: str) -> dict[str, float]:
    """What is billed, by the name of its line."""
    made = json.loads(run(*arguments, "--json").stdout)
    return {one["name"]: one["units"] for one in made["lines"]}


def test_cost_adds_the_function_of_an_app(of_site: Callable[[str], tuple[str, ...]]) -> None:
    asked = of_site(APP)
    for more, count, seconds in (
        ((), 0.3, 300_000 * 0.05),
        (("--app-ms", "200", "--app-share", "0.5"), 0.5, 500_000 * 0.2),
        (("--miss", "0.1", "--app-ms", "0"), 0.1, 100_000 * 0.001),
    ):
        lines = units(*asked, *more)
        assert lines["Lambda requests"] == pytest.approx(count)
        assert lines["Lambda duration, arm64"] == pytest.approx(seconds * 2)
    for name in ("api", ""):
        assert f"image origin {name!r}" in str(fault("cost", asked[1], "--app", name))
    for arguments in (("--app-ms", "5"), ("--app-share", "0.5"), (asked[1],)):
        assert "Add --app NAME." in str(fault("cost", *arguments))
    for arguments in (("--logs",), ("--page-views", "9"), ("--app-ms", "inf")):
        assert fault(*asked, *arguments).code == "simulate.plan"
    assert "30,000 at most" in str(fault(*asked, "--app-ms", "30001"))


@pytest.mark.parametrize(
    ("more", "options", "runs", "events", "said"),
    [
        ("", (), None, None, "notes runs nothing at the edge; 30 % of the requests reach an origin, 30 %"),
        (STEPS, (), 0.3, None, "functions at origin-request; no records"),
        (RECORDED, (), 1.3, 1.3, "at viewer-request, origin-response; records leave by eventbridge"),
        (
            RECORDED,
            ("--app-share", "1"),
            2.0,
            2.0,
            "100 % of the requests reach an origin, 100 % the image app",
        ),
        (
            RECORDED,
            ("--app-share", "0.1"),
            1.1,
            1.1,
            "10 % of the requests reach an origin, 10 % the image app",
        ),
        (RECORDED + BESIDE, ("--app-share", "0.1"), 1.3, 1.3, "30 % of the requests reach an origin, 10 %"),
        (RECORDED + BESIDE, ("--app-share", "0.6"), 1.6, 1.6, "60 % of the requests reach an origin, 60 %"),
        (RECORDED, ("--delivery", "stdout"), 1.3, None, "records leave by stdout"),
        (RECORDED + "sample = 0.5\n", (), 1.3, 0.65, "eventbridge"),
        (RECORDED + APART, (), 1.3, 1.3, "counted as if each behavior ran all of them"),
    ],
)
def test_cost_counts_at_the_edge_what_the_site_has_there(
    of_site: Callable[[str], tuple[str, ...]],
    more: str,
    options: tuple[str, ...],
    runs: float | None,
    events: float | None,
    said: str,
) -> None:
    asked = (*of_site(APP + more), *options)
    lines = units(*asked)
    assert lines.get("Lambda@Edge requests") == (runs and pytest.approx(runs))
    assert lines.get("EventBridge, custom events") == (events and pytest.approx(events))
    assert said in run(*asked).stdout.replace("\n", " ")


def test_cost_takes_every_request_to_an_origin_where_nothing_is_cached(
    of_site: Callable[[str], tuple[str, ...]],
) -> None:
    uncached = APP.replace("optimized", "disabled")
    assert units(*of_site(uncached))["Lambda requests"] == pytest.approx(1.0)
    own = APP.replace("optimized", "00000000-1111-2222-3333-444444444444")
    assert units(*of_site(own))["Lambda requests"] == pytest.approx(0.3), "what it keeps is not known"
    assert fault(*of_site(uncached), "--miss", "0.3").code == "simulate.plan"
    assert units(*of_site(uncached + STEPS), "--miss", "0.3")["Lambda requests"] == pytest.approx(0.3), (
        "a function of the site's own may answer"
    )


@pytest.mark.parametrize(
    ("more", "options", "said"),
    [
        ("", ("--app-share", "0.1", "--miss", "1"), "app is the origin of every behavior"),
        (BESIDE, ("--app-share", "0.5", "--miss", "0.4"), "more than what reaches any origin"),
        ("", ("--delivery", "stdout"), "notes makes no records"),
    ],
)
def test_cost_refuses_what_contradicts_the_site(
    of_site: Callable[[str], tuple[str, ...]], more: str, options: tuple[str, ...], said: str
) -> None:
    assert said in str(fault(*of_site(APP + more), *options))


def test_cost_says_which_price_is_unknown_and_where_to_look() -> None:
    result = run("cost", "--regions", "us-east-1=0.6,sa-east-1=0.4")
    assert "at least " in result.stdout
    assert (
        "unknown: the price of CloudWatch Logs, from Lambda in sa-east-1; look it up at https://"
        in result.stdout
    )


def test_cost_takes_another_list_of_prices(tmp_path: Path) -> None:
    from edgewise.simulate.prices import PACKAGED

    file = tmp_path / "mine.toml"
    file.write_text(PACKAGED.read_text().replace("everywhere = 0.60", "everywhere = 6.00"))
    cheap, dear = (json.loads(run("cost", "--json", *more).stdout) for more in ((), ("--prices", str(file))))
    assert dear["known"] - cheap["known"] == pytest.approx(1.3 * 5.4)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--delivery", "pigeon"), "simulate.plan"),
        (("--delivery", "step-functions", "--workflow", "slow"), "simulate.plan"),
        (("--workflow", "express"), "simulate.plan"),
        (("--batch", "2"), "simulate.plan"),
        (("--delivery", "step-functions", "--states", "2"), "simulate.plan"),
        (("--page-views", "9", "--workflow", "standard"), "simulate.plan"),
        (("--page-views", "9", "--states", "2"), "simulate.plan"),
        (("--requests", "inf"), "simulate.plan"),
        (("--ms", "inf"), "simulate.plan"),
        (("--ms", "1e300"), "simulate.plan"),
        (("--delivery", "step-functions", "--batch", "inf"), "simulate.plan"),
        (("--service-region", "mars"), "simulate.plan"),
        (("--regions", "us-east-1=2"), "simulate.plan"),
        (("--prices", "nowhere.toml"), "simulate.prices"),
        (("--logs", "--page-views", "9"), "simulate.plan"),
        (("--percent", "5"), "simulate.plan"),
    ],
)
def test_what_cannot_be_added_up_is_told(arguments: tuple[str, ...], code: str) -> None:
    assert fault("cost", *arguments).code == code
