"""The raw page view: what one request says, in a closed list of keys. What is not known has no key.

| key | what |
|---|---|
| `schema`, `event_id` | `pageview/1`; CloudFront's id of the request |
| `_timestamp` | microseconds since 1970 |
| `host`, `page`, `status` | as they were asked for and answered |
| `country` | two letters |
| `devices` | of `smart-tv`, `tablet`, `mobile` and `desktop` those that the viewer is |
| `bot` | whether it is no person, by its user agent |
| `referrer_host`, `campaign_source`, `campaign_medium`, `campaign_name`, `language` | where the visitor comes from |
| `visitor` | a hash that tells visitors apart for a day |
| `entry` | whether the page before was not one of this host's |
| `settings_hash` | of the settings that made it |

Addresses and user agents go into the hash and into nothing else.
"""

from __future__ import annotations

from edgewise.edge.headers import value_of
from edgewise.edge.origin_side import COUNTRY, OF_CLOUDFRONT, is_origins, told_devices

from .page import campaign, cut, language, page_name, referrer_host, site_host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from edgewise.edge.request import Request

    from .people import People

SCHEMA = "pageview/1"
_MOST_HOST_BYTES = 255
_PREFETCH = ("sec-purpose", "purpose", "x-moz")


class Seen:
    """What a request shows of who sent it, at the viewer's side or the origin's."""

    __slots__ = ("_headers", "_own", "_request", "is_at_origin", "user_agent")

    def __init__(self, request: Request, own: Sequence[str] = ()) -> None:
        self._request = request
        self._own = own
        self._headers = request.event["headers"]
        self.is_at_origin = request.trigger.startswith("origin-")
        agent = self.header("user-agent") or ""
        # None if it is not known, which is not the same as none that was sent.
        self.user_agent = None if self.is_at_origin and agent == OF_CLOUDFRONT else agent

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        value = value_of(self._headers, name)
        return value if isinstance(value, str) else None

    def is_prefetch(self) -> bool:
        """Whether a header says that nobody has asked for the page yet."""
        return any("prefetch" in (self.header(name) or "").lower() for name in _PREFETCH)

    def address(self) -> str:
        """Of the viewer; empty if it is not there."""
        address = self._request.client_ip
        return address if isinstance(address, str) else ""

    def host(self) -> str:
        """That the viewer asked for, or the distribution's own name where the origin's stands in its place."""
        host = self.header("host") or ""
        if not host or (self.is_at_origin and is_origins(host, self._request.origin)):
            host = self._request.distribution_domain
        return cut(host, _MOST_HOST_BYTES)

    def is_own(self, host: str | None, asked: str) -> bool:
        """Whether it was asked for; if that is not known, is the site's."""
        known = self._own if asked == self._request.distribution_domain else ()
        return f"/{host}".endswith((f"/{site_host(asked)}", *known))

    def country(self) -> str | None:
        """By CloudFront's own header, which can be believed at the origin's side alone."""
        return as_country(self.header(COUNTRY)) if self.is_at_origin else None

    def devices(self, people: People | None) -> list[str]:
        """By CloudFront's own headers where they can be believed, else by the user agent."""
        if self.is_at_origin and (told := told_devices(self._headers)):
            return told
        return people.about(self.user_agent)[1] if people and self.user_agent is not None else []


def as_country(text: str | None) -> str | None:
    """Two capital letters; None for anything else."""
    is_one = text is not None and len(text) == 2 and text.isascii() and text.isalpha() and text.isupper()
    return text if is_one else None


def make_view(
    seen: Seen,
    request: Request,
    status: int,
    people: People | None,
    country: str | None,
    visitor: str | None,
) -> dict[str, Any]:
    """The raw view without its ids, in the order of the table."""
    host = seen.host()
    referrer = referrer_host(seen.header("referer") or "")
    is_own = seen.is_own(referrer, host)
    agent = seen.user_agent
    view = {
        "host": host,
        "page": page_name(request.path),
        "status": status,
        "country": country,
        "devices": seen.devices(people) or None,
        "bot": None if people is None or agent is None else not people.about(agent)[0],
        "referrer_host": None if is_own else referrer,
        **campaign(request.query),
        "language": language(seen.header("accept-language") or ""),
        "visitor": visitor,
        "entry": not is_own,
    }
    return {key: value for key, value in view.items() if value is not None}
