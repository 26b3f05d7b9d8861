"""A bucket's REST endpoint over a folder, as CloudFront with origin access control sees it."""

from __future__ import annotations

import asyncio
import hashlib
import os
from email.utils import formatdate
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.cdn.failure import RequestFailure
from edgewise.cdn.message import Headers, Request, Response
from edgewise.cdn.origins.bucket import Bucket
from edgewise.cdn.origins.conditions import verdict, wanted_range
from edgewise.cdn.origins.refusal import Refusal

DOMAIN = "local-bucket.s3.us-east-1.amazonaws.com"
MODIFIED = 1_700_000_000
TEN = b"0123456789"
ETAG = f'"{hashlib.md5(TEN, usedforsecurity=False).hexdigest()}"'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in {"ten.txt": TEN, "empty": b"", "sub/page.html": b"<p>"}.items():
        path = tmp_path / "bucket" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (MODIFIED, MODIFIED))
    return tmp_path / "bucket"


def ask(
    folder: Path,
    uri: str,
    method: str = "GET",
    *,
    lists: bool = False,
    host: str = DOMAIN,
    headers: dict[str, str] | None = None,
) -> Response:
    """One request; the body of the answer is read to its end."""

    async def asked() -> Response:
        bucket = Bucket(folder, lists=lists, clock=lambda: 1_800_000_000.0)
        lines = Headers([("Host", host), *(headers or {}).items()])
        response = await bucket.send(DOMAIN, Request(method, uri, headers=lines))
        await response.read()
        return response

    return asyncio.run(asked())


def error(response: Response) -> dict[str, str]:
    """The elements of S3's error document."""
    assert isinstance(response.body, bytes)
    assert response.headers.get("content-type") == "application/xml"
    root = ElementTree.fromstring(response.body)
    assert root.tag == "Error"
    return {element.tag: element.text or "" for element in root}


def test_an_object_comes_with_what_s3_says_of_it(folder: Path) -> None:
    response = ask(folder, "/ten.txt")
    assert (response.status, response.body) == (200, TEN)
    told = {name.lower(): value for name, value in response.headers}
    assert told.pop("x-amz-request-id") and told.pop("x-amz-id-2")
    assert told == {
        "date": "Fri, 15 Jan 2027 08:00:00 GMT",
        "server": "AmazonS3",
        "last-modified": "Tue, 14 Nov 2023 22:13:20 GMT",
        "etag": ETAG,
        "x-amz-server-side-encryption": "AES256",
        "accept-ranges": "bytes",
        "content-type": "text/plain",
        "content-length": "10",
    }


def test_head_says_the_same_without_the_body(folder: Path) -> None:
    response = ask(folder, "/ten.txt", "HEAD")
    assert (response.status, response.body, response.headers.get("content-length")) == (200, b"", "10")
    assert ask(folder, "/nothing", "HEAD", lists=True).body == b""


def test_the_etag_is_the_contents_and_follows_it(folder: Path) -> None:
    async def tags() -> list[str]:
        bucket = Bucket(folder, lists=False, clock=lambda: 0.0)
        request = Request("GET", "/ten.txt", headers=Headers([("Host", DOMAIN)]))
        first = await bucket.send(DOMAIN, request)
        (folder / "ten.txt").write_bytes(b"another")
        return [first.headers.get("etag"), (await bucket.send(DOMAIN, request)).headers.get("etag")]

    before, after = asyncio.run(tags())
    assert (before, after) == (ETAG, f'"{hashlib.md5(b"another", usedforsecurity=False).hexdigest()}"')


def test_an_empty_object_is_an_object(folder: Path) -> None:
    response = ask(folder, "/empty")
    assert (response.status, response.body, response.headers.get("content-length")) == (200, b"", "0")
    assert response.headers.get("content-type") == "binary/octet-stream"
    assert ask(folder, "/empty", headers={"Range": "bytes=0-"}).status == 416


@pytest.mark.parametrize(
    "uri",
    ["/nothing", "/", "/sub", "/sub/", "/sub/../ten.txt", "/./ten.txt", "//ten.txt", "/ten.txt/", "/%00"],
)
def test_what_is_no_object_is_403_unless_the_bucket_may_be_listed(folder: Path, uri: str) -> None:
    refused = ask(folder, uri)
    assert refused.status == 403
    assert error(refused)["Code"] == "AccessDenied"
    assert isinstance(refused, Refusal) and "has no object" in refused.why
    missing = ask(folder, uri, lists=True)
    assert missing.status == 404
    assert error(missing)["Code"] == "NoSuchKey"
    assert set(error(missing)) == {"Code", "Message", "Key", "RequestId", "HostId"}


