"""What a request says about a page view, as plain rules over texts that a visitor chose.

The same rules are statements of SQL for requests that are read from logs; golden cases hold the two together.
"""

from __future__ import annotations

_INDEX = ("/index.html", "/index.htm")
_FILES = (".html", ".htm")
_OF_HOSTS = "abcdefghijklmnopqrstuvwxyz0123456789-._"
_MOST_HOST_CHARACTERS = 255
_TAGS = {"utm_source": "campaign_source", "utm_medium": "campaign_medium", "utm_campaign": "campaign_name"}
MOST_PAGE_BYTES = 1024
MOST_TAG_BYTES = 128
_HEX = "0123456789abcdefABCDEF"


def is_page(method: str, status: int, content_type: str | None, path: str) -> bool:
    """Whether an answer is one of HTML to a GET. Where no content type is known, as in a 304, a path without the
    extension of a file is a page's."""
    if method != "GET" or status not in (200, 304):
        return False
    if content_type:
        return content_type.lower().startswith("text/html")
    return path.endswith(_FILES) or "." not in path.rpartition("/")[2]


def page_name(path: str) -> str:
    """The one name of a page: without `;` parameters, without its index file and without slashes at its end."""
    if ";" in path:
        path = "/".join(segment.partition(";")[0] for segment in path.split("/"))
    path = path.rstrip("/")
    if path.endswith(_INDEX):
        path = path[: path.rfind("/")].rstrip("/")
    return cut(path, MOST_PAGE_BYTES) or "/"


def site_host(host: str) -> str:
    """A host that was asked for as hosts are compared: in lower case, without port and `www.`."""
    return _plain_host(host) or ""


def referrer_host(referrer: str) -> str | None:
    """The host of the page before, or app; None for what names none that could be one."""
    _, slashes, rest = referrer.partition("//")
    if not slashes:
        return None
    for end in "/?#":
        rest = rest.partition(end)[0]
    return _plain_host(rest.rpartition("@")[2])


def _plain_host(host: str) -> str | None:
    name = host.partition(":")[0].lower().removeprefix("www.").rstrip(".")
    # What is left by `strip` are characters that no host has.
    return name if 0 < len(name) <= _MOST_HOST_CHARACTERS and not name.strip(_OF_HOSTS) else None


def campaign(query: str) -> dict[str, str]:
    """The campaign of a raw query, by the names of a view's fields: the first of each tag that is there."""
    found: dict[str, str] = {}
    if "utm_" not in query:
        return found
    seen = set()
    for part in query.split("&"):
        tag, _, value = part.partition("=")
        if tag in _TAGS and tag not in seen:
            seen.add(tag)
            if text := cut(_decoded(value).strip(" "), MOST_TAG_BYTES):
                found[_TAGS[tag]] = text
    return found


def _decoded(value: str) -> str:
    """As `urllib.parse.unquote_plus`, whose import costs more than all views of an environment."""
    value = value.replace("+", " ")
    if "%" not in value:
        return value
    first, *parts = value.split("%")
    decoded = bytearray(first.encode("utf-8", "replace"))
    for part in parts:
        digits = part[:2]
        if len(digits) == 2 and not digits.strip(_HEX):
            decoded.append(int(digits, 16))
            part = part[2:]
        else:
            decoded += b"%"
        decoded += part.encode("utf-8", "replace")
    return decoded.decode("utf-8", "replace")


def language(accepted: str) -> str | None:
    """The language that a visitor's browser names first, without its country."""
    tag = accepted.partition(",")[0].partition(";")[0].strip().partition("-")[0].lower()
    return tag if 2 <= len(tag) <= 3 and tag.isascii() and tag.isalpha() else None


def cut(text: str, most: int) -> str:
    """At most so many bytes of UTF-8, cut between characters; half a surrogate pair is a question mark."""
    if text.isascii():
        return text[:most]
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")
