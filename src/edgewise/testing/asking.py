"""Who sends a request of a test, from where, and how; and somebody who keeps the cookies that he is given."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

from edgewise.cdn.httpdate import parsed
from edgewise.cdn.location import known_locations, region_of
from edgewise.testing.errors import TestingError

if TYPE_CHECKING:
    from edgewise.testing.answer import Answer
    from edgewise.testing.site import EdgeSite


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


def check_options(options: RequestOptions) -> None:
    """Raises `TypeError` for a name that is no option, `TestingError` for a location that is none."""
    for name in options:
        if name not in RequestOptions.__annotations__:
            known = ", ".join(RequestOptions.__annotations__)
            raise TypeError(f"{name!r} is no option of a request: they are {known}")
    check_location(options.get("location", ""))


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
    A cookie goes to the paths below its `Path`; of two with one name the later counts. `Secure` ones go over plain
    HTTP too, as browsers send them to localhost, and `Domain` is not regarded: there is one site.
    """

    def __init__(self, site: EdgeSite, options: RequestOptions) -> None:
        self.cookies: dict[str, str] = {}
        self._paths: dict[str, str] = {}
        self._site = site
        self._options = options

    def get(self, path: str = "/") -> Answer:
        return self.request("GET", path)

    def request(self, method: str, path: str, *, body: bytes | None = None) -> Answer:
        options = self._options.copy()
        asked = path.partition("?")[0]
        sent = [
            f"{name}={value}"
            for name, value in self.cookies.items()
            if _is_below(asked, self._paths.get(name, "/"))
        ]
        if sent:
            options["headers"] = {**options.get("headers", {}), "Cookie": "; ".join(sent)}
        answer = self._site.request(method, path, body=body, **options)
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                self._keep(value, asked)
        return answer

    def _keep(self, line: str, asked: str) -> None:
        pair, *rest = line.split(";")
        name, equals, value = (part.strip(_BLANKS) for part in pair.partition("="))
        if not equals or not name:
            return  # RFC 6265, section 5.2: such a line is passed over
        attributes = _attributes(rest)
        path = attributes.get("path", "")
        path = path if path.startswith("/") else asked.rpartition("/")[0] or "/"
        if not _is_over(attributes):
            self.cookies[name], self._paths[name] = value, path
        elif self._paths.get(name, path) == path:
            self.cookies.pop(name, None)


# Not `str.strip()`: that takes off \xa0 and \x85 too, which are halves of letters on a UTF-8 wire.
_BLANKS = " \t"


def _attributes(given: list[str]) -> dict[str, str]:
    """Attributes of a cookie, by lower-case name; of two with one name the last counts."""
    parts = (attribute.partition("=") for attribute in given)
    return {name.strip(_BLANKS).lower(): value.strip(_BLANKS) for name, _, value in parts}


def _is_below(asked: str, path: str) -> bool:
    """Whether a cookie of `path` goes to the path `asked`. RFC 6265, section 5.1.4."""
    return asked == path or asked.startswith(path.removesuffix("/") + "/")


def _is_over(attributes: Mapping[str, str]) -> bool:
    """Whether a cookie with these attributes is to be deleted. RFC 6265, section 5.3: `Max-Age` comes first."""
    age = attributes.get("max-age", "")
    if age.removeprefix("-").isdecimal():
        return int(age) <= 0
    expires = parsed(attributes.get("expires", ""))
    return expires is not None and expires <= time.time()
