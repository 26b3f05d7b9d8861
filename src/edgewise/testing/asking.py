"""Who sends a request of a test, from where, and how; and somebody who keeps the cookies that he is given."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import quote

from edgewise.cdn.location import known_locations, region_of
from edgewise.testing.cookies import Cookies
from edgewise.testing.errors import TestingError
from edgewise.testing.lines import check_headers

__tracebackhide__ = True  # pytest shows the line of the test, not ours

if TYPE_CHECKING:
    from edgewise.cdn import MovableClock
    from edgewise.testing.answer import Answer


class RequestOptions(TypedDict, total=False):
    """Who asks, and where.

    `country` (two letters) and `address` are the visitor's; `location` is the edge location that answers, such as
    `NRT57-P2`; `https` asks over TLS. Any other fact is a header: `headers={"Edgewise-Is-Mobile-Viewer": "true"}`.
    """

    headers: Mapping[str, str]
    country: str
    address: str
    location: str
    https: bool


_FACTS = {
    "country": "Edgewise-Viewer-Country",
    "address": "Edgewise-Viewer-Address",
    "location": "Edgewise-Location",
}
_COUNTRY = re.compile("[A-Za-z]{2}")
# What stands in a path as it is; a percent sign begins what is encoded already.
_IN_PATH = "/?%:@!$&'()*+,;=-._~[]|{}^`\"<>\\"


def check_options(options: RequestOptions) -> None:
    """Raises `TypeError` for a name that is no option, `TestingError` for a value that cannot be one."""
    for name in options:
        if name not in RequestOptions.__annotations__:
            known = ", ".join(RequestOptions.__annotations__)
            raise TypeError(f"{name!r} is no option of a request: they are {known}")
    check_location(options.get("location", ""))
    country, address = options.get("country", ""), options.get("address", "")
    if country and not _COUNTRY.fullmatch(country):
        raise TestingError(f"{country!r} is no country", hint="write its two letters, such as DE")
    if address and not _is_address(address):
        raise TestingError(f"{address!r} is no IP address", hint="such as 203.0.113.9 or 2001:db8::1")
    check_headers(options.get("headers", {}).items())


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def check_target(method: str, path: str) -> None:
    """Raises `TestingError` for a request line that cannot be sent."""
    if not method.isascii() or not method.isprintable() or " " in method or not method:
        raise TestingError(f"{method!r} is no method of HTTP")
    if not path.startswith("/"):
        raise TestingError(f"the path {path!r} does not begin with a slash", hint=f"write {f'/{path}'!r}")
    if not path.isascii() or not path.isprintable() or " " in path:
        encoded = quote(path, safe=_IN_PATH)
        raise TestingError(
            f"the path {path!r} is not ready to be sent", hint=f"percent-encode it: {encoded!r}"
        )


def check_location(name: str) -> None:
    """Raises `TestingError`; an empty name means the site's own location."""
    if name and region_of(name) is None:
        hint = f"such as NRT57-P2; names begin with one of {known_locations()}"
        raise TestingError(f"there is no edge location {name!r}", hint=hint)


def headers_of(options: RequestOptions) -> dict[str, str]:
    """The headers of a request with these options."""
    facts = {_FACTS[name]: str(value) for name, value in options.items() if name in _FACTS and value}
    return facts | dict(options.get("headers", {}))


class Visitor:
    """Somebody who keeps the cookies that he is given and sends them back; `cookies` is name to value.

    A value is kept as it came, with its quotes and all; its bytes are read as Latin-1, as those of every header.
    A cookie goes to the paths below its `Path` until it is over by the site's clock. `Secure` ones go over plain HTTP
    too, as browsers send them to localhost, and `Domain` is not regarded: there is one site.
    """

    def __init__(self, send: Callable[..., Answer], clock: MovableClock, options: RequestOptions) -> None:
        """`send` is the site's `request`."""
        self.cookies = Cookies(clock)
        self._send = send
        self._options = options

    def get(self, path: str = "/") -> Answer:
        return self.request("GET", path)

    def request(self, method: str, path: str, *, body: bytes | str | None = None) -> Answer:
        options = self._options.copy()
        asked = path.partition("?")[0]
        if sent := self.cookies.for_path(asked):
            options["headers"] = {**options.get("headers", {}), "Cookie": "; ".join(sent)}
        answer = self._send(method, path, body=body, **options)
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                self.cookies.keep(value, asked)
        return answer
