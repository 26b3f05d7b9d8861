"""Compression by CloudFront."""

import gzip

import brotli

from conformance.client import Answer, Pairs
from conformance.kit import Kit
from conformance.origin import filler
from conformance.rule import Group, holds, same
from conformance.rules._expect import for_each, header

COMPRESSION = Group("compression", "ServingCompressedFiles")
_SIZE = "size=5000"
_TEXT = "type=text/plain"
_BOTH: Pairs = [("Accept-Encoding", "gzip, deflate, br")]
_GZIP: Pairs = [("Accept-Encoding", "gzip")]
_BROTLI: Pairs = [("Accept-Encoding", "br")]


def _ask(kit: Kit, *steps: str, accept: Pairs = _GZIP, behavior: str = "compressed", **how: str) -> Answer:
    return kit.get(behavior, *steps, headers=accept, **how)


def _is(answer: Answer, encoding: str | None) -> None:
    header(encoding, answer, "Content-Encoding")


@COMPRESSION.rule()
def gzip_for_those_who_take_it(kit: Kit) -> None:
    """A viewer that takes gzip gets gzip, and it is the origin's body."""
    answer = _ask(kit, _TEXT, _SIZE)
    _is(answer, "gzip")
    holds(gzip.decompress(answer.body) == filler(5000), "the origin's body", f"{len(answer.body)} bytes")


@COMPRESSION.rule()
def brotli_for_those_who_take_it(kit: Kit) -> None:
    """A viewer that takes br alone gets br, and it is the origin's body."""
    answer = _ask(kit, _TEXT, _SIZE, accept=_BROTLI)
    _is(answer, "br")
    holds(brotli.decompress(answer.body) == filler(5000), "the origin's body", f"{len(answer.body)} bytes")


@COMPRESSION.rule()
def brotli_is_preferred(kit: Kit) -> None:
    """A viewer that takes both gets br."""
    _is(_ask(kit, _TEXT, _SIZE, accept=_BOTH), "br")


@COMPRESSION.rule()
def nothing_for_those_who_take_none(kit: Kit) -> None:
    """A viewer without Accept-Encoding gets the body as it is."""
    answer = _ask(kit, _TEXT, _SIZE, accept=[])
    _is(answer, None)
    same("the size", 5000, len(answer.body))


@COMPRESSION.rule()
def hit_is_compressed_too(kit: Kit) -> None:
    """The compressed object is kept and served to the next viewer."""
    steps = (_TEXT, _SIZE, "cc=max-age=300")
    first, second = _ask(kit, *steps), _ask(kit, *steps)
    _is(second, "gzip")
    same("the fetch", first.fetch, second.fetch)


@COMPRESSION.rule()
def sizes_from_1000_bytes_are_compressed(kit: Kit) -> None:
    """A body of 1,000 bytes is compressed, one of 999 is not."""
    _is(_ask(kit, _TEXT, "size=1000", key="enough"), "gzip")
    _is(_ask(kit, _TEXT, "size=999", key="few"), None)


@COMPRESSION.rule()
def sizes_to_10000000_bytes_are_compressed(kit: Kit) -> None:
    """A body of more than 10,000,000 bytes is not compressed."""
    _is(_ask(kit, _TEXT, "size=1000000", key="enough"), "gzip")
    _is(_ask(kit, _TEXT, "size=10000001", key="many"), None)


@COMPRESSION.rule()
def listed_types_are_compressed(kit: Kit) -> None:
    """The content types of the guide's list are compressed."""
    types = (
        "text/html; charset=utf-8",
        "text/css",
        "application/json",
        "application/javascript",
        "application/xml",
        "image/svg+xml",
        "application/wasm",
    )
    for_each(kit, types, lambda kit, name: _is(_ask(kit, f"type={name}", _SIZE), "gzip"))


@COMPRESSION.rule()
def other_types_are_not_compressed(kit: Kit) -> None:
    """Content types that are not on the list are not compressed."""
    _is(_ask(kit, _TEXT, _SIZE, key="text"), "gzip")
    types = ("image/png", "image/jpeg", "video/mp4", "application/zip")
    for_each(kit, types, lambda kit, name: _is(_ask(kit, f"type={name}", _SIZE), None))


@COMPRESSION.rule()
def statuses_200_403_404_are_compressed(kit: Kit) -> None:
    """Bodies of 200, 403 and 404 are compressed."""
    for_each(kit, (200, 403, 404), lambda kit, code: _is(_ask(kit, _TEXT, _SIZE, f"status={code}"), "gzip"))


@COMPRESSION.rule()
def other_statuses_are_not_compressed(kit: Kit) -> None:
    """Bodies of other statuses are not compressed."""
    _is(_ask(kit, _TEXT, _SIZE, key="success"), "gzip")
    for_each(kit, (201, 400, 500), lambda kit, code: _is(_ask(kit, _TEXT, _SIZE, f"status={code}"), None))


@COMPRESSION.rule()
def encoding_of_the_origin_is_left(kit: Kit) -> None:
    """What the origin has encoded is passed on as it is."""
    answer = _ask(kit, _TEXT, _SIZE, "header=Content-Encoding:deflate")
    _is(answer, "deflate")
    same("the size", 5000, len(answer.body))


