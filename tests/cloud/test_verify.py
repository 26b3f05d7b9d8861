"""The look at the site after a deployment: what it takes for an answer, and what it does not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from edgewise.cloud.errors import VerifyError
from edgewise.cloud.verify import Expected, verify

DEPLOYED = Expected("abc123", frozenset({13}))


class Site(ThreadingHTTPServer):
    """A page behind something that answers as CloudFront does."""

    status = 200
    cache = "Miss from cloudfront"
    asked: list[str]
    header: str | None = None


class _Page(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.header = self.headers.get("aws-cf-cd-try")
        self.send_response(self.server.status)
        self.send_header("X-Amz-Cf-Id", f"id{len(self.server.asked)}==")
        self.send_header("X-Cache", self.server.cache)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site(("127.0.0.1", 0), _Page)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join(10)
    server.server_close()


def look(
    site: Site, records: dict[str, dict[str, Any]], expected: Expected | None = DEPLOYED, tries: int = 1
) -> str:
    return verify(
        f"http://127.0.0.1:{site.server_port}/",
        expected,
        lambda request, since: records.get(request),
        tell=lambda step, sentence: None,
        sleep=lambda seconds: None,
        patience_s=tries * 5,
    )


def record(settings: str = "abc123", version: str = "13") -> dict[str, Any]:
    return {"settings_hash": settings, "function_version": version, "region": "eu-west-1"}


def test_a_staged_change_is_asked_for_by_its_header(site: Site) -> None:
    url = f"http://127.0.0.1:{site.server_port}/"

    verify(url, None, lambda *_: None, tell=lambda *_: None, headers={"aws-cf-cd-try": "yes"})

    assert site.header == "yes"


def test_the_record_of_the_request_shows_what_is_deployed(site: Site) -> None:
    seen = look(site, {"id1==": record()})

    assert seen.endswith("answers 200, recorded by version 13 in eu-west-1")
    assert site.asked[0].startswith("/?edgewise-deploy=")


def test_an_edge_with_the_version_before_is_asked_again(site: Site) -> None:
    records = {"id1==": record(settings="older0"), "id2==": record(version="12"), "id3==": record()}

    assert "recorded by version 13" in look(site, records, tries=3)
    assert len(set(site.asked)) == 3


def test_an_edge_that_keeps_the_version_before_is_named(site: Site) -> None:
    with pytest.raises(VerifyError, match="a function with other settings answered: older0, not abc123"):
        look(site, {"id1==": record(settings="older0")})


def test_a_request_without_a_record_is_named(site: Site) -> None:
    with pytest.raises(VerifyError, match="no record of the request id1== is in the logs"):
        look(site, {})


def test_a_function_that_fails_is_named_in_cloudfronts_words(site: Site) -> None:
    site.status, site.cache = 503, "LambdaExecutionError from cloudfront"

    with pytest.raises(VerifyError, match="a function failed: 503, LambdaExecutionError") as refused:
        look(site, {})

    assert "edgewise rollback" in str(refused.value.hint)


def test_an_error_of_the_origin_is_an_answer(site: Site) -> None:
    site.status = 404

    assert "answers 404" in look(site, {"id1==": record()})


def test_where_records_go_elsewhere_only_the_answer_is_looked_at(site: Site) -> None:
    assert look(site, {}, expected=None).endswith("; no record of it was looked for")


def test_nobody_who_answers_is_named(site: Site) -> None:
    with pytest.raises(VerifyError, match="the site does not answer"):
        verify(
            "http://127.0.0.1:9/",
            None,
            lambda request, since: None,
            tell=lambda step, sentence: None,
            sleep=lambda seconds: None,
            patience_s=5,
        )
