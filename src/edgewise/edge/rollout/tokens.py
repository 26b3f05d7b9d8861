"""Signed texts: the cookie that keeps a visitor on a version, and the link that lets a tester choose one.

    cookie of a session   1.RELEASE.VERSION.s.ISSUED.RENEWED.SIGNATURE
    cookie of a tester    1.-.VERSION.t.ISSUED.EXPIRES.SIGNATURE
    link                  1.VERSION.EXPIRES.SIGNATURE    in the query parameter `edgewise-version`

Times are seconds since 1970, in base 36 and lower case. The signature is keyed BLAKE2b (RFC 7693) of 16 bytes, in hex,
over `session ` or `link ` and what stands before the last dot. Its key is BLAKE2b of 32 bytes of the site's secret
(UTF-8, at least 16 characters), personalised with `edgewise rollout`. HMAC-SHA256 would take three times as long.
"""

from __future__ import annotations

from hashlib import blake2b
from hmac import compare_digest

from edgewise.edge.errors import SettingsError
from edgewise.edge.privacy import SHORTEST_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

PARAMETER = "edgewise-version"
MOST_COOKIE_CHARACTERS = 512
_FORMAT = "1"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MOST_DIGITS = 8  # the year 89,000
_SESSION, _TESTER = "s", "t"
NO_RELEASE = "-"  # of a tester, who has a version whatever is being released, and of a session without one


class Signer:
    """The site's keys: the first one signs, and what any of them has signed is taken while they are rotated."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """SettingsError if a secret is too short."""
        if min(map(len, secrets)) < SHORTEST_KEY:
            raise SettingsError(f"the key of the rollout has fewer than {SHORTEST_KEY} characters")
        self._keys = [
            blake2b(secret.encode("utf-8", "replace"), digest_size=32, person=b"edgewise rollout").digest()
            for secret in secrets
        ]

    def sign(self, purpose: str, text: str) -> str:
        return f"{text}.{_signature(self._keys[0], purpose, text)}"

    def verify(self, purpose: str, signed: str) -> bool:
        """Whether `signed` is what `sign` has made; it is ASCII."""
        text, _, signature = signed.rpartition(".")
        return any(compare_digest(_signature(key, purpose, text), signature) for key in self._keys)

    def share(self, *parts: str) -> float:
        """A number from 0 to 100, without 100 itself, the same for the same parts and evenly spread over others."""
        text = "\0".join(("share", *parts)).encode("utf-8", "replace")
        digest = blake2b(text, key=self._keys[0], digest_size=6).digest()
        return int.from_bytes(digest, "big") * 100 / (1 << 48)


def _signature(key: bytes, purpose: str, text: str) -> str:
    return blake2b(f"{purpose} {text}".encode("ascii"), key=key, digest_size=16).hexdigest()


class Claim:
    """What a cookie says: `version` since `issued`, at most until `expires` (seconds). `release` is empty for a tester.

    `renewed` is when it was set last. If it is not `verified`, there was no key and anybody may have written it.
    """

    __slots__ = ("expires", "issued", "release", "renewed", "verified", "version")

    def __init__(
        self, release: str, version: str, issued: int, renewed: int, expires: int, *, verified: bool
    ) -> None:
        self.release = release
        self.version = version
        self.issued = issued
        self.renewed = renewed
        self.expires = expires
        self.verified = verified

    @property
    def is_tester(self) -> bool:
        """Whether a link has brought him here."""
        return not self.release and self.verified


def read_cookie(value: str, signer: Signer | None, session_s: int) -> Claim | None:
    """The claim in a cookie; None for whatever we have not made. Without a key nobody can tell that of a good forgery.

    A session lasts for `session_s` seconds after it was renewed.
    """
    parts = value.split(".")
    if len(value) > MOST_COOKIE_CHARACTERS or len(parts) != 7 or not value.isascii():
        return None
    form, release, version, kind, issued, last, _ = parts
    if form != _FORMAT or (signer is not None and not signer.verify("session", value)):
        return None
    start, end = _seconds(issued), _seconds(last)
    if start is None or end is None or kind not in (_SESSION, _TESTER):
        return None
    verified = signer is not None
    if kind == _TESTER:
        return Claim("", version, start, start, end, verified=verified)
    return Claim(release, version, start, end, end + session_s, verified=verified)


def make_session_cookie(signer: Signer, release: str, version: str, issued: int, now: int) -> str:
    """The cookie of a session that began at `issued`, set anew at `now`."""
    text = ".".join((_FORMAT, release, version, _SESSION, _base36(issued), _base36(now)))
    return signer.sign("session", text)


def make_tester_cookie(signer: Signer, version: str, now: int, expires: int) -> str:
    text = ".".join((_FORMAT, NO_RELEASE, version, _TESTER, _base36(now), _base36(expires)))
    return signer.sign("session", text)


def read_link(token: str, signer: Signer) -> tuple[str, int] | None:
    """The version that a link is for, and when it expires; None for one that we have not made."""
    parts = token.split(".")
    if len(parts) != 4 or parts[0] != _FORMAT or not token.isascii() or not signer.verify("link", token):
        return None
    expires = _seconds(parts[2])
    return None if expires is None else (parts[1], expires)


def _seconds(text: str) -> int | None:
    return int(text, 36) if text.isalnum() and len(text) <= _MOST_DIGITS else None


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
