"""What is taken out of the facts of a request, or put in their place, before any record is made of them.

Cookies and credentials are not here: nothing ever reads them for a record.
"""

from __future__ import annotations

import json
import os
import time

from .errors import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping
    from typing import Any

    from .environment import Environment

    ReadKey = Callable[[], str]

DAY = 86_400_000_000  # microseconds
SHORTEST_KEY = 16  # characters; with a key that can be guessed, all IPv4 addresses can be tried in minutes


class Privacy:
    """The settings `log.privacy` at work."""

    def __init__(self, privacy: Mapping[str, Any], keys: Keys) -> None:
        self._client_address = privacy["client_address"]
        self._keeps_query = privacy["query"] == "keep"
        self._allowed_query = () if isinstance(privacy["query"], str) else tuple(privacy["query"])
        self._visitor = privacy["visitor"]
        self._keys = keys
        # Of each header that is recorded, its name and its field's.
        self.headers = [(name, header_field(name)) for name in privacy["headers"]]

    def mask(self, facts: MutableMapping[str, Any], now: int) -> None:
        """Change the facts of one request in place; `now` is in microseconds.

        Raises what reading the key raises; what needs the key is gone from the facts even then.
        """
        if referrer := facts.get("referrer"):
            facts["referrer"] = _without_user(referrer) if isinstance(referrer, str) else None
        if not self._keeps_query:
            self._cut(facts)
        address = facts.get("client_ip")
        address = address if isinstance(address, str) else ""
        if self._client_address == "truncate":
            facts["client_ip"] = truncate_address(address)
        elif self._client_address != "keep":
            facts["client_ip"] = None
        if not address or not (self._visitor or self._client_address == "hash"):
            return
        key = self._keys.key(now // DAY)
        if self._client_address == "hash":
            facts["client_ip"] = self._keys.named(_hash(key, 8, "client_ip", address).hex())
        # At an origin trigger the user agent can be CloudFront's, and the visitor would be another one.
        if self._visitor and str(facts.get("trigger")).startswith("viewer-"):
            site, agent = str(facts.get("distribution_id")), str(facts.get("user_agent"))
            facts["visitor"] = self._keys.visitor(now, site, address, agent)

    def _cut(self, facts: MutableMapping[str, Any]) -> None:
        """Leave the allowed parameters alone, of the query and of the referrer; a path has none at all."""
        for name, cut in (("query", allowed_query), ("referrer", _allowed_referrer)):
            if text := facts.get(name):
                facts[name] = cut(text, self._allowed_query) if isinstance(text, str) else None
        if isinstance(path := facts.get("path"), str):
            facts["path"] = _without_parameters(path)


class Keys:
    """The key of the hashes: the site's, the same for all environments, or a random one that only this one has.

    The random one is made anew each day (UTC) and is nowhere but in memory. What is hashed with it carries the
    environment's id, so that nobody takes two environments' hashes for two visitors. The site's may be one for each
    day, `{"2026-11-21": …, "2026-11-22": …}`: where a day's is deleted, nobody can make that day's hashes again.
    """

    def __init__(self, environment_id: str, read: ReadKey | None = None) -> None:
        """`read` gives the site's key, from memory where it is there."""
        self._environment_id = environment_id
        self._read = read
        self._key = b""
        self._made_of: tuple[int, str] | None = None

    def key(self, day: int) -> bytes:
        """32 bytes, for a day since 1970. SettingsError if the site's key is of no use, and what reading it raises."""
        if self._made_of is not None and self._made_of[0] != day:  # gone, though there may be no other yet
            self._key, self._made_of = b"", None
        text = "" if self._read is None else self._read()
        if self._made_of != (day, text):
            self._key = os.urandom(32) if self._read is None else _site_key(text, day)
            self._made_of = (day, text)
        return self._key

    def visitor(self, now: int, site: str, address: str, agent: str) -> str:
        """The hash that tells visitors of a site apart for the day of `now` (microseconds). Errors as `key`."""
        day = now // DAY
        digest = _hash(self.key(day), 8, "visitor", str(day), site, household(address), agent)
        return self.named(digest.hex())

    def named(self, digest: str) -> str:
        """The hash as it is recorded."""
        return digest if self._read is not None else f"{digest}@{self._environment_id}"


def _site_key(text: str, day: int) -> bytes:
    """32 bytes of the one key, or of the day's. What is wrong is told without any of it."""
    if text.startswith("{"):
        date = _date(day)
        try:
            text = json.loads(text)[date]
        except (ValueError, KeyError):
            raise SettingsError(f"the key of the hashes has none for {date}") from None
    if not isinstance(text, str) or len(text) < SHORTEST_KEY:
        raise SettingsError(f"the key of the hashes has fewer than {SHORTEST_KEY} characters")
    return _hash(b"", 32, "key", text)


def _date(day: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(day * 86_400))


def make_keys(where: Mapping[str, str] | None, asked: Mapping[str, Any], environment: Environment) -> Keys:
    """The keys of a site that keeps them `where` the settings say, `{date}` in the name being the day's; else random.

    `asked` has `region`, `endpoint` and `budget_ms`, which is as long as a visitor waits.
    """
    if where is None:
        return Keys(environment.environment_id)
    from .secrets import secrets_within

    name, secrets, named = where["name"], secrets_within(asked, where["from"], environment), ""

    def read() -> str:
        nonlocal named
        before, named = named, name.replace("{date}", _date(environment.entered // DAY))
        if before not in ("", named):  # the salt of a day that is over is nowhere, so not here either
            secrets.forget(before)
        return secrets.tokens(named)[0]

    return Keys(environment.environment_id, read)


def header_field(name: str) -> str:
    """The field of an allowed request header: `X-App-Version` is in `header_x_app_version`."""
    return "header_" + name.lower().replace("-", "_")


def allowed_query(query: str, allowed: tuple[str, ...]) -> str:
    """Those parameters of a raw query whose names are allowed, as they stand and in their order.

    A name that is written in another way (`%73ize`) is another name. Some servers also part parameters by `;`.
    """
    if not allowed or not query:
        return ""
    parts = query.replace(";", "&").split("&")
    return "&".join([part for part in parts if part.partition("=")[0] in allowed])


def _allowed_referrer(referrer: str, allowed: tuple[str, ...]) -> str:
    """The same of the page that the visitor came from, whose query is as telling as this one's."""
    url, _, query = referrer.partition("#")[0].partition("?")
    url, query = _without_parameters(url), allowed_query(query, allowed)
    return f"{url}?{query}" if query else url


def _without_parameters(path: str) -> str:
    """A path without what servers put behind a `;` in a segment, often a session's id (RFC 3986 section 3.3)."""
    return "/".join([segment.partition(";")[0] for segment in path.split("/")]) if ";" in path else path


def _without_user(url: str) -> str:
    """A URL without user and password, which stand before the last `@` of its authority (RFC 3986 section 3.2)."""
    if "@" not in url:
        return url
    scheme, slashes, rest = url.partition("//")
    end = min((place for place in map(rest.find, "/?#") if place >= 0), default=len(rest))
    return f"{scheme}{slashes}{rest[:end].rpartition('@')[2]}{rest[end:]}" if slashes else url


def truncate_address(address: str) -> str | None:
    """The network of an address: the first 24 bits of IPv4, the first 48 of IPv6; None for what is no address.

    The same bits as Google Analytics kept ("IP-address masking in Universal Analytics": the last octet, the last
    80 bits are zeros). The rest is at least a provider's customer or a site with 254 hosts.
    """
    return _network(address, 48)


def household(address: str) -> str:
    """What visitors are told apart by: of IPv6 the network, since devices change the rest by themselves (RFC 8981)."""
    return _network(address, 64) or address if ":" in address else address


def _network(address: str, bits: int) -> str | None:
    """Of an IPv6 address the first `bits`, a multiple of 16; of an IPv4 address always 24."""
    numbers = address_numbers(address)
    if numbers is None:
        return None
    if len(numbers) == 4:
        return f"{numbers[0]}.{numbers[1]}.{numbers[2]}.0"
    kept = numbers[: bits // 16]
    while kept and not kept[-1]:
        kept.pop()
    return ":".join(f"{number:x}" for number in kept) + "::"


def address_numbers(address: str) -> list[int] | None:
    """The four numbers of an IPv4 address, or the eight of an IPv6 one; None for what is no address.

    The module `ipaddress` costs an import.
    """
    try:
        if ":" not in address:
            return _in_range([int(number) for number in address.split(".")], 4, 0xFF)
        head, gap, tail = address.partition("::")
        groups = head.split(":") if head else []
        after = tail.split(":") if tail else []
        last = after if gap else groups
        if last and "." in last[-1]:  # an IPv4 address in the last 32 bits
            quad = address_numbers(last.pop())
            if quad is None:
                return None
            last += f"{quad[0] << 8 | quad[1]:x}", f"{quad[2] << 8 | quad[3]:x}"
        missing = 8 - len(groups) - len(after)
        if missing < 0 or (missing and not gap):
            return None
        return _in_range([int(group, 16) for group in (*groups, *["0"] * missing, *after)], 8, 0xFFFF)
    except ValueError:
        return None


def _in_range(numbers: list[int], count: int, most: int) -> list[int] | None:
    return numbers if len(numbers) == count and all(0 <= number <= most for number in numbers) else None


def _hash(key: bytes, size: int, *parts: str) -> bytes:
    """A keyed hash of the parts, `size` bytes long (RFC 7693)."""
    import hashlib  # here, for most sites hash nothing

    return hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), key=key, digest_size=size).digest()