def test_no_link_leads_out_of_the_bucket(folder: Path) -> None:
    (folder.parent / "secret").write_text("no")
    (folder / "out").symlink_to(folder.parent / "secret")
    (folder / "circle").symlink_to(folder / "circle")
    assert ask(folder, "/out").status == 403
    assert ask(folder, "/circle").status == 403


@pytest.mark.parametrize(
    ("key", "uri"),
    [
        ("a b", "/a%20b"),
        ("a b", "/a+b"),  # S3 takes a plus sign for a space
        ("a+b", "/a%2Bb"),
        ("100%", "/100%25"),
        ("a%20b", "/a%2520b"),
        ("größe", "/gr%C3%B6%C3%9Fe"),
        ("größe", "/größe".encode().decode("latin-1")),
        ("a&b='c'", "/a&b='c'"),
    ],
)
def test_how_a_path_spells_a_key(folder: Path, key: str, uri: str) -> None:
    (folder / key).write_text(key, encoding="utf-8")
    assert ask(folder, uri).body == key.encode()


@pytest.mark.parametrize(
    ("uri", "code"), [("/%zz", "InvalidURI"), ("/%", "InvalidURI"), ("/%ff", "InvalidURI")]
)
def test_what_is_not_percent_encoded_utf_8_is_400(folder: Path, uri: str, code: str) -> None:
    assert ask(folder, uri).status == 400
    assert error(ask(folder, uri))["Code"] == code


def test_a_key_is_at_most_1024_bytes_long(folder: Path) -> None:
    refused = ask(folder, "/" + "a" * 1025)
    assert (refused.status, error(refused)["Code"]) == (400, "KeyTooLongError")
    assert error(refused)["MaxSizeAllowed"] == "1024"
    assert ask(folder, "/" + "a" * 1024).status == 403


@pytest.mark.parametrize(
    ("method", "headers", "status", "code"),
    [
        ("POST", {}, 405, "MethodNotAllowed"),
        ("PATCH", {}, 405, "MethodNotAllowed"),
        ("PUT", {}, 403, "AccessDenied"),
        ("DELETE", {}, 403, "AccessDenied"),
        ("OPTIONS", {"Origin": "https://a.example"}, 403, "AccessForbidden"),
        ("OPTIONS", {}, 400, "BadRequest"),
    ],
)
def test_cloudfront_may_only_read(
    folder: Path, method: str, headers: dict[str, str], status: int, code: str
) -> None:
    refused = ask(folder, "/ten.txt", method, headers=headers)
    assert (refused.status, error(refused)["Code"]) == (status, code)
    if status == 405:
        assert error(refused)["Method"] == method
        assert refused.headers.get("allow") == "HEAD, DELETE, GET, PUT"


def test_the_viewers_host_does_not_fit_the_signature(folder: Path) -> None:
    refused = ask(folder, "/ten.txt", host="www.example.com")
    assert (refused.status, error(refused)["Code"]) == (403, "SignatureDoesNotMatch")
    assert isinstance(refused, Refusal) and "www.example.com" in refused.why
    assert ask(folder, "/ten.txt", host=DOMAIN.upper()).status == 200


