"""Tokens that may do one thing only: take records in, or read. `tokens.json` keeps their names and digests.

The token itself is shown once, when it is made. A running server notices a change of the file by itself.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import orjson

from edgewise.store.disk import Disk
from edgewise.store.errors import TokenError
from edgewise.store.home import Home

Right = Literal["ingest", "read"]
# The first is OpenObserve's own for tokens that only take records in.
PREFIXES: Final[dict[Right, str]] = {"ingest": "o2oi_", "read": "o2or_"}
_LETTERS: Final = string.ascii_letters + string.digits
_LENGTH: Final = 32
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of one token. `created`: ISO 8601, UTC. `digest`: SHA-256 of the token, in hex."""

    name: str
    right: Right
    created: str
    enabled: bool
    digest: str


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def create(home: Home, name: str, right: Right) -> str:
    """Make a token and return it: nothing can show it again. Raises `TokenError` when the name is taken or odd."""
    if not _NAME.match(name):
        raise TokenError(
            f"{name!r} cannot be a token's name",
            hint="Letters, digits, '.', '_' and '-', at most 64, beginning with a letter or digit.",
        )
    secret = PREFIXES[right] + "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    with _changing(home):
        known = read(home)
        if any(token.name == name for token in known):
            raise TokenError(
                f"there is a token {name!r} already",
                hint="Names are used once, also those of disabled tokens.",
            )
        created = datetime.now(UTC).isoformat(timespec="seconds")
        _write(home, [*known, Token(name, right, created, True, digest_of(secret))])
    return secret


def disable(home: Home, name: str) -> None:
    """From now on the token opens nothing. Raises `TokenError` when there is none of this name."""
    with _changing(home):
        known = read(home)
        if all(token.name != name for token in known):
            raise TokenError(f"there is no token {name!r}", hint="`edgewise store token list` names them.")
        _write(home, [replace(one, enabled=one.enabled and one.name != name) for one in known])


def read(home: Home) -> list[Token]:
    """All tokens in the order of their making. Raises `TokenError` for a file that cannot be read."""
    try:
        content = orjson.loads(home.tokens.read_bytes())
        return [_token(one) for one in content]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TokenError(
            f"the store's tokens cannot be read: {error}",
            file=home.tokens,
            hint="Remove the file and make the tokens anew.",
        ) from None


def _token(value: dict[str, object]) -> Token:
    right: Right = "ingest" if value["right"] == "ingest" else "read"
    name, created, digest = (str(value[key]) for key in ("name", "created", "digest"))
    return Token(name, right, created, value["enabled"] is True, digest)


def _write(home: Home, tokens: list[Token]) -> None:
    content = orjson.dumps([asdict(one) for one in tokens], option=orjson.OPT_INDENT_2)
    Disk().replace_bytes(home.tokens, content + b"\n")


@contextmanager
def _changing(home: Home) -> Iterator[None]:
    """One process at a time changes the file."""
    descriptor = os.open(home.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Tokens:
    """The tokens as a server needs them: read again when the file has changed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._seen: tuple[int, ...] | None = None
        self._rights: dict[str, Right] = {}

    def right(self, secret: str) -> Right | None:
        """What this token may do; nothing when it is none, or disabled. Raises `TokenError`."""
        seen = _identity(self._home.tokens)
        if seen != self._seen:
            self._rights = {one.digest: one.right for one in read(self._home) if one.enabled}
            self._seen = seen
        return self._rights.get(digest_of(secret))


def _identity(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size
