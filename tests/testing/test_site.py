"""`edgewise.testing` as its users use it: a site in a test, with real functions and origins that the test writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edgewise.site import create_site
from edgewise.testing import EdgeSite, FakeOrigin, Received, Records, Reply, TestingError, run_site
from edgewise.testing.asking import RequestOptions

RunSite = Callable[..., EdgeSite]

STEPS = """
from edgewise.edge import Edge

edge = Edge()
seen = 0


@edge.viewer_request
def greet(request):
    global seen
    seen += 1
    if request.path == "/hello":
        return request.respond(200, f"hello number {seen}")
    if request.path == "/broken":
        raise RuntimeError("broken on purpose")


handler = edge
"""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A new site with a step of its own."""
    folder = tmp_path / "notes"
    create_site(folder)
    (folder / "edge" / "app.py").write_text(STEPS)
    text = (folder / "edgewise.toml").read_text()
    (folder / "edgewise.toml").write_text(
        text.replace('["origin-response"]', '["viewer-request", "origin-response"]')
    )
    return folder


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EdgeSite, FakeOrigin]]:
    """A new site with its origin, for tests that leave nothing behind."""
    folder = tmp_path_factory.mktemp("running") / "notes"
    create_site(folder)
    with FakeOrigin() as origin, run_site(folder, origins={"app": origin}) as site:
        yield site, origin


def test_a_request_with_its_records_events_and_what_the_origin_saw(
    notes: Path, edgewise_site: RunSite
) -> None:
    origin = FakeOrigin()
    site = edgewise_site(notes, origins={"app": origin})
    answer = site.get("/list?page=2", country="JP", address="203.0.113.9")
    assert answer.status == 200 and answer.json()["path"] == "/list"
    record = answer.records.one(trigger="viewer-request")
    assert (record["path"], record["client_ip"]) == ("/list", "203.0.113.9")
    assert site.records("access").one(request_id=answer.request_id)["country"] == "JP"
    assert answer.events["viewer-request"]["Records"][0]["cf"]["request"]["querystring"] == "page=2"
    assert answer.results["viewer-request"]["uri"] == "/list"
    assert origin.received[0].query == "page=2"
    assert answer.problem == ""


def test_the_clock_ages_the_cache_and_an_invalidation_empties_it(notes: Path, edgewise_site: RunSite) -> None:
    site = edgewise_site(notes, origins={"app": FakeOrigin()})
    (notes / "assets" / "static").mkdir(exist_ok=True)
    (notes / "assets" / "static" / "a.css").write_text("a { }")
    assert [site.get("/static/a.css").cache for _ in range(2)] == ["Miss", "Hit"]
    site.clock.move(86_401)
    refreshed = site.get("/static/a.css")
    assert refreshed.cache == "RefreshHit" and "expired" in refreshed.why
    assert site.invalidate("/static/*") == 1
    assert site.get("/static/a.css").cache == "Miss"


def test_every_location_has_functions_and_a_cache_of_its_own(notes: Path, edgewise_site: RunSite) -> None:
    site = edgewise_site(notes, origins={"app": FakeOrigin()}, location="IAD89-C1")
    assert site.get("/hello").text == "hello number 1"
    assert site.get("/hello", location="NRT57-P2").text == "hello number 1"
    assert site.get("/hello").text == "hello number 2"
    regions = {record["region"] for record in site.records()}
    assert regions == {"us-east-1", "ap-northeast-1"}


def test_environments_are_recycled(notes: Path, edgewise_site: RunSite) -> None:
    site = edgewise_site(notes, origins={"app": FakeOrigin()})
    assert [site.get("/hello").text for _ in range(2)] == ["hello number 1", "hello number 2"]
    site.recycle()
    assert site.get("/hello").text == "hello number 1"


def test_an_error_of_a_function_is_told_with_its_reason(notes: Path, edgewise_site: RunSite) -> None:
    site = edgewise_site(notes, origins={"app": FakeOrigin()})
    answer = site.get("/broken")
    assert (answer.status, answer.cache) == (503, "LambdaExecutionError")
    assert "broken on purpose" in answer.problem