OTHER, BEFORE, AT, AFTER = '"0"', *(formatdate(MODIFIED + s, usegmt=True) for s in (-1, 0, 1))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": ETAG}, 304),
        ({"If-None-Match": f'W/{ETAG}, "1"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": ETAG.strip('"')}, 304),
        ({"If-None-Match": OTHER}, 200),
        ({"If-Modified-Since": AT}, 304),
        ({"If-Modified-Since": AFTER}, 304),
        ({"If-Modified-Since": BEFORE}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({"If-Match": ETAG}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": OTHER}, 412),
        ({"If-Unmodified-Since": AT}, 200),
        ({"If-Unmodified-Since": BEFORE}, 412),
        # Which of two counts: the entity tag's.
        ({"If-Match": ETAG, "If-Unmodified-Since": BEFORE}, 200),
        ({"If-None-Match": ETAG, "If-Modified-Since": BEFORE}, 304),
        ({"If-None-Match": OTHER, "If-Modified-Since": AT}, 200),
        # What must hold comes before what spares the body.
        ({"If-Match": OTHER, "If-None-Match": ETAG}, 412),
    ],
)
def test_conditions(folder: Path, headers: dict[str, str], status: int) -> None:
    for method in ("GET", "HEAD"):
        response = ask(folder, "/ten.txt", method, headers=headers)
        assert response.status == status
    response = ask(folder, "/ten.txt", headers=headers)
    if status == 304:
        assert (response.body, response.headers.get("etag")) == (b"", ETAG)
        assert "content-length" not in response.headers
    if status == 412:
        assert error(response)["Condition"] in headers


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [
        ("bytes=0-0", 206, b"0", "bytes 0-0/10"),
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=7-99", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-99", 206, TEN, "bytes 0-9/10"),
        ("bytes=0-1,3-4", 200, TEN, ""),
        ("bytes=4-2", 200, TEN, ""),
        ("bytes=-", 200, TEN, ""),
        ("bytes=a-b", 200, TEN, ""),
        ("pages=1-2", 200, TEN, ""),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=-0", 416, None, "bytes */10"),
        ("bytes=99999999999999999999-", 416, None, "bytes */10"),
    ],
)
def test_ranges(folder: Path, asked: str, status: int, body: bytes | None, content_range: str) -> None:
    response = ask(folder, "/ten.txt", headers={"Range": asked})
    assert response.status == status
    assert response.headers.get("content-range") == content_range
    if body is None:
        told = error(response)
        assert (told["Code"], told["RangeRequested"], told["ActualObjectSize"]) == (
            "InvalidRange",
            asked,
            "10",
        )
    else:
        assert response.body == body
        assert response.headers.get("content-length") == str(len(body))


@pytest.mark.parametrize(("condition", "status"), [(ETAG, 206), (OTHER, 200), (AT, 206), (BEFORE, 200)])
def test_a_range_of_another_version_is_the_whole_object(folder: Path, condition: str, status: int) -> None:
    headers = {"Range": "bytes=0-1", "If-Range": condition}
    assert ask(folder, "/ten.txt", headers=headers).status == status


def test_a_large_object_and_a_large_range(folder: Path) -> None:
    content = bytes(range(256)) * 4000
    (folder / "large.bin").write_bytes(content)
    assert ask(folder, "/large.bin").body == content
    response = ask(folder, "/large.bin", headers={"Range": "bytes=5-900004"})
    assert (response.status, response.body) == (206, content[5:900005])


def test_an_object_that_changes_while_it_is_sent_is_cut_off(folder: Path) -> None:
    (folder / "large.bin").write_bytes(bytes(600_000))

    async def broken_off() -> None:
        bucket = Bucket(folder, lists=False, clock=lambda: 0.0)
        request = Request("GET", "/large.bin", headers=Headers([("Host", DOMAIN)]))
        response = await bucket.send(DOMAIN, request)
        (folder / "large.bin").write_bytes(b"\xff" * 600_000)
        os.utime(folder / "large.bin", (MODIFIED, MODIFIED))
        await response.read()

    with pytest.raises(RequestFailure, match="written while it was being sent"):
        asyncio.run(broken_off())


_text = st.text(st.characters(max_codepoint=255), max_size=20)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=40), _text, _text)
def test_any_path_and_any_header_has_an_answer(
    tmp_path_factory: pytest.TempPathFactory, path: str, asked: str, condition: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    (folder / "a").write_bytes(TEN)
    headers = {"Range": f"bytes={asked}", "If-None-Match": condition, "If-Modified-Since": condition}
    for uri in (f"/{path}", "/a"):
        response = ask(folder, uri, headers=headers)
        assert response.status in (200, 206, 304, 400, 403, 416)
        if response.status in (400, 403, 416):
            assert error(response)["Code"]


@given(st.integers(0, 30), st.integers(0, 40), st.integers(0, 40))
def test_a_range_lies_within_the_object(size: int, start: int, end: int) -> None:
    for asked in (f"bytes={start}-{end}", f"bytes={start}-", f"bytes=-{end}"):
        part = wanted_range(Headers([("Range", asked)]), size, ETAG, MODIFIED)
        assert part is None or part[1] == 0 or (part[0] >= 0 and part[0] + part[1] <= size)


@given(_text)
def test_no_date_decides_nothing(date: str) -> None:
    nonsense = f"x{date}"
    for name in ("If-Modified-Since", "If-Unmodified-Since"):
        assert verdict(Headers([(name, nonsense)]), ETAG, MODIFIED) == "send"
