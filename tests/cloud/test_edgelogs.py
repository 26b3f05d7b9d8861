"""The logs of all regions at once, from moto's CloudWatch Logs; regions that refuse are named and the rest is shown."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cloud.edge_lines import ORIGIN, VIEWER, invocation, record
from cloud.moto_clients import CREDENTIALS, Refusing, local_clients, moto_url, write_lines
from edgewise.cli.edgelogs import Printer, follow
from edgewise.cli.main import app
from edgewise.cloud.clients import Clients
from edgewise.cloud.edgejoin import join
from edgewise.cloud.edgelogs import EdgeLogs, Page, find
from edgewise.cloud.errors import CloudError, CredentialsError, UnreachableError
from edgewise.cloud.loggroups import remove, set_retention
from edgewise.cloud.tail import Tail
from edgewise.site import function_names
from support.site import eventually

SHOP = Path(__file__).parents[2] / "examples" / "shop"
NAMES = function_names("shop")
VALIDATION = "/aws/cloudfront/LambdaEdge/E123"
REFUSED = "(R2) ERROR Validation error: the function tried to delete read-only header, headerName : Via."
MINUTE_MS = 60_000
SOME = ("us-east-1", "eu-central-1", "ap-northeast-1", "af-south-1")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An AWS where visitors of two continents were, one of them with an answer that CloudFront refused."""
    with moto_url() as url:
        aws, now = local_clients(url), int(time.time() * 1000)
        seen = record("R1", path="/lamp", method="GET", trigger="viewer-request")
        write_lines(aws, "eu-central-1", VIEWER, invocation("l1", seen, init_ms=88.5), last_ms=now - 900)
        write_lines(
            aws, "eu-central-1", ORIGIN, invocation("l2", record("R1", status=200)), last_ms=now - 800
        )
        write_lines(aws, "eu-central-1", ORIGIN, invocation("l0"), last_ms=now - 850)  # at origin-request
        broken = record("R2", path="/broken", method="GET")
        write_lines(
            aws, "ap-northeast-1", VIEWER, invocation("l3", broken, "mind the header"), last_ms=now - 600
        )
        write_lines(aws, "ap-northeast-1", VALIDATION, [REFUSED], last_ms=now - 500)
        # Another site's, whose name begins the same.
        other = "/aws/lambda/us-east-1.shop-two-viewer"
        write_lines(aws, "eu-central-1", other, invocation("l9", record("R9")))
        yield url


@pytest.fixture(scope="module")
def aws(url: str) -> Clients:
    return local_clients(url)


def since() -> int:
    return int(time.time() * 1000) - 30 * MINUTE_MS


def test_all_regions_are_read_and_joined(aws: Clients) -> None:
    page = EdgeLogs(aws, NAMES, ["E123"]).read(since())
    assert page.troubles == () and page.groups == 4
    silent = [one for one in join(page.lines) if one.is_silent]
    assert [one.invocations[0].id for one in silent] == ["l0"]
    first, second = (one for one in join(page.lines) if not one.is_silent)
    assert (first.request_id, first.regions) == ("R1", ("eu-central-1",))
    assert (first.facts["path"], first.facts["status"]) == ("/lamp", 200)
    assert (second.request_id, second.regions) == ("R2", ("ap-northeast-1",))
    assert [line.message for line in second.validation] == [REFUSED]


def test_only_what_is_asked_for_is_read(aws: Clients) -> None:
    assert EdgeLogs(aws, NAMES).read(int(time.time() * 1000) + MINUTE_MS).lines == ()
    page = EdgeLogs(aws, NAMES, regions=["eu-central-1"]).read(since(), text="R1")
    assert len(page.lines) == 2 and all("R1" in line.message for line in page.lines)


class Pages:
    """A client whose pages are short, and some of them empty, as those of CloudWatch Logs may be."""

    def filter_log_events(self, **wanted: Any) -> dict[str, Any]:
        number = int(wanted.get("nextToken", "0"))
        event = {
            "logStreamName": "s",
            "timestamp": number,
            "message": f"line {number}",
            "eventId": f"{number}",
        }
        return {
            "events": [] if number % 2 else [event],
            **({"nextToken": f"{number + 1}"} if number < 8 else {}),
        }


