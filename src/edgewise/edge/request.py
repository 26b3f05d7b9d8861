"""A view over the request in a CloudFront event. Nothing is copied: what a step sets is what CloudFront gets."""

from __future__ import annotations

import re

from .body import check_size, decode_body, encode_body
from .cookies import parse_cookies
from .errors import MessageError
from .headers import Headers
from .response import make_response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .response import Response

_REDIRECTS = (301, 302, 303, 307, 308)
# Developer Guide, "Restrictions on all edge functions". What breaks a rule is not shown: it may hold a secret.
_NOT_IN_URL = r"[\x00-\x20\x7f#\ud800-\udfff]"
MOST_URL_CHARACTERS = 8191


class Request:
    """The request of one invocation.

    What CloudFront lets no function change has no setter.
    """

    __slots__ = ("_config", "_headers", "event")

    def __init__(self, cf: dict[str, Any]) -> None:
        """`cf` is `event["Records"][0]["cf"]`, as the Developer Guide's "Lambda@Edge event structure" has it."""
        self._config: dict[str, Any] = cf["config"]
        self.event: dict[str, Any] = cf["request"]
        self._headers = Headers(self.event.setdefault("headers", {}))

    @property
    def trigger(self) -> str:
        """`viewer-request` or one of the others."""
        return self._config["eventType"]  # type: ignore[no-any-return]

    # What a hand-made event may lack is only told, never needed.
    @property
    def request_id(self) -> str:
        """The same in all triggers of one visitor's request."""
        return self._config.get("requestId", "")  # type: ignore[no-any-return]

    @property
    def distribution_id(self) -> str:
        return self._config.get("distributionId", "")  # type: ignore[no-any-return]

    @property
    def distribution_domain(self) -> str:
        """The distribution's own name, `d111111abcdef8.cloudfront.net`, whatever name the viewer used."""
        return self._config.get("distributionDomainName", "")  # type: ignore[no-any-return]

    @property
    def method(self) -> str:
        return self.event.get("method", "")  # type: ignore[no-any-return]

    @property
    def client_ip(self) -> str:
        """The address that connected to CloudFront."""
        return self.event.get("clientIp", "")  # type: ignore[no-any-return]

    @property
    def headers(self) -> Headers:
        """The live headers of the event: change them in place."""
        return self._headers

    @property
    def path(self) -> str:
        """The path, starting with a slash. Setting it at viewer-request changes the cache key as well."""
        return str(self.event.get("uri", ""))

    @path.setter
    def path(self, path: str) -> None:
        if not path.startswith("/") or "?" in path:
            raise MessageError("this is not a path: it starts with a slash and holds no question mark")
        self._set_url("uri", path)

    @property
    def query(self) -> str:
        """The raw query string without its question mark; empty if there is none."""
        return str(self.event.get("querystring", ""))

    @query.setter
    def query(self, query: str) -> None:
        self._set_url("querystring", query)

    def _set_url(self, key: str, text: str) -> None:
        if re.search(_NOT_IN_URL, text):
            raise MessageError(f"the {key} holds a space, '#' or a control character; percent-encode it")
        other = self.query if key == "uri" else self.path
        if len(text) + len(other) > MOST_URL_CHARACTERS:
            raise MessageError(
                f"path and query are over {MOST_URL_CHARACTERS:,} characters, CloudFront's limit"
            )
        self._set(key, text, "viewer-request", "origin-request")

    def _set(self, key: str, value: Any, *triggers: str) -> None:
        if self.trigger not in triggers:
            raise MessageError(
                f"at {self.trigger} CloudFront ignores a new {key}; set it at {' or '.join(triggers)}"
            )
        self.event[key] = value

    @property
    def cookies(self) -> dict[str, str]:
        """The visitor's cookies, from all Cookie headers; a new dictionary each time."""
        return parse_cookies(self.headers.get_all("cookie"))

    @property
    def origin(self) -> dict[str, Any] | None:
        """`{"custom": {…}}` or `{"s3": {…}}` in origin triggers, else None. Settable at origin-request.

        With another `domainName` set the header Host as well, or the new origin is asked for the old host.
        """
        return self.event.get("origin")

    @origin.setter
    def origin(self, origin: dict[str, Any]) -> None:
        self._set("origin", origin, "origin-request")

    @property
    def body(self) -> bytes | None:
        """The body, where the association includes it; CloudFront shows 40 KB (viewer) or 1 MB (origin) of it.

        Set text or bytes to replace it at a request trigger; TooLargeError names the limit.
        """
        body = self.event.get("body")
        return None if body is None else decode_body(body["data"], body.get("encoding", "base64"))

    @body.setter
    def body(self, body: str | bytes) -> None:
        if "body" not in self.event:
            raise MessageError(
                "this request came without its body; set IncludeBody on the function association"
            )
        data, encoding = encode_body(body)
        check_size(len(decode_body(data, encoding)), self.trigger)
        changed = self.event["body"] | {"action": "replace", "encoding": encoding, "data": data}
        self._set("body", changed, "viewer-request", "origin-request")

    @property
    def body_truncated(self) -> bool:
        """Whether CloudFront cut the body; the origin still gets all of it unless it is replaced."""
        return bool(self.event.get("body", {}).get("inputTruncated"))

    def redirect(self, location: str, status: int = 302) -> Response:
        """A Response that sends the visitor to `location`; `status` is 301, 302, 303, 307 or 308."""
        if status not in _REDIRECTS:
            raise MessageError(f"{status!r} does not redirect; use one of {', '.join(map(str, _REDIRECTS))}")
        return make_response(self.trigger, status, headers={"Location": location})

    def respond(
        self, status: int, body: str | bytes = "", headers: Mapping[str, str] | None = None
    ) -> Response:
        """A Response made here; return it from a step. Errors as in `make_response`."""
        return make_response(self.trigger, status, body, headers)