@COMPRESSION.rule()
def unknown_length_is_left(kit: Kit) -> None:
    """An answer without Content-Length is not compressed."""
    _is(_ask(kit, _TEXT, _SIZE, key="length"), "gzip")
    _is(_ask(kit, _TEXT, _SIZE, "chunked"), None)


@COMPRESSION.rule()
def length_of_the_origin_is_removed(kit: Kit) -> None:
    """A compressed answer does not carry the origin's Content-Length."""
    answer = _ask(kit, _TEXT, _SIZE)
    _is(answer, "gzip")
    holds(
        answer.header("Content-Length") != "5000",
        "not the length of the origin's body",
        "Content-Length: 5000",
    )


def _etag(name: str, given: str, expected: str | None, title: str) -> None:
    def check(kit: Kit) -> None:
        answer = _ask(kit, _TEXT, _SIZE, f"header=ETag:{given}")
        _is(answer, "gzip")
        header(expected, answer, "ETag")

    COMPRESSION.add(name, title, check)


_etag("strong-etag-becomes-weak", '"v1"', 'W/"v1"', "A strong ETag is made weak by compression")
_etag("weak-etag-stays", 'W/"v1"', 'W/"v1"', "A weak ETag stays as it is")
_etag(
    "invalid-etag-is-dropped", "v1", None, "An ETag that is not of the valid form is dropped by compression"
)


@COMPRESSION.rule()
def etag_stays_without_compression(kit: Kit) -> None:
    """Where nothing is compressed the ETag stays strong."""
    header('"v1"', _ask(kit, _TEXT, _SIZE, 'header=ETag:"v1"', accept=[]), "ETag")


def _off(name: str, behavior: str, title: str) -> None:
    def check(kit: Kit) -> None:
        _is(_ask(kit, _TEXT, _SIZE), "gzip")
        _is(_ask(kit, _TEXT, _SIZE, behavior=behavior), None)

    COMPRESSION.add(name, title, check)


_off("behavior-must-compress", "compress-off", "Without Compress in the behavior nothing is compressed")
_off(
    "policy-must-allow", "compress-no-flags", "Without gzip and br in the cache policy nothing is compressed"
)
_off("caching-must-be-on", "compress-disabled", "With CachingDisabled nothing is compressed")


@COMPRESSION.rule()
def policy_with_gzip_alone_gives_gzip(kit: Kit) -> None:
    """A viewer that takes both gets gzip where the policy has gzip alone."""
    _is(_ask(kit, _TEXT, _SIZE, accept=_BOTH, behavior="compress-gzip"), "gzip")


@COMPRESSION.rule()
def http_1_0_is_not_compressed(kit: Kit) -> None:
    """A viewer of HTTP/1.0 gets the body as it is."""
    _is(_ask(kit, _TEXT, _SIZE, key="newer"), "gzip")
    _is(_ask(kit, _TEXT, _SIZE, version="1.0"), None)


@COMPRESSION.rule("cache-key-understand-cache-policy")
def accept_encoding_reaches_the_origin_normalised(kit: Kit) -> None:
    """With both encodings in the policy Accept-Encoding is normalised to those that the viewer takes of them."""
    values = (
        ("gzip;q=0.5, deflate, br;q=1.0", "br,gzip"),
        ("gzip, deflate", "gzip"),
        ("deflate, br", "br"),
    )
    for_each(kit, values, lambda kit, pair: _forwarded(kit, "compressed", *pair))


@COMPRESSION.rule("cache-key-understand-cache-policy")
def accept_encoding_of_neither_is_identity(kit: Kit) -> None:
    """A viewer that takes neither is told to the origin as `identity`."""
    _forwarded(kit, "compressed", "deflate, zstd", "identity")


@COMPRESSION.rule("cache-key-understand-cache-policy")
def accept_encoding_that_is_not_there_is_not_made(kit: Kit) -> None:
    """A viewer without Accept-Encoding leads to a request without it."""
    same("at the origin", None, kit.sent("compressed").header("Accept-Encoding"))


@COMPRESSION.rule("cache-key-understand-cache-policy")
def accept_encoding_is_not_forwarded_without_compression(kit: Kit) -> None:
    """Without compression in the policy Accept-Encoding is a header like any other, and not forwarded."""
    _forwarded(kit, "plain", "gzip, br", None)


def _forwarded(kit: Kit, behavior: str, accept: str, expected: str | None, **how: str) -> None:
    seen = kit.sent(behavior, headers=[("Accept-Encoding", accept)], **how)
    same("Accept-Encoding at the origin", expected, seen.header("Accept-Encoding"))


@COMPRESSION.rule("cache-key-understand-cache-policy")
def accept_encoding_of_http_1_0_is_removed(kit: Kit) -> None:
    """The Accept-Encoding of a viewer of HTTP/1.0 does not reach the origin."""
    _forwarded(kit, "compressed", "gzip", "gzip", key="newer")
    _forwarded(kit, "compressed", "gzip", None, version="1.0")
