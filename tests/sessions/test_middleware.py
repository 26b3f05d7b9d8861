"""What a visitor and an app can rely on: whose session it is, how long it lives, and what a dead store does."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.sessions import MemorySessions, Row, Session, SessionError, SessionMiddleware
from edgewise.sessions.headers import is_shared, token_of
from sessions.browser import BEGIN, DAY, App, Site, Visitor, ask, keep


@pytest.fixture
def site() -> Site:
    return Site()


def test_a_session_begins_when_the_app_keeps_something_and_stays(site: Site) -> None:
    (line,) = site.visit(keep(basket=["oolong"])).all("set-cookie")
    assert line == f"session={site.visitor.token}; Max-Age=86400; Path=/; Secure; HttpOnly; SameSite=Lax"
    assert site.row == Row("v1", BEGIN, BEGIN + DAY, '{"basket":["oolong"]}')
    answer = site.visit()
    assert (answer.session, answer.all("set-cookie")) == ({"basket": ["oolong"]}, [])


def test_tokens_are_long_and_no_two_are_alike(site: Site) -> None:
    tokens = set()
    site.app.handle = keep(a=1)
    for _ in range(100):
        visitor = Visitor(site.middleware)
        visitor.get()
        tokens.add(visitor.token)
    assert len(tokens) == 100 and {len(token or "") for token in tokens} == {43}


@pytest.mark.parametrize(
    "token", ["A" * 43, "", "x", "../../etc/passwd", "é", "A" * 5000, '"' + "A" * 43 + '"']
)
def test_a_token_that_was_never_issued_is_replaced(site: Site, token: str) -> None:
    site.visitor.cookies["session"] = token
    site.visit(keep(user="ada"))
    assert site.visitor.token != token and len(site.store.rows) == 1
    assert token not in site.store.rows


def test_an_expired_session_does_not_come_back(site: Site) -> None:
    site.visit(keep(user="ada"))
    old = site.visitor.token
    site.clock.move(DAY)
    assert site.visit().session == {}
    site.visit(keep(basket=1))
    assert site.visitor.token != old and site.row.data == '{"basket":1}'


def test_a_session_lives_on_while_it_is_used_and_most_requests_write_nothing(site: Site) -> None:
    site.visit(keep(a=1))
    site.clock.move(DAY / 10 - 1)
    assert site.visit().all("set-cookie") == []
    site.clock.move(1)
    assert len(site.visit().all("set-cookie")) == 1
    assert site.row == Row("v1", BEGIN, BEGIN + DAY // 10 + DAY, '{"a":1}')
    for _ in range(20):
        site.clock.move(DAY * 0.9)
        site.visit()
    assert site.row.issued == BEGIN


def test_a_session_that_the_edge_moved_is_written_down_and_keeps_its_data(site: Site) -> None:
    site.visit(keep(basket=2))
    site.clock.move(60)
    site.visitor.app = site.other("v2")
    assert site.visit().session == {"basket": 2}
    assert (site.row.version, site.row.issued) == ("v2", BEGIN + 60)


def test_without_an_argument_the_version_is_the_header_of_the_edge() -> None:
    site = Site(version=None)
    site.visit(keep(a=1), X_App_Version="v2")
    assert site.row.version == "v2"
    site.visit(X_App_Version="../v1")
    assert site.row.version == "v2"
    site.visitor.cookies.clear()
    site.visit(keep(a=1))
    assert site.row.version is None


def test_who_has_nothing_to_keep_leaves_no_row(site: Site) -> None:
    for _ in range(100):
        assert Visitor(site.middleware).get(User_Agent="ExampleBot/1.0").all("set-cookie") == []
    assert site.visit().all("cache-control") == [] and not site.store.rows
    site.app.headers = {"content-type": "application/json"}
    assert len(site.visit(keep(a=1)).all("set-cookie")) == 1


@pytest.mark.parametrize("decision", ["r1;tester;1800000000", ";tester;", "r1;session-unknown;1800000000;c"])
def test_a_visit_that_is_no_stay_moves_no_session(site: Site, decision: str) -> None:
    site.visit(keep(basket=1))
    site.visitor.app = site.other("v2")
    site.visit(keep(basket=2), X_Edgewise_Decision=decision)
    assert site.row == Row("v1", BEGIN, BEGIN + DAY, '{"basket":2}')
    newcomer = Visitor(site.other("v2"))
    newcomer.get(X_Edgewise_Decision=decision)
    assert newcomer.token is not None and site.store.rows[newcomer.token].version is None
    site.clock.move(60)
    site.visit(X_Edgewise_Decision="r1;rolled-back;1800000060;tester")
    assert (site.row.version, site.row.issued) == ("v2", BEGIN + 60)


def test_no_cookie_is_put_on_an_answer_that_others_may_get(site: Site) -> None:
    html = {"content-type": "text/html"}
    site.app.headers = html | {"cache-control": "public, max-age=60"}
    assert site.visit(keep(a=1)).all("set-cookie") == []
    site.app.headers = html
    assert site.visit(keep(a=1)).all("cache-control") == ["private, no-cache"]
    assert site.visit().all("cache-control") == []
    site.clock.move(DAY / 2)
    site.app.headers = html | {"cache-control": "public, max-age=60"}
    assert site.visit(keep(a=2)).all("set-cookie") == []
    assert (site.row.data, site.row.expires) == ('{"a":2}', BEGIN + DAY)


@pytest.mark.parametrize(
    ("said", "shared"),
    [
        ("", False),
        ("max-age=0", False),
        ("no-cache", False),
        ("private, max-age=60", False),
        ("public", True),
        ("Max-Age=60", True),
        ('s-maxage="5", max-age=0', True),
        ("max-age=", True),
        ('max-age=60, private="set-cookie"', True),
        ('public, no-cache="set-cookie, x-name"', True),
    ],
)
def test_what_may_be_given_to_others(said: str, shared: bool) -> None:
    assert is_shared([(b"Cache-Control", said.encode())] if said else []) is shared


@pytest.mark.parametrize(
    "said",
    ["must-revalidate", "no-transform", "stale-while-revalidate=60", "max-age=0", "no-cache", "public"],
)
def test_an_answer_with_a_cookie_is_one_visitors(site: Site, said: str) -> None:
    site.app.headers = {"content-type": "text/html", "cache-control": said}
    answer = site.visit(log_in)
    assert len(answer.all("set-cookie")) == 1
    directives = {each.strip() for line in answer.all("cache-control") for each in line.split(",")}
    assert directives & {"private", "no-store"} and "public" not in directives


@pytest.mark.parametrize("said", ["private", "no-store", "private, max-age=60"])
def test_an_answer_that_is_one_visitors_already_is_left_as_it_is(site: Site, said: str) -> None:
    site.app.headers = {"content-type": "text/html", "cache-control": said}
    assert site.visit(keep(a=1)).all("cache-control") == [said]


def log_in(session: Session) -> None:
    session["user"] = "ada"
    session.rotate()


@pytest.mark.parametrize("said", ["public, max-age=60", "public, max-age=0", "s-maxage=5"])
@pytest.mark.parametrize("visited", [True, False])
def test_a_login_and_a_logout_are_done_whatever_the_answer_says_about_caches(
    site: Site, said: str, visited: bool
) -> None:
    if visited:
        site.visit(keep(basket=1))
    before = site.visitor.token
    site.app.headers = {"content-type": "text/html", "Cache-Control": said}
    answer = site.visit(log_in)
    assert site.visitor.token != before and before not in site.store.rows
    assert len(answer.all("set-cookie")) == 1 and answer.all("cache-control") == ["private, no-store"]
    assert site.visit().session["user"] == "ada"
    answer = site.visit(lambda session: session.end())
    assert answer.all("cache-control") == ["private, no-store"]
    assert site.visitor.token is None and not site.store.rows


def test_a_login_gets_another_token_and_the_old_one_opens_nothing(site: Site) -> None:
    site.visit(keep(basket=1))
    before = site.visitor.token
    assert before is not None
    site.clock.move(5)
    site.visit(log_in)
    assert site.visitor.token != before and before not in site.store.rows
    assert site.row == Row("v1", BEGIN, BEGIN + 5 + DAY, '{"basket":1,"user":"ada"}')
    thief = Visitor(site.middleware, cookies={"session": before})
    site.app.handle = lambda session: None
    assert thief.get().session == {}


def test_the_end_of_a_session_takes_its_row_and_its_cookie(site: Site) -> None:
    site.visit(keep(user="ada"))
    site.visit(lambda session: session.end())
    assert site.visitor.token is None and not site.store.rows
    assert site.visit(lambda session: session.end()).all("set-cookie") == []


def test_a_request_that_outlives_its_session_does_not_revive_it(site: Site) -> None:
    site.visit(keep(user="ada"))

    def log_out_elsewhere(session: Any) -> None:
        session["late"] = 1
        site.store.rows.clear()

    site.visit(log_out_elsewhere)
    assert not site.store.rows


def test_of_several_cookies_the_sessions_own_is_found(site: Site) -> None:
    site.visit(keep(a=1))
    site.visitor.cookies = {"theme": "dark", "oldsession": "x" * 43, **site.visitor.cookies, "z": "a=b"}
    assert site.visit().session == {"a": 1}


class Trouble(MemorySessions):
    """A store that fails as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.kind = ""
        self.asked = 0

    async def _fail(self) -> None:
        self.asked += 1
        if self.kind == "dead":
            raise ConnectionRefusedError("no table here")
        if self.kind == "hanging":
            await asyncio.Event().wait()

    async def load(self, token: str) -> Row | None:
        await self._fail()
        return await super().load(token)

    async def create(self, token: str, row: Row) -> bool:
        await self._fail()
        return await super().create(token, row)

    async def update(self, token: str, changes: Mapping[str, str | int], now: int) -> bool:
        await self._fail()
        return await super().update(token, changes, now)

    async def remove(self, token: str) -> None:
        await self._fail()
        await super().remove(token)


