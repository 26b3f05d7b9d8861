"""Reads Cookie headers and writes Set-Cookie lines, after RFC 6265. `http.cookies` costs an import and gives up
on the whole header at the first cookie that it does not like."""

from __future__ import annotations

import re

from .errors import MessageError
from .headers import TOKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypedDict

    from .headers import HeaderMap

    class CookieAttributes(TypedDict, total=False):
        max_age: int
        path: str
        domain: str
        secure: bool
        http_only: bool
        same_site: str


_VALUE = r"[!#-+\--:<-\[\]-~]*"  # RFC 6265 section 4.1.1: cookie-octet
_ATTRIBUTE = r"[ -:<-~]*"


def parse_cookies(lines: Iterable[str]) -> dict[str, str]:
    """The cookies in the values of all Cookie headers.

    A value may hold `=`; one pair of double quotes around it is taken off. Where a name comes twice the first
    wins: browsers send the cookie with the most specific path first (RFC 6265 section 5.4).
    """
    cookies: dict[str, str] = {}
    for line in lines:
        for pair in line.split(";"):
            name, equals, value = pair.partition("=")
            name = name.strip()
            if equals and name and name not in cookies:
                cookies[name] = _unquoted(value)
    return cookies


def find_cookie(name: str, lines: Iterable[str]) -> str | None:
    """The same value as `parse_cookies` has under `name`, without reading the other cookies."""
    for line in lines:
        values, _ = _part(name, line)
        if values:
            return values[0]
    return None


def take_cookie(name: str, header_map: HeaderMap) -> list[str]:
    """The values of one cookie, in their order, which are taken out of the Cookie headers. The rest stays as it is."""
    taken: list[str] = []
    for entry in [*header_map.get("cookie", ())]:
        values, rest = _part(name, entry["value"])
        if values:
            taken += values
            entry["value"] = rest
            if not rest:
                header_map["cookie"].remove(entry)
    if not header_map.get("cookie", True):
        del header_map["cookie"]
    return taken


def _part(name: str, line: str) -> tuple[list[str], str]:
    """The values of one cookie, and the line without them. Only where the name stands is anything taken apart."""
    values: list[str] = []
    at = 0
    while (place := line.find(name, at)) >= 0:
        start, end = line.rfind(";", 0, place) + 1, line.find(";", place)
        end = len(line) if end < 0 else end
        found, equals, value = line[start:end].partition("=")
        if equals and found.strip() == name:
            values.append(_unquoted(value))
            line, at = line[:start] + line[end + 1 :], start
        else:
            at = end
    return values, line.strip(" ;")


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) >= 2 and value[0] == value[-1] == '"' else value


def format_cookie(
    name: str,
    value: str,
    *,
    max_age: int | None = None,
    path: str = "/",
    domain: str = "",
    secure: bool = True,
    http_only: bool = True,
    same_site: str = "Lax",
) -> str:
    """One Set-Cookie value. `max_age` in seconds; without it the cookie lasts as long as the browser's session.

    MessageError for what browsers would drop without a word.
    """
    if not re.fullmatch(TOKEN, name) or not re.fullmatch(_VALUE, value):
        raise MessageError(
            f"cookie {name!r}: spaces, quotes, commas, semicolons and non-ASCII must be encoded"
        )
    if same_site not in ("Strict", "Lax", "None") or not re.fullmatch(_ATTRIBUTE, path + domain):
        raise MessageError(
            f"cookie {name}: same_site {same_site!r}, path {path!r} or domain {domain!r} is not valid"
        )
    if not secure and (same_site == "None" or name.startswith(("__Secure-", "__Host-"))):
        raise MessageError(f"cookie {name}: browsers take it only with secure=True")
    if name.startswith("__Host-") and (path != "/" or domain):
        raise MessageError(f'cookie {name}: a __Host- name needs path="/" and no domain')
    parts = [f"{name}={value}", f"Path={path}", f"SameSite={same_site}"]
    parts += [f"Domain={domain}"] if domain else []
    parts += [f"Max-Age={max_age:d}"] if max_age is not None else []
    parts += ["Secure"] if secure else []
    parts += ["HttpOnly"] if http_only else []
    return "; ".join(parts)