class OnePlace(Clients):
    def __call__(self, service: str, region: str = "us-east-1") -> Any:
        return Pages()


def test_pages_may_be_empty_and_are_read_to_the_end_or_to_a_bound() -> None:
    logs = EdgeLogs(OnePlace(), ["shop-viewer"], regions=["eu-west-1"])
    page = logs.read(0)
    assert [line.message for line in page.lines] == [f"line {number}" for number in (0, 2, 4, 6, 8)]
    assert page.troubles == ()
    page = EdgeLogs(OnePlace(), ["shop-viewer"], regions=["eu-west-1"], most_lines=3).read(0)
    assert len(page.lines) == 3 and "ask for less time" in page.troubles[0].why


@pytest.mark.parametrize(
    ("code", "told", "is_off"),
    [
        ("AccessDeniedException", "AccessDeniedException", False),
        ("ThrottlingException", "asked too often", False),
        ("UnrecognizedClientException", "not enabled", True),
    ],
)
def test_a_region_that_refuses_is_named_and_the_rest_is_read(
    url: str, code: str, told: str, is_off: bool
) -> None:
    aws = Refusing(url, {("logs", "ap-northeast-1"): code, ("logs", "af-south-1"): code})
    page = EdgeLogs(aws, NAMES, ["E123"], SOME).read(since())
    assert {one.request_id for one in join(page.lines)} == {"R1", ""}
    assert {one.region for one in page.troubles} == {"ap-northeast-1", "af-south-1"}
    assert all(told in one.why and one.is_off == is_off for one in page.troubles)
    aws.refusals.clear()
    assert EdgeLogs(aws, NAMES, ["E123"], SOME).read(since()).troubles == ()


def test_where_every_region_refuses_that_is_an_error(url: str) -> None:
    regions = ("us-east-1", "eu-west-1")
    expired = Refusing(url, {("logs", region): "ExpiredTokenException" for region in regions})
    with pytest.raises(CredentialsError, match="ExpiredTokenException"):
        EdgeLogs(expired, NAMES, regions=regions).read(since())
    with pytest.raises(CloudError, match="does not answer"):
        EdgeLogs(Clients("http://127.0.0.1:1", CREDENTIALS), NAMES, regions=("us-east-1",)).read(0)


def test_a_record_is_found_by_what_it_contains(aws: Clients) -> None:
    found = find(aws, "shop", "/lamp", since())
    assert found is not None and found["request_id"] == "R1"
    assert find(aws, "shop", "/nowhere", since()) is None


def test_groups_are_made_ahead_and_end_and_can_be_removed(url: str) -> None:
    regions = ("us-east-1", "sa-east-1", "me-south-1", "eu-west-3")
    refusals = {
        ("logs", "me-south-1"): "UnrecognizedClientException",
        ("logs", "eu-west-3"): "AccessDeniedException",
    }
    aws = Refusing(url, refusals)
    for _ in range(2):  # the second time they are there
        kept = {one.region: one for one in set_retention(aws, "books", 30, regions)}
        assert not kept["us-east-1"].trouble and not kept["sa-east-1"].trouble
        assert kept["me-south-1"].is_off and "AccessDenied" in kept["eu-west-3"].trouble
    prefix = "/aws/lambda/us-east-1.books-"
    groups = aws("logs", "sa-east-1").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    assert {(one["logGroupName"], one["retentionInDays"]) for one in groups} == {
        (f"{prefix}viewer", 30),
        (f"{prefix}origin", 30),
    }
    # Of the standard log, as CloudFormation names them; the last is another site's.
    standard = [
        f"{site}-AccessLogGroup-{end}" for site, end in (("books", "A1"), ("books", "B2"), ("shop", "C3"))
    ]
    for name in standard:
        aws("logs", "us-east-1").create_log_group(logGroupName=name)
    for _ in range(2):
        assert [one.region for one in remove(aws, "books", regions) if not one.trouble] == [
            "us-east-1",
            "sa-east-1",
        ]
    assert aws("logs", "sa-east-1").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"] == []
    left = aws("logs", "us-east-1").describe_log_groups()["logGroups"]
    assert {one["logGroupName"] for one in left} & set(standard) == {standard[2]}
    with pytest.raises(CloudError, match="for 31 days"):
        set_retention(aws, "books", 31, regions)
    refusals_everywhere = {("logs", region): "AccessDeniedException" for region in regions}
    with pytest.raises(CloudError, match="AccessDenied"):
        set_retention(Refusing(url, refusals_everywhere), "books", 30, regions)


