"""A view over CloudFront's response object, and the making of responses that CloudFront accepts."""

from __future__ import annotations

from .body import check_size, decode_body, encode_body
from .cookies import format_cookie
from .errors import MessageError
from .headers import Headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Unpack

    from .cookies import CookieAttributes

_READ_ONLY = ("transfer-encoding", "via")  # at origin-response; deleting one is a 502


class Response:
    """What goes back to the visitor. Made by the origin, or by `Request.respond` and `Request.redirect`."""

    __slots__ = ("_headers", "_trigger", "event")

    def __init__(self, event: dict[str, Any], trigger: str) -> None:
        self.event = event
        self._trigger = trigger
        self._headers = Headers(event.setdefault("headers", {}))

    @property
    def headers(self) -> Headers:
        """The live headers of the event: change them in place."""
        return self._headers

    @property
    def status(self) -> int:
        """The HTTP status, 200 to 599. Setting it drops CloudFront's `statusDescription` of the one before."""
        return int(self.event["status"])

    @status.setter
    def status(self, status: int) -> None:
        check_size(0, self._trigger)
        if not isinstance(status, int) or not 200 <= status <= 599:
            raise MessageError(f"{status!r} is not a status CloudFront takes; use an integer from 200 to 599")
        _refuse_body_of_204(status, self.body)
        self.event["status"] = str(status)
        self.event.pop("statusDescription", None)

    @property
    def body(self) -> bytes | None:
        """The body that was set; None where the origin's own passes, which no function can read.

        Set text (sent as UTF-8) or bytes. The Content-Length and Content-Encoding of the body before go away.
        TooLargeError names the limit.
        """
        if "body" not in self.event:
            return None
        return decode_body(self.event["body"], self.event.get("bodyEncoding", "text"))

    @body.setter
    def body(self, body: str | bytes) -> None:
        encoded, encoding = encode_body(body)
        self.check(decode_body(encoded, encoding))
        self.event.update(body=encoded, bodyEncoding=encoding)
        self.headers.remove("Content-Length")
        self.headers.remove("Content-Encoding")

    def check(self, body: bytes | None = None) -> None:
        """Raise MessageError if CloudFront would refuse the response with `body`, or with the body that was set.

        It is TooLargeError if they are over the limit together with the headers.
        """
        content = (self.body if body is None else body) or b""
        _refuse_body_of_204(self.status, content)
        size = sum(len(name) + len(value.encode()) + 4 for name, value in self.headers.items())
        check_size(size + len(content), self._trigger)

    def set_cookie(self, name: str, value: str, **attributes: Unpack[CookieAttributes]) -> None:
        """Add one Set-Cookie line; see `format_cookie` for the attributes, their defaults and the errors.

        At origin-response the line is cached with the object and given to every visitor who gets it.
        """
        self.headers.add("Set-Cookie", format_cookie(name, value, **attributes))

    def replace(self, other: Response) -> None:
        """Become `other`, but keep the headers of the origin that a function may not delete."""
        kept = {name: self.event["headers"][name] for name in _READ_ONLY if name in self.headers}
        self.event.clear()
        self.event.update(other.event, headers=other.event["headers"] | kept)
        self._headers = Headers(self.event["headers"])


def make_response(
    trigger: str, status: int, body: str | bytes = "", headers: Mapping[str, str] | None = None
) -> Response:
    """A generated response. Text without a Content-Type is sent as plain text.

    MessageError if CloudFront would refuse it, TooLargeError (which names the limit) if it is too large.
    """
    response = Response({}, trigger)
    response.status = status
    for name, value in (headers or {}).items():
        response.headers.set(name, value)
    if body and isinstance(body, str) and "content-type" not in response.headers:
        response.headers.set("Content-Type", "text/plain; charset=utf-8")
    response.body = body
    return response


def _refuse_body_of_204(status: int, body: bytes | None) -> None:
    if status == 204 and body:
        raise MessageError(
            "a response with status 204 has no body, and CloudFront answers 502 to one with it; take it away first"
        )
