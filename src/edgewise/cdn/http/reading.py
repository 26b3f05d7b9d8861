"""Reading the requests of one viewer connection: framing is httptools' work, limits and refusals are here.

Every refusal has CloudFront's status: 400, 403, 413, 414 or 494. No socket is touched here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import httptools

from edgewise.cdn import errorpage
from edgewise.cdn.limits import REQUEST_BODY_BYTES, REQUEST_HEAD_BYTES, URL_BYTES
from edgewise.cdn.message import Headers, Request

# RFC 9112 section 3.2.2: a request to a proxy names the host within its target. No user, no fragment.
_ABSOLUTE = re.compile(r"(?i:https?)://([^/?#@\\]+)((?:[/?][^#]*)?)")
# A request line whose method is none that httptools knows: a token, in whatever case.
_OTHER_METHOD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) ([/*]\S*) HTTP/1\.[01]\r\n")
# What CloudFront answers to a method that it does not know is not documented; this is what it answers to a known
# one that the behavior does not allow.
_UNKNOWN_METHOD_STATUS = 403


@dataclass(frozen=True, slots=True)
class Peer:
    """The viewer's end of a connection; `tls_protocol` and `tls_cipher` are OpenSSL's names, empty without TLS."""

    address: str
    port: int
    tls_protocol: str = ""
    tls_cipher: str = ""


class Unreadable(Exception):
    """A request that ends its connection: `sentence` is for the viewer, `detail` for the developer."""

    def __init__(self, status: int, detail: str, sentence: str = errorpage.BAD_REQUEST) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.sentence = sentence


class RequestReader:
    """Turns bytes into requests. `deliver` takes each with whether the connection stays after it.

    `invite` is called when a viewer waits for `100 Continue` before it sends a body.
    """

    def __init__(
        self, peer: Peer, deliver: Callable[[Request, bool], None], invite: Callable[[], None]
    ) -> None:
        self._peer = peer
        self._deliver = deliver
        self._invite = invite
        self._parser = httptools.HttpRequestParser(self)
        self._count = 0
        self._begin()

    def _begin(self) -> None:
        self.head_complete = False
        self._url = b""
        self._method = ""
        self._headers = Headers()
        self._hosts = 0
        self._chunks: list[bytes] = []
        self._head_bytes = 0
        self._body_bytes = 0
        self._untold = 0

    def feed(self, data: bytes) -> None:
        """Read on. Raises `Unreadable`; after that nothing more can be read."""
        self._untold += len(data)
        begins_here, count = self._untold == len(data), self._count
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return  # the request was delivered as the last one; the other protocol is not simulated
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, Unreadable):
                raise error.__context__ from None
            raise
        except httptools.HttpParserInvalidMethodError as error:
            line = data if begins_here and count == self._count else b""
            raise self._unknown_method(line, str(error)) from None
        except httptools.HttpParserError as error:
            raise Unreadable(400, f"the request is not HTTP: {error}") from None
        # httptools tells of a header when it is whole; one that never ends must not be collected for ever.
        if self._untold > REQUEST_HEAD_BYTES + URL_BYTES:
            raise self._head_too_large()

    def known(self) -> Request:
        """What is known of a request that could not be read to its end; `method` may be empty."""
        path, _, query = self._url.decode("latin-1").partition("?")
        method = self._method or (self._parser.get_method().decode("ascii") if self._url else "")
        return self._request(method, path, query, "")

    def _request(self, method: str, path: str, query: str, version: str) -> Request:
        peer = self._peer
        # In their order, without names: a third of the time.
        return Request(
            method,
            path,
            query,
            self._headers,
            b"".join(self._chunks) if self._chunks else b"",
            peer.address,
            peer.port,
            "https" if peer.tls_protocol else "http",
            version,
            self._head_bytes + self._body_bytes,
            peer.tls_protocol,
            peer.tls_cipher,
            self._count + 1,
        )

    def _unknown_method(self, data: bytes, error: str) -> Unreadable:
        found = _OTHER_METHOD.match(data)
        if found is None:
            return Unreadable(400, f"the request is not HTTP: {error}")
        self._method, self._url = found[1].decode("ascii"), found[2]
        detail = f"{self._method} is no method that CloudFront knows"
        return Unreadable(_UNKNOWN_METHOD_STATUS, detail, errorpage.METHOD_NOT_ALLOWED)

    def _head_too_large(self) -> Unreadable:
        return Unreadable(494, f"the headers are larger than {REQUEST_HEAD_BYTES} bytes")

    # What httptools calls.

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._head_bytes += len(url)
        if len(self._url) > URL_BYTES:
            raise Unreadable(414, f"the URL is longer than {URL_BYTES} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > REQUEST_HEAD_BYTES:
            raise self._head_too_large()
        # What comes after the head is a trailer: CloudFront does not pass it on.
        if not self.head_complete:
            self._headers.lines.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._untold = 0
        self.head_complete = True
        headers, body_follows = self._headers, False
        for name, value in headers.lines:
            lower = name.lower()
            if lower == "host":
                self._hosts += 1
            elif lower == "content-length":
                body_follows = value != "0"
                self._expect_length(int(value))
            elif lower == "transfer-encoding":
                body_follows = True
                self._expect_chunks(value)
        if body_follows and headers.get("expect").lower() == "100-continue":
            self._invite()

    def _expect_length(self, length: int) -> None:
        if length > REQUEST_BODY_BYTES:
            raise Unreadable(413, f"the body is larger than {REQUEST_BODY_BYTES} bytes")

    def _expect_chunks(self, coding: str) -> None:
        # RFC 9112 section 6.1: HTTP/1.0 knows no chunks, and no other coding is spoken here.
        if coding.lower() != "chunked" or self._parser.get_http_version() != "1.1":
            raise Unreadable(400, f"Transfer-Encoding {coding!r} is not understood")

    def on_body(self, chunk: bytes) -> None:
        self._untold = 0
        self._body_bytes += len(chunk)
        self._expect_length(self._body_bytes)
        self._chunks.append(chunk)

    def on_message_complete(self) -> None:
        parser = self._parser
        version = parser.get_http_version()
        method = parser.get_method().decode("ascii")
        if version not in ("1.1", "1.0"):
            raise Unreadable(400, f"HTTP/{version} is not spoken here")
        upgrade = parser.should_upgrade()
        if upgrade and ("content-length" in self._headers or "transfer-encoding" in self._headers):
            raise Unreadable(400, "a request with a body asks for another protocol, which is not simulated")
        path, query = self._target(method, version)
        request = self._request(method, path, query, version)
        self._count += 1
        self._begin()
        self._deliver(request, parser.should_keep_alive() and not upgrade)

    def _target(self, method: str, version: str) -> tuple[str, str]:
        """Path and query of the target; the host of an absolute one takes the place of the Host header."""
        # RFC 9112 section 3.2: HTTP/1.1 has one Host, and no request has two.
        if self._hosts != 1 and (self._hosts or version == "1.1"):
            raise Unreadable(400, f"the request has {self._hosts} Host headers")
        target = self._url.decode("latin-1")
        if target[:1] != "/":
            absolute = _ABSOLUTE.fullmatch(target)
            if absolute is None or method == "CONNECT":
                raise Unreadable(400, f"{target!r} is no target of {method} that is served here")
            self._headers.set("Host", absolute[1])
            target = absolute[2] if absolute[2].startswith("/") else f"/{absolute[2]}"
        if "#" in target:
            raise Unreadable(400, "the target has a fragment")
        path, _, query = target.partition("?")
        return path, query