def test_following_outlives_a_network_that_is_gone_for_a_while(
    aws: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = iter([True, False])

    class Flaky(EdgeLogs):
        def read(self, since_ms: int, until_ms: int | None = None, text: str = "") -> Page:
            if next(gone):
                raise UnreachableError("AWS does not answer")
            return super().read(since_ms, until_ms, text)

    printer = Printer(True, lambda facts: True, records=True)
    pauses = iter([False, True])
    follow(Flaky(aws, NAMES, ["E123"]), since(), printer, lambda seconds: next(pauses), Tail(quiet_s=0))
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["event"] for one in told[:2]] == ["trouble", "back"]
    assert {"R1", "R2"} <= {one.get("request_id") for one in told[2:]}


@pytest.fixture
def environ(url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    environ = {"AWS_ENDPOINT_URL": url, **CREDENTIALS}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environ}


def logs(*options: str, folder: Path = SHOP) -> Result:
    """The command, in this process."""
    return CliRunner().invoke(app, ["logs", str(folder), "--from", "aws", *options])


@pytest.mark.usefixtures("environ", "quick_clients")
def test_the_command_prints_requests_of_all_regions() -> None:
    done = logs("--since", "1h")
    assert done.exit_code == 0, done.stderr
    first, second, said_id, said = done.stdout.splitlines()
    assert "GET    200  /lamp  eu-central-1  shop-viewer:7 1.2 ms cold 88 ms, shop-origin:7 1.2 ms" in first
    assert "/broken  ap-northeast-1" in second
    assert (said_id.strip(), said.strip()) == ("request R2", "shop-viewer: mind the header")
    # moto's CloudFormation knows no stack, so that the distribution is not known.
    assert "CloudFront's own log of refused results is left out" in done.stderr


NOTES = """\
name = "notes"
[origins.app]
image = "."
region = "eu-west-2"
[default]
origin = "app"
[log]
"""


