"""Who may do what: the store's user, tokens for one thing, and pages of other sites (nothing)."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse

from edgewise.store import Credentials, reading_link
from edgewise.store.api.access import Access, reading_key
from edgewise.store.errors import TokenError
from edgewise.store.home import prepare
from edgewise.store.tokens import create, disable, read
from store.asgi import SOMEONE, basic, call, rows, store_at

INGEST = "/api/default/mine/_json"
SEARCH = "/api/default/_search"
QUERY = json.dumps({"query": {"sql": "SELECT 1 AS one", "start_time": 0, "end_time": 1}}).encode()


def outcomes(store: Any, headers: dict[str, str]) -> tuple[int, int]:
    """The statuses of taking a record in, and of asking."""
    return (
        call(store, "POST", INGEST, b'[{"n":1}]', headers).status,
        call(store, "POST", SEARCH, QUERY, headers).status,
    )


def test_a_token_may_do_one_thing(tmp_path: Path) -> None:
    home = prepare(tmp_path)
    with store_at(tmp_path) as store:
        ingest, reading = create(home, "edge-eu", "ingest"), create(home, "wall", "read")
        assert ingest.startswith("o2oi_") and reading.startswith("o2or_") and len(ingest) == 37
        assert outcomes(store, basic("anyone", ingest)) == (200, 403)
        assert outcomes(store, basic("", reading)) == (403, 200)
        assert outcomes(store, basic(SOMEONE.user, SOMEONE.password)) == (200, 200)
        for path in ("/api/default/mine/_values?fields=n", "/api/default/streams"):
            assert call(store, "GET", path, headers=basic("x", ingest)).status == 403
            assert call(store, "GET", path, headers=basic("x", reading)).status == 200
        said = call(store, "POST", INGEST, b"[]", basic("x", reading)).json["message"]
        assert said == "this token may not put records in; it was made to read"
        disable(home, "edge-eu")
        assert outcomes(store, basic("anyone", ingest)) == (401, 401)
        assert outcomes(store, basic("", reading)) == (403, 200)


def test_a_token_is_kept_as_a_digest_only_and_names_are_used_once(tmp_path: Path) -> None:
    home = prepare(tmp_path)
    secret = create(home, "a", "ingest")
    assert secret not in home.tokens.read_text() and secret[5:] not in home.tokens.read_text()
    assert stat.S_IMODE(home.tokens.stat().st_mode) == 0o600
    disable(home, "a")
    for name in ("a", "", "../x", "x" * 65, "é", "-x"):
        with pytest.raises(TokenError):
            create(home, name, "read")
    with pytest.raises(TokenError, match="no token 'b'"):
        disable(home, "b")
    assert [(one.name, one.right, one.enabled) for one in read(home)] == [("a", "ingest", False)]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'[{"name":"a"}]', b"\xff"])
def test_tokens_that_cannot_be_read_open_nothing_and_say_so(tmp_path: Path, content: bytes) -> None:
    home = prepare(tmp_path)
    with store_at(tmp_path) as store:
        home.tokens.write_bytes(content)
        assert outcomes(store, basic("x", "o2oi_" + "a" * 32)) == (503, 503)
        assert outcomes(store, basic(SOMEONE.user, SOMEONE.password)) == (200, 200)


@given(st.text(max_size=60), st.binary(max_size=60))
def test_no_other_header_opens_anything(text: str, raw: bytes) -> None:
    access = Access(SOMEONE)
    encoded = base64.b64encode(raw).decode()
    for header in (text, f"Basic {text}", f"Basic {encoded}", f"Bearer {encoded}"):
        assert not access.allows({"authorization": header}, "ingest")
        assert not access.allows({"x-amz-firehose-access-key": header}, "read")


def test_firehoses_own_header_is_taken(tmp_path: Path) -> None:
    path = "/aws/default/mine/_kinesis_firehose"
    token = create(prepare(tmp_path), "hose", "ingest")
    with store_at(tmp_path) as store:
        for secret in (token, SOMEONE.password):
            key = base64.b64encode(f"{SOMEONE.user}:{secret}".encode()).decode()
            header = {"X-Amz-Firehose-Access-Key": key}
            assert call(store, "POST", path, b'{"requestId":"r","records":[]}', header).status == 200
        for wrong in ("", "x", base64.b64encode(b"no colon").decode(), token):
            header = {"X-Amz-Firehose-Access-Key": wrong}
            assert call(store, "POST", path, b"{}", header).status == 401


def pages(searcher: Any) -> Any:
    async def page(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse(f"page {scope['path']} {searcher.streams()[0]}")(scope, receive, send)

    return page


def test_pages_are_shown_to_those_who_may_read(tmp_path: Path) -> None:
    token = create(prepare(tmp_path), "wall", "read")
    with store_at(tmp_path, pages=pages) as store:
        for path in ("/", "/deep/er?x=1"):
            assert call(store, "GET", path).body.startswith(b"page /")
            assert call(store, "GET", path, headers=basic("reader", token)).status == 200
            refused = call(store, "GET", path, headers={})
            assert refused.status == 401
            assert refused.headers["www-authenticate"].startswith("Basic realm=")
            assert b"page" not in refused.body
        assert call(store, "GET", "/healthz", headers={}).json == {"status": "ok"}
        assert rows(store, "SELECT 1 AS one") == [{"one": 1}]


def test_without_pages_there_is_nothing_at_the_root(tmp_path: Path) -> None:
    with store_at(tmp_path) as store:
        assert call(store, "GET", "/").status == 404


def test_a_link_opens_the_pages_for_reading_only(tmp_path: Path) -> None:
    link = urlsplit(reading_link("http://127.0.0.1:5080", SOMEONE))
    assert (link.hostname, link.port, link.path) == ("127.0.0.1", 5080, "/enter")
    known = basic(str(link.username), str(link.password))
    with store_at(tmp_path, pages=pages) as store:
        entered = call(store, "GET", link.path, headers={**known, "Host": link.netloc.rpartition("@")[2]})
        # A path alone would leave the key in the page's address.
        assert (entered.status, entered.headers["location"]) == (303, "http://127.0.0.1:5080/")
        assert call(store, "GET", "/", headers=known).status == 200
        assert outcomes(store, known) == (403, 200)
        assert call(store, "GET", link.path, headers={}).status == 401
    assert reading_key(SOMEONE) != reading_key(Credentials("u", "other"))
    assert SOMEONE.password not in reading_key(SOMEONE)


def test_a_page_of_another_site_cannot_use_what_the_browser_knows(tmp_path: Path) -> None:
    owner = basic(SOMEONE.user, SOMEONE.password)
    with store_at(tmp_path, pages=pages) as store:
        for site in ("cross-site", "same-site"):
            foreign = {**owner, "Sec-Fetch-Site": site}
            assert outcomes(store, foreign) == (403, 403)
            assert call(store, "GET", "/", headers=foreign).status == 403
            framed = {**foreign, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
            assert call(store, "GET", "/", headers=framed).status == 403
            followed = {**foreign, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
            assert call(store, "GET", "/", headers=followed).status == 200
            assert call(store, "POST", INGEST, b"[{}]", followed).status == 403
        assert outcomes(store, {**owner, "Sec-Fetch-Site": "same-origin"}) == (200, 200)
        assert rows(store, "SELECT count(*) AS n FROM mine") == [{"n": 1}]