def test_a_visitor_keeps_cookies(notes: Path, edgewise_site: RunSite) -> None:
    def greet(request: Received) -> Reply:
        given = request.headers.get("cookie", "")
        return Reply(given, headers={"Set-Cookie": "seen=; Max-Age=0" if given else "seen=yes; Path=/"})

    site = edgewise_site(notes, origins={"app": FakeOrigin(greet)})
    visitor = site.visitor(country="FR")
    assert [visitor.get().text for _ in range(3)] == ["", "seen=yes", ""]
    assert site.records("access")[0]["country"] == "FR"


def test_replies_may_wait_and_fail(notes: Path, edgewise_site: RunSite) -> None:
    gate = threading.Event()
    origin = FakeOrigin()
    origin.replies = {
        "/slow": Reply("late", waits=gate),
        "/dead": Reply(fails=True),
        "/404": Reply("no", 404),
    }
    site = edgewise_site(notes, origins={"app": origin})
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(site.get, "/slow")
        assert (site.get("/dead").status, site.get("/404").status) == (502, 404)
        assert not slow.done()
        gate.set()
        assert slow.result().text == "late"


def test_records_that_are_not_there_are_said_with_those_that_are(notes: Path, edgewise_site: RunSite) -> None:
    answer = edgewise_site(notes, origins={"app": FakeOrigin()}).get("/x")
    with pytest.raises(
        AssertionError, match=r"0 records have .*origin-request(.|\n)*trigger='viewer-request', path='/x'"
    ):
        answer.records.one(trigger="origin-request")


def test_an_origin_without_a_place_is_an_error(notes: Path) -> None:
    with pytest.raises(TestingError, match=r"'app' has no place(.|\n)*FakeOrigin"), run_site(notes):
        pass


def test_an_origin_that_the_site_does_not_have_is_an_error(notes: Path) -> None:
    with (
        FakeOrigin() as origin,
        pytest.raises(TestingError, match=r"origins= names 'ap'(.|\n)*is 'app' meant\?") as caught,
        run_site(notes, origins={"ap": origin}),
    ):
        pass
    assert "--origin" not in str(caught.value)


def test_a_location_that_is_none_is_an_error(notes: Path, edgewise_site: RunSite) -> None:
    with pytest.raises(TestingError, match="no edge location 'QQQ1-P1'"), run_site(notes, location="QQQ1-P1"):
        pass
    origin = FakeOrigin()
    site = edgewise_site(notes, origins={"app": origin})
    with pytest.raises(TestingError, match="no edge location 'NRT'"):
        site.get("/", location="NRT")
    assert origin.received == []


@pytest.mark.parametrize(
    ("path", "options", "said"),
    [
        ("list", {}, "does not begin with a slash(.|\n)*write '/list'"),
        ("/\xfc a?q=%20", {}, r"not ready to be sent(.|\n)*'/%C3%BC%20a\?q=%20'"),
        ("/", {"headers": {"X": "\u20ac"}}, "the header X has a character"),
        ("/", {"headers": {"X": "a\r\nY: b"}}, "the header X has a line end"),
        ("/", {"headers": {"X:": "a"}}, "'X:' is no name of a header"),
        ("/", {"address": "nonsense"}, "'nonsense' is no IP address"),
        ("/", {"country": "Deutschland"}, "'Deutschland' is no country(.|\n)*two letters"),
    ],
)
def test_what_cannot_be_sent_is_an_error_that_names_it(
    running: tuple[EdgeSite, FakeOrigin], path: str, options: RequestOptions, said: str
) -> None:
    site, origin = running
    before = len(origin.received)
    with pytest.raises(TestingError, match=said):
        site.get(path, **options)
    with pytest.raises(TestingError, match="no method"):
        site.request("GE T", "/")
    assert len(origin.received) == before


def test_a_request_has_no_headers_that_the_test_did_not_give(running: tuple[EdgeSite, FakeOrigin]) -> None:
    site, origin = running
    answer = site.get("/bare", headers={"X-A": "h\xe9"})
    given = answer.events["viewer-request"]["Records"][0]["cf"]["request"]["headers"]
    assert set(given) == {"host", "x-a"}
    site.get("/asks", headers={"Accept-Encoding": "br"})
    site.request("POST", "/none")
    site.request("POST", "/some", body="h\xe9")
    bare, asks, none, some = origin.received[-4:]
    assert (bare.header("accept-encoding"), asks.header("accept-encoding") != "") == ("", True)
    assert (none.header("content-length"), none.body, some.body) == ("0", b"", "h\xe9".encode())


