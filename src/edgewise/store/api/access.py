"""Who may do what: the store's own user may do all, a token one thing. Headers in, yes or no out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from edgewise.store.home import Credentials
from edgewise.store.tokens import PREFIXES, Right, Tokens

FIREHOSE_KEY: Final = "x-amz-firehose-access-key"
_READER: Final = "reader"
# A page of another site may make the browser send what it knows for this address; it says so in this header.
_FOREIGN: Final = frozenset({"cross-site", "same-site"})


class Access:
    """The store's credentials and tokens. Without `tokens` there are none."""

    def __init__(self, credentials: Credentials, tokens: Tokens | None = None) -> None:
        self._owner = f"{credentials.user}:{credentials.password}".encode()
        self._owner_header = b"basic " + base64.b64encode(self._owner)
        self._reading_key = reading_key(credentials)
        self._tokens = tokens

    def allows(self, headers: Mapping[str, str], right: Right) -> bool:
        """May whoever sent these headers do this? Raises `TokenError`."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = f"{scheme.lower()} {token.strip()}".encode("utf-8", "replace")
        if hmac.compare_digest(given, self._owner_header):
            return True
        key = token.strip() if scheme.lower() == "basic" else headers.get(FIREHOSE_KEY, "")
        return self._pair_allows(key, right)

    def _pair_allows(self, encoded: str, right: Right) -> bool:
        """`encoded`: the base64 of `user:secret`. The user of a token does not matter, as in OpenObserve."""
        try:
            pair = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return False
        if hmac.compare_digest(pair, self._owner):
            return True
        secret = pair.partition(b":")[2].decode("utf-8", "replace")
        if hmac.compare_digest(secret.encode(), self._reading_key.encode()):
            return right == "read"
        return self._tokens is not None and self._tokens.right(secret) == right


def is_foreign(method: str, headers: Mapping[str, str]) -> bool:
    """Did another site's page make the browser ask this, other than by leading its user here?"""
    if headers.get("sec-fetch-site") not in _FOREIGN:
        return False
    return not (
        method == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def reading_key(credentials: Credentials) -> str:
    """A token for reading that follows from the password: whoever may do all can always hand on less."""
    digest = hmac.digest(credentials.password.encode(), b"reading", hashlib.sha256)
    return PREFIXES["read"] + digest.hex()[:32]


def reading_link(url: str, credentials: Credentials) -> str:
    """The address that opens the store's pages in a browser without asking for a password, for reading only."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{_READER}:{quote(reading_key(credentials))}@{parts.netloc}/enter"
