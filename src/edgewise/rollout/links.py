"""Links for testers: a signed text in a URL's query, by which a browser gets the version that it names.

The functions at the edge verify it, and its form is theirs: `1.VERSION.EXPIRES.SIGNATURE` with the seconds since 1970
in base 36, signed with keyed BLAKE2b (RFC 7693) of 16 bytes. Its key is BLAKE2b of the site's secret, personalised.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final
from urllib.parse import quote, urlsplit

from edgewise.rollout.errors import RolloutError
from edgewise.rollout.secrets import current

PARAMETER: Final = "edgewise-version"
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_SHORTEST_KEY: Final = 16  # characters
_VERSION: Final = re.compile(r"[\w-]+\Z", re.ASCII)


def make_token(secret: str, version: str, expires: int) -> str:
    """The signed text; `expires` is in seconds since 1970. Raises `RolloutError` for a key that is too short.

    Of a secret `{"current": …, "next": …}` the current one signs.
    """
    key = current(secret)
    if len(key) < _SHORTEST_KEY:
        raise RolloutError(f"the key of the rollout has fewer than {_SHORTEST_KEY} characters")
    if not _VERSION.match(version):
        raise RolloutError(f"{version!r} is no version's name")
    derived = blake2b(key.encode("utf-8", "replace"), digest_size=32, person=b"edgewise rollout").digest()
    text = f"1.{version}.{_base36(expires)}"
    return f"{text}.{blake2b(f'link {text}'.encode(), key=derived, digest_size=16).hexdigest()}"


def with_token(url: str, token: str) -> str:
    """The address with the token in its query."""
    parts = urlsplit(url)
    query = f"{parts.query}&" if parts.query else ""
    return parts._replace(query=f"{query}{PARAMETER}={quote(token)}", path=parts.path or "/").geturl()


def _base36(number: int) -> str:
    text = ""
    while number or not text:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text