def test_a_body_that_is_not_what_was_asked_for_is_told_with_the_answer(
    running: tuple[EdgeSite, FakeOrigin],
) -> None:
    site, origin = running
    origin.replies["/bytes"] = Reply(b"\xff")
    answer = site.get("/bytes")
    with pytest.raises(TestingError, match=r"no JSON: <Answer 200 Miss \(GET /bytes\)>"):
        answer.json()
    with pytest.raises(TestingError, match="no text in UTF-8: <Answer 200"):
        _ = answer.text


def test_without_any_record_it_is_said_who_makes_them() -> None:
    with pytest.raises(AssertionError, match=r"none at all: only functions that use edgewise\.edge"):
        Records().one(trigger="viewer-request")


def test_an_option_that_is_none_is_an_error(notes: Path, edgewise_site: RunSite) -> None:
    site = edgewise_site(notes, origins={"app": FakeOrigin()})
    with pytest.raises(TypeError, match="'contry' is no option of a request"):
        site.get("/x", contry="JP")  # type: ignore[call-arg]


def test_https_is_asked_with_trust_in_the_sites_own_authority(notes: Path, edgewise_site: RunSite) -> None:
    site = edgewise_site(notes, origins={"app": FakeOrigin()})
    assert site.get("/a", https=True).status == 200
    assert site.visitor(https=True).get("/b").status == 200
    site.get("/c")
    protocols = {record["path"]: record["protocol"] for record in site.records("access")}
    assert protocols == {"/a": "https", "/b": "https", "/c": "http"}


def test_a_failed_assertion_shows_the_reason_first(notes: Path, edgewise_site: RunSite) -> None:
    site = edgewise_site(notes, origins={"app": FakeOrigin()})
    failed = repr(site.get("/broken"))
    assert failed.startswith("<Answer 503 LambdaExecutionError: ") and "broken on purpose" in failed
    assert failed.endswith(" (GET /broken)>") and len(failed) < 240
    assert repr(site.get("/list?page=2")) == "<Answer 200 Miss (GET /list?page=2)>"


def test_a_site_that_does_not_end_well_leaves_no_thread(notes: Path) -> None:
    async def fails() -> None:
        await close()
        raise RuntimeError("not well")

    before = set(threading.enumerate())
    with (
        FakeOrigin() as origin,
        pytest.raises(RuntimeError, match="not well"),
        run_site(notes, origins={"app": origin}) as site,
    ):
        close, site.cdn.close = site.cdn.close, fails  # type: ignore[method-assign]
    assert "edgewise" not in {thread.name for thread in set(threading.enumerate()) - before}


def test_a_template_runs_as_well_as_a_site(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("from the bucket")
    (tmp_path / "template.yaml").write_text(
        """
Resources:
  Bucket: { Type: AWS::S3::Bucket }
  Distribution:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins: [{ Id: files, DomainName: !GetAtt Bucket.RegionalDomainName, S3OriginConfig: {} }]
        DefaultCacheBehavior:
          TargetOriginId: files
          ViewerProtocolPolicy: allow-all
          CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6
"""
    )
    with run_site(tmp_path / "template.yaml", origins={"files": tmp_path / "files"}) as site:
        assert site.get("/a.txt").text == "from the bucket"
        assert site.get("/b.txt").status == 403
    missing = r"'files' has no place(.|\n)*origins=\{\"files\": \"FOLDER\"\}"
    with pytest.raises(TestingError, match=missing), run_site(tmp_path / "template.yaml"):
        pass


def test_a_site_that_counts_page_views_counts_none_of_a_tests(notes: Path) -> None:
    file = notes / "edgewise.toml"
    file.write_text(file.read_text() + '\n[statistics]\n[rewrite]\nbehaviors = ["*"]\n')
    with FakeOrigin() as origin, run_site(notes, origins={"app": origin}) as site:
        assert site.get("/hello").status == 200
        assert site.get("/guide").status == 200
        assert [one.path for one in origin.received] == ["/guide/index.html"]
        assert not [line for line in site.logs if "statistics" in line.message]