@pytest.mark.parametrize("kind", ["dead", "hanging"])
def test_without_its_store_the_app_goes_on_and_sessions_are_there_again_afterwards(kind: str) -> None:
    site = Site(store=Trouble(), deadline_ms=20)
    site.visit(keep(user="ada"))
    token = site.visitor.token
    site.store.kind = kind
    answer = site.visit(keep(user="eve"))
    assert (answer.status, answer.session.known, answer.all("set-cookie")) == (200, False, [])
    newcomer = Visitor(site.middleware)
    assert newcomer.get().status == 200 and newcomer.token is None
    site.store.kind = ""
    site.clock.move(1)
    assert site.visit().session == {"user": "ada"} and site.visitor.token == token


@pytest.mark.parametrize("when", ["before the request", "while the app works"])
def test_who_logs_out_while_the_store_is_away_is_not_in_again_when_it_is_back(when: str) -> None:
    """The row stays until it expires, but the browser that had its token forgets it."""
    site = Site(store=Trouble())
    site.visit(keep(user="ada"))

    def log_out(session: Any) -> None:
        site.store.kind = "dead"
        session.end()

    if when == "before the request":
        site.store.kind = "dead"
    answer = site.visit(log_out)
    (line,) = answer.all("set-cookie")
    assert "; Max-Age=0;" in line
    site.store.kind = ""
    site.clock.move(1)
    assert site.visit().session == {} and site.visitor.token is None


