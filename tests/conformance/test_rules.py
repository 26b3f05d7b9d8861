"""Rules can fail, each of them, and say what they expected."""

from __future__ import annotations

import http.server
import re
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from conformance.client import Client
from conformance.rule import Failed, Group, among, holds, same
from conformance.rules import GROUPS, every_rule
from conformance.rules._expect import for_each
from conformance.run import judge, run
from conformance.target import Target

RULES = every_rule()


@contextmanager
def wrong_server(status: int, body: bytes) -> Iterator[Target]:
    """A server that has one answer for everything, and the report that the kit would like to see."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            content = b"[]" if self.path.startswith("/report/") else body
            self.send_response(200 if self.path.startswith("/report/") else status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

        def log_message(self, format: str, *args: object) -> None:
            """The rules tell what they saw."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        yield Target(address, Client(address), Client(address), local=True)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)


@pytest.fixture(scope="module")
def passed() -> dict[str, int]:
    """How many of the wrong servers each rule was content with."""
    answers = ((200, b"everything is fine"), (403, b"no"), (502, b"no"))
    with ExitStack() as servers, ThreadPoolExecutor(len(answers)) as pool:
        targets = [servers.enter_context(wrong_server(*answer)) for answer in answers]
        results = pool.map(lambda target: run(RULES, target, workers=60), targets)
        return Counter(each.rule.name for one in results for each in one if each.passed)


def test_every_rule_can_fail(passed: dict[str, int]) -> None:
    """A rule that a server with one answer for everything keeps would judge nothing."""
    assert not passed


def test_a_failure_says_what_was_expected_and_seen() -> None:
    (rule,) = [rule for rule in RULES if rule.name == "redirect-get-is-301"]
    with wrong_server(200, b"everything is fine") as target:
        result = judge(rule, target, "run")
    assert result.passed is False
    assert result.expected == "status 301"
    assert "200 OK" in result.seen


def test_a_rule_that_trips_fails_and_says_over_what() -> None:
    group = Group("group", "page")

    @group.rule()
    def trips(kit: object) -> None:
        """It looks for what is not there."""
        raise KeyError("missing")

    with wrong_server(200, b"") as target:
        result = judge(group.rules[0], target, "run")
    assert result.passed is False
    assert "KeyError" in result.seen


def test_an_address_that_is_not_there_fails() -> None:
    nowhere = Client("http://127.0.0.1:1")
    result = judge(RULES[0], Target("nowhere", nowhere, nowhere, local=True), "run")
    assert result.passed is False
    assert result.expected == "an answer"


def test_rules_about_the_viewers_place_are_skipped_elsewhere() -> None:
    (rule,) = [rule for rule in RULES if rule.name == "blocked-country-is-403"]
    nowhere = Client("http://127.0.0.1:1")
    assert judge(rule, Target("nowhere", nowhere, nowhere, local=False), "run").passed is None


def test_rules_have_names_of_their_own() -> None:
    assert [name for name, times in Counter(rule.name for rule in RULES).items() if times > 1] == []


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_rules_say_themselves_in_a_sentence_and_name_a_page(group: Group) -> None:
    for rule in group.rules:
        assert re.fullmatch(r"[a-z0-9-]+", rule.name)
        assert rule.title[0].isalnum() or rule.title[0] == "`", rule.name
        assert len(rule.title.split()) > 3, rule.name
        assert re.fullmatch(
            r"https://docs\.aws\.amazon\.com/(AmazonCloudFront|lambda)/latest/[\w/-]+\.html", rule.url
        )


def test_expectations_pass_and_fail() -> None:
    same("the sum", 4, 2 + 2)
    among("the sum", (4, 5), 4)
    holds(True, "anything", "nothing")
    with pytest.raises(Failed, match="expected the sum 5; seen: 4"):
        same("the sum", 5, 2 + 2)
    with pytest.raises(Failed, match="one of"):
        among("the sum", (5, 6), 4)


def test_the_members_that_fail_are_named_together() -> None:
    group = Group("group", "page")

    @group.rule()
    def numbers_are_even(kit: object) -> None:
        """All numbers are even."""
        for_each(kit, (2, 3, 4, 5), lambda _, number: same("the rest", 0, number % 2))  # type: ignore[arg-type]

    with wrong_server(200, b"") as target:
        result = judge(group.rules[0], target, "run")
    assert (result.passed, result.expected) == (False, "the rest 0")
    assert result.seen == "2 of the members fail: 3: 1; 5: 1"