@pytest.mark.usefixtures("environ", "quick_clients")
def test_the_command_reads_the_log_of_an_app_in_its_region(aws: Clients, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").touch()
    (tmp_path / "edgewise.toml").write_text(NOTES)
    group, now, of_cloudfront = "/aws/lambda/notes-app", int(time.time() * 1000), f"{'x' * 54}=="
    viewer = invocation("l1", record(of_cloudfront, path="/tea", method="GET", status=200))
    write_lines(aws, "eu-central-1", "/aws/lambda/us-east-1.notes-viewer", viewer, last_ms=now - 900)
    named = invocation("l2", f"request {of_cloudfront}", "brewing", init_ms=884)
    write_lines(aws, "eu-west-2", group, named, last_ms=now - 800)
    write_lines(aws, "eu-west-2", group, invocation("l3", "nobody's"), last_ms=now - 700, stream="t")
    write_lines(aws, "eu-west-2", group, invocation("l4"), last_ms=now - 600, stream="u")
    # A function of that name in another region is somebody's.
    write_lines(aws, "us-east-1", group, invocation("l5", "another's"), last_ms=now - 500)
    done = logs("--since", "1h", folder=tmp_path)
    assert done.exit_code == 0, done.stderr
    first, *said, alone, printed = done.stdout.splitlines()
    assert "/tea  eu-central-1, eu-west-2  notes-viewer:7 1.2 ms, notes-app:7 1.2 ms cold 884 ms" in first
    assert [one.strip() for one in said] == [
        f"request {of_cloudfront}",
        f"notes-app: request {of_cloudfront}",
        "notes-app: brewing",
    ]
    assert "eu-west-2  notes-app:7 1.2 ms" in alone and printed.strip() == "notes-app: nobody's"
    beyond = EdgeLogs(aws, [], regions=["us-east-1"], apps={"notes-app": "eu-west-2"}).read(now - 60_000)
    assert {line.region for line in beyond.lines} == {"eu-west-2"}, "a region without an edge, too"


@pytest.mark.usefixtures("environ", "quick_clients")
def test_the_command_filters_and_prints_json() -> None:
    done = logs("--json", "--path", "/la*", "--status", "2xx", "--since", "1h")
    [told] = map(json.loads, done.stdout.splitlines())
    assert told["request_id"] == "R1" and told["regions"] == ["eu-central-1"]
    assert [one["function"] for one in told["invocations"]] == ["shop-viewer", "shop-origin"]
    assert logs("--status", ">=500", "--since", "1h").stdout == ""


@pytest.mark.usefixtures("environ", "quick_clients")
def test_the_command_says_that_there_is_no_log_yet(tmp_path: Path) -> None:
    (tmp_path / "edgewise.toml").write_text(
        'name = "books"\n[origins.app]\ndomain = "app.example.com"\n[default]\norigin = "app"\n[log]\n'
    )
    done = logs(folder=tmp_path)
    assert (done.exit_code, done.stdout) == (0, "") and "No region has a log" in done.stderr


def test_the_command_says_what_is_wrong(environ: dict[str, str]) -> None:
    nobody = {key: value for key, value in environ.items() if key not in CREDENTIALS}
    done = subprocess.run(
        [sys.executable, "-m", "edgewise", "logs", str(SHOP), "--from", "aws"],
        env={**nobody, "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1 and done.stderr.startswith("error[cloud.credentials]")
    assert "Traceback" not in done.stderr
    assert logs("--store", "x").exit_code == 2
    of_the_store = CliRunner().invoke(app, ["logs", str(SHOP)])
    assert of_the_store.exit_code == 2 and "--store" in of_the_store.output


def test_the_command_follows(environ: dict[str, str], aws: Clients, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ("--follow", "--since", "1h", "--json")
    command = [sys.executable, "-m", "edgewise", "logs", str(SHOP), "--from", "aws", *options]
    with out.open("wb") as file:
        process = subprocess.Popen(command, env=environ, stdout=file, stderr=subprocess.DEVNULL)
    try:
        assert eventually(lambda: "R2" in out.read_text(), 60)
        write_lines(aws, "eu-central-1", VIEWER, invocation("l7", record("R7", path="/late")), stream="late")
        assert eventually(lambda: "R7" in out.read_text(), 60)
    finally:
        process.terminate()
        process.wait(60)
    told = [json.loads(line) for line in out.read_text().splitlines()]
    assert [one["request_id"] for one in told] == ["R1", "R2", "R7"]
    assert not any(one["again"] for one in told)


def test_what_somebody_chose_for_a_group_is_kept_unless_a_number_is_given(url: str) -> None:
    aws, group = Clients(url, CREDENTIALS), "/aws/lambda/us-east-1.papers-viewer"
    logs = aws("logs", "eu-west-1")
    logs.create_log_group(logGroupName=group)
    logs.put_retention_policy(logGroupName=group, retentionInDays=365)

    def days() -> dict[str, int]:
        groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/us-east-1.papers-")["logGroups"]
        return {one["logGroupName"].rpartition("-")[2]: one["retentionInDays"] for one in groups}

    set_retention(aws, "papers", regions=("eu-west-1",))
    assert days() == {"viewer": 365, "origin": 30}
    set_retention(aws, "papers", 7, ("eu-west-1",))
    assert days() == {"viewer": 7, "origin": 7}
