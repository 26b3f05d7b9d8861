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
            name, value = name.strip(), value.strip()
            if equals and name and name not in cookies:
                quoted = len(value) >= 2 and value[0] == value[-1] == '"'
                cookies[name] = value[1:-1] if quoted else value
    return cookies


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
