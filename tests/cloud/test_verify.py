"""The look at the site after a deployment: what it takes for an answer, and what it does not."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from cloud.edge_page import Site, answering
from edgewise.cloud.errors import VerifyError
from edgewise.cloud.verify import Expected, ask, verify

DEPLOYED = Expected("abc123", frozenset({13}))


@pytest.fixture
def site() -> Iterator[Site]:
    with answering() as server:
        yield server


def look(
    site: Site, records: dict[str, dict[str, Any]], expected: Expected | None = DEPLOYED, tries: int = 1
) -> str:
    return verify(
        site.url,
        expected,
        lambda request, since: records.get(request),
        tell=lambda step, sentence: None,
        sleep=lambda seconds: None,
        patience_s=tries * 5,
    )


def record(settings: str = "abc123", version: str = "13") -> dict[str, Any]:
    return {"settings_hash": settings, "function_version": version, "region": "eu-west-1"}


def test_a_staged_change_is_asked_for_by_its_header(site: Site) -> None:
    verify(
        site.url,
        None,
        lambda *_: None,
        tell=lambda *_: None,
        sleep=lambda _: None,
        headers={"aws-cf-cd-try": "yes"},
    )

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


class _Mail(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"220 mail.example.com\r\n")


def test_what_is_no_web_server_is_an_error_like_no_answer() -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), _Mail) as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        with pytest.raises(VerifyError, match="does not answer: 220 mail"):
            ask(f"http://127.0.0.1:{server.server_address[1]}/")
        thread.join(10)