def test_a_store_that_keeps_failing_is_left_alone_for_a_moment() -> None:
    site = Site(store=Trouble())
    site.visit(keep(a=1))
    site.store.kind, site.store.asked = "dead", 0
    for _ in range(50):
        site.visit()
    assert site.store.asked == 3
    site.clock.move(1)
    site.visit()
    assert site.store.asked == 4
    site.store.kind = ""
    site.clock.move(1)
    assert site.visit().session.known and site.visit().session.known


@pytest.mark.parametrize("data", ["", "null", "[1]", "{", "\ud83d", "[" * 100_000])
def test_a_row_that_somebody_spoilt_is_an_empty_session(site: Site, data: str) -> None:
    site.visit(keep(a=0))
    token = site.visitor.token
    site.store.rows[token] = Row("v1", BEGIN, BEGIN + DAY, data)
    assert site.visit(keep(a=1)).session == {"a": 1}
    assert site.visitor.token == token and json.loads(site.row.data) == {"a": 1}


@pytest.mark.parametrize("value", [{1, 2}, object(), float("nan"), "x" * 20_000])
def test_what_cannot_be_kept_is_told_to_the_app(site: Site, value: Any) -> None:
    with pytest.raises(SessionError, match="the session holds"):
        site.visit(keep(value=value))


@pytest.mark.parametrize("options", [{"cookie": "a b"}, {"cookie": ""}, {"seconds": 0}])
def test_options_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(SessionError, match=next(iter(options))):
        SessionMiddleware(App(), store=MemorySessions(), **options)


def test_other_things_than_requests_pass() -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(dict(scope))

    middleware = SessionMiddleware(app, store=MemorySessions())
    asyncio.run(middleware({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert seen == [{"type": "lifespan"}]


@given(st.text(st.characters(max_codepoint=255), max_size=200))
def test_any_cookie_header_is_taken(line: str) -> None:
    token = token_of([(b"cookie", line.encode("latin-1"))], "session")
    assert token is None or (len(token) == 43 and f"session={token}" in re.sub("[ \t]", "", line))
    answer = ask(Site().middleware, [("cookie", line)])
    assert answer.status == 200 and answer.session == {}
