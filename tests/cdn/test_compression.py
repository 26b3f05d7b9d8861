"""What is compressed at the edge, how, and what the viewer is told of it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn.compression import compressed
from edgewise.cdn.distribution import Behavior
from edgewise.cdn.message import Body, Headers, Request, Response
from edgewise.cdn.policies import MANAGED_CACHE_POLICIES, CachePolicy
from edgewise.cdn.template.node import Node
from edgewise.cdn.template.policies import forwarded_values
from support.running import (
    APP_ID,
    OPTIMIZED,
    behavior,
    reply,
    running_cdn,
    running_origin,
    template,
)

POLICY = MANAGED_CACHE_POLICIES[OPTIMIZED]
MEDIA = MANAGED_CACHE_POLICIES["08627262-05a9-4f76-9ded-b50ca2e3a84f"]
TEXT = b"All that is compressed was once longer. " * 50
DECODERS = {"gzip": gzip.decompress, "br": brotli.decompress}


class Arriving:
    """A body in pieces that may break off, and knows whether it was closed."""

    def __init__(self, *pieces: bytes, breaks: bool = False) -> None:
        self._pieces = pieces
        self._breaks = breaks
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        if self._breaks:
            raise ConnectionResetError("the origin went away")

    def close(self) -> None:
        self.closed = True


def answer(body: bytes | Body = TEXT, status: int = 200, **headers: str | None) -> Response:
    given_headers = {"Content_Type": "text/html", "Content_Length": str(len(TEXT)), **headers}
    lines = [(name.replace("_", "-"), value) for name, value in given_headers.items() if value is not None]
    return Response(status, Headers(lines), body, "OK")


def served(
    response: Response,
    accept: str = "gzip, br",
    *,
    policy: CachePolicy = POLICY,
    compress: bool = True,
    method: str = "GET",
    http_version: str = "1.1",
) -> Response:
    headers = Headers([("Accept-Encoding", accept)] if accept else [])
    request = Request(method, "/", headers=headers, http_version=http_version)
    return compressed(request, response, Behavior("*", "app", cache_policy=policy, compress=compress))


def read(response: Response) -> bytes:
    return asyncio.run(response.read())


def coding(response: Response) -> str:
    return response.headers.get("content-encoding", "none")


@pytest.mark.parametrize(
    ("accept", "policy", "expected"),
    [
        ("gzip, br", POLICY, "br"),
        ("gzip", POLICY, "gzip"),
        ("br", POLICY, "br"),
        ("br;q=0, gzip", POLICY, "gzip"),
        ("gzip, br", MEDIA, "gzip"),
        ("br", MEDIA, "none"),
        ("deflate, zstd", POLICY, "none"),
        ("", POLICY, "none"),
        ("gzip, br", CachePolicy(max_ttl=60), "none"),
        ("gzip, br", CachePolicy(max_ttl=0, gzip=True, brotli=True), "none"),
    ],
)
def test_the_viewer_and_the_policy_choose_the_coding(accept: str, policy: CachePolicy, expected: str) -> None:
    response = served(answer(), accept, policy=policy)
    assert coding(response) == expected
    body = read(response)
    assert (DECODERS[expected](body) if expected in DECODERS else body) == TEXT
    assert (len(body) < len(TEXT)) is (expected != "none")


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (answer(), "br"),
        (answer(status=403), "br"),
        (answer(status=404), "br"),
        (answer(status=206), "none"),
        (answer(status=500), "none"),
        (answer(Content_Length="999"), "none"),
        (answer(Content_Length="1000"), "br"),
        (answer(Content_Length="10000000"), "br"),
        (answer(Content_Length="10000001"), "none"),
        (answer(Content_Length="100000000000"), "none"),
        (answer(Content_Length="-1000"), "none"),
        (answer(Content_Length="²²²²"), "none"),
        (answer(Content_Length=None), "none"),
        (answer(Content_Length=None, Transfer_Encoding="chunked"), "none"),
        (answer(Content_Encoding="identity"), "none"),
        (answer(Content_Type="TEXT/HTML; charset=utf-8"), "br"),
        (answer(Content_Type="application/json"), "br"),
        (answer(Content_Type="image/svg+xml"), "br"),
        (answer(Content_Type="application/wasm"), "br"),
        (answer(Content_Type="image/png"), "none"),
        (answer(Content_Type="text/event-stream"), "none"),
        (answer(Content_Type=None), "none"),
        (answer(b""), "none"),
    ],
)
def test_what_is_compressed(response: Response, expected: str) -> None:
    before = list(response.headers)
    after = served(response)
    assert coding(after) == (response.headers.get("content-encoding") or expected)
    assert list(response.headers) == before, "the origin's answer itself is left as it is"


def test_the_behavior_must_say_so_and_the_viewer_must_be_of_today() -> None:
    assert coding(served(answer(), compress=False)) == "none"
    assert coding(served(answer(), http_version="1.0")) == "none"
    assert coding(served(answer(b""), method="HEAD")) == "none"


def test_the_older_way_compresses_with_gzip_alone() -> None:
    settings = {"Compress": True, "ForwardedValues": {"QueryString": False}}
    policy, _ = forwarded_values(Node(settings, Path("t.yaml"), "Behavior"))
    assert coding(served(answer(), "br, gzip", policy=policy)) == "gzip"
    assert coding(served(answer(), "br", policy=policy)) == "none"


@pytest.mark.parametrize(
    ("etag", "after"),
    [('"abc"', 'W/"abc"'), ('W/"abc"', 'W/"abc"'), ("abc", None), ("'abc'", None), ("", None)],
)
def test_a_tag_becomes_weak_or_goes(etag: str, after: str | None) -> None:
    assert served(answer(ETag=etag)).headers.get_all("etag") == ([] if after is None else [after])
    assert served(answer(ETag=etag), "").headers.get_all("etag") == [etag]


@pytest.mark.parametrize(
    ("vary", "after"),
    [
        (None, ["Accept-Encoding"]),
        ("accept-encoding, Origin", ["accept-encoding, Origin"]),
        ("Origin", ["Origin", "Accept-Encoding"]),
    ],
)
def test_the_answer_says_that_it_varies_and_no_length(vary: str | None, after: list[str]) -> None:
    response = served(answer(Vary=vary))
    assert response.headers.get_all("vary") == after
    assert "content-length" not in response.headers
    assert (response.status, response.reason) == (200, "OK")


@pytest.mark.parametrize("accept", ["gzip", "br"])
def test_an_arriving_body_is_compressed_as_it_arrives(accept: str) -> None:
    source = Arriving(TEXT[:7], b"", TEXT[7:900], TEXT[900:])
    response = served(answer(source), accept)
    assert not isinstance(response.body, bytes)
    assert DECODERS[accept](read(response)) == TEXT


def test_a_body_that_breaks_off_breaks_off_here_too() -> None:
    response = served(answer(Arriving(TEXT, breaks=True)))
    with pytest.raises(ConnectionResetError):
        read(response)


def test_closing_a_compressed_body_closes_the_origins() -> None:
    source = Arriving(TEXT)
    response = served(answer(source))
    assert not isinstance(response.body, bytes)
    response.body.close()
    assert source.closed


def test_a_large_whole_body_lets_others_run_between_its_pieces() -> None:
    large = TEXT * 500
    response = served(answer(large, Content_Length=str(len(large))))
    assert not isinstance(response.body, bytes)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def both() -> bytes:
        other = asyncio.create_task(count())
        body = await response.read()
        other.cancel()
        return body

    assert brotli.decompress(asyncio.run(both())) == large
    assert turns >= len(large) // 65_536


@given(
    st.lists(st.binary(max_size=3000), min_size=1, max_size=8), st.sampled_from(["gzip", "br"]), st.booleans()
)
def test_what_was_compressed_comes_out_as_it_was(pieces: list[bytes], accept: str, arrives: bool) -> None:
    body = b"".join(pieces)
    source: bytes | Body = Arriving(*pieces) if arrives else body
    response = served(answer(source), accept)
    decode = DECODERS.get(coding(response), bytes)
    assert decode(read(response)) == body


def test_a_cached_object_is_the_compressed_one_for_those_who_take_it(tmp_path: Path) -> None:
    lines = {"Content-Type": "text/html", "ETag": '"e"'}
    text = template(behavior(CachePolicyId=OPTIMIZED, Compress=True))
    with (
        running_origin(lambda handler: reply(handler, 200, TEXT, lines)) as origin,
        running_cdn(tmp_path, text, origins={APP_ID: origin.url}) as cdn,
    ):
        for accept, expected in (("gzip, br", "br"), ("gzip", "gzip"), ("identity", None)):
            first = cdn.request("/x", headers={"Accept-Encoding": accept})
            second = cdn.request("/x", headers={"Accept-Encoding": f"{accept}, deflate"})
            assert (first.cache, second.cache) == ("Miss", "Hit")
            assert first.body == second.body
            assert DECODERS.get(str(expected), bytes)(first.body) == TEXT
            assert first.headers["Content-Encoding"] == second.headers["Content-Encoding"] == expected
            assert first.headers["ETag"] == ('W/"e"' if expected else '"e"')
        assert [headers["Accept-Encoding"] for _, _, headers, _ in origin.seen] == [
            "br,gzip",
            "gzip",
            "identity",
        ]


@pytest.mark.parametrize("accept", ["br", "gzip", "identity"])
@pytest.mark.parametrize("size", [1_000, 300_000])
def test_the_length_is_that_of_what_is_sent_or_is_not_told(tmp_path: Path, accept: str, size: int) -> None:
    # Whole or in pieces, fetched or stored, in parts, without its body: never the length of the other form.
    body = (TEXT * (size // len(TEXT) + 1))[:size]
    lines = {"Content-Type": "text/html", "ETag": '"e"'}
    text = template(behavior(CachePolicyId=OPTIMIZED, Compress=True))
    asked = {"Accept-Encoding": accept}
    with (
        running_origin(lambda handler: reply(handler, 200, body, lines)) as origin,
        running_cdn(tmp_path, text, origins={APP_ID: origin.url}) as cdn,
    ):
        # An answer that is shorter or longer than its length says does not pass `request`.
        missed, hit = (cdn.request("/x", headers=asked) for _ in range(2))
        head = cdn.request("/x", "HEAD", headers=asked)
        part = cdn.request("/x", headers={**asked, "Range": "bytes=0-9"})
        same = cdn.request("/x", headers={**asked, "If-None-Match": missed.headers["ETag"]})
        outside = cdn.request("/x", headers={**asked, "Range": "bytes=9000000-"})
    assert (missed.cache, hit.cache) == ("Miss", "Hit")
    sent = missed.body
    assert hit.body == sent and DECODERS.get(accept, bytes)(sent) == body
    assert missed.headers["Content-Length"] in (None, str(len(sent)))
    assert hit.headers["Content-Length"] == head.headers["Content-Length"] == str(len(sent))
    assert (part.status, part.body, part.headers["Content-Length"]) == (206, sent[:10], "10")
    assert part.headers["Content-Range"] == f"bytes 0-9/{len(sent)}"
    assert (same.status, same.body, same.headers["Content-Length"]) == (304, b"", None)
    assert (outside.status, outside.headers["Content-Length"]) == (416, "0")


def test_a_length_of_nothing(tmp_path: Path) -> None:
    text = template(behavior(CachePolicyId=OPTIMIZED, Compress=True))
    with (
        running_origin(lambda handler: reply(handler, 200, b"", {"Content-Type": "text/html"})) as origin,
        running_cdn(tmp_path, text, origins={APP_ID: origin.url}) as cdn,
    ):
        answers = [cdn.request("/x", method, headers={"Accept-Encoding": "br"}) for method in ("GET", "HEAD")]
    assert [answer.headers["Content-Length"] for answer in answers] == ["0", "0"]
    assert [answer.headers["Content-Encoding"] for answer in answers] == [None, None]
