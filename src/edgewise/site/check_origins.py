"""Checks origins: a custom origin has a host name and a way to reach it here, a bucket has a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.model import BucketOrigin, CustomOrigin, LocalCommand, LocalUrl, Origin
from edgewise.site.problems import joined, shown
from edgewise.site.raw import RawLocal, RawOrigin


def check_origins(context: Context, raw: Mapping[str, RawOrigin | None] | None) -> dict[str, Origin]:
    """The origins by name, in the file's order."""
    if raw is not None and not 0 < len(raw) <= limits.MAX_ORIGINS:
        context.problems.add(
            "origins", f"there are {len(raw)} origins", f"A distribution has 1 to {limits.MAX_ORIGINS}."
        )
    return {name: _check_origin(context, name, origin or RawOrigin()) for name, origin in (raw or {}).items()}


def _check_origin(context: Context, name: str, raw: RawOrigin) -> Origin:
    key = joined("origins", name)
    context.name(key, name)
    if raw.folder is not None:
        return _check_bucket(context, name, key, raw)
    return _check_custom(context, name, key, raw)


def _check_bucket(context: Context, name: str, key: str, raw: RawOrigin) -> BucketOrigin:
    for other in ("domain", "protocol", "local"):
        if getattr(raw, other) is not None:
            context.problems.add(
                f"{key}.{other}",
                f"`{other}` is for custom origins, and `folder` makes this one a bucket",
                f"Remove `{other}` or `folder`.",
            )
    return BucketOrigin(name, context.folder(f"{key}.folder", raw.folder))


def _check_custom(context: Context, name: str, key: str, raw: RawOrigin) -> CustomOrigin:
    if raw.domain is None:
        context.problems.add(
            key,
            "an origin needs `domain` (a custom origin) or `folder` (a bucket)",
            'For example: domain = "app.example.com"',
        )
    elif not limits.DOMAIN.fullmatch(raw.domain):
        context.problems.add(
            f"{key}.domain",
            f"{shown(raw.domain)} is not a host name",
            "Expected a DNS name alone, such as app.example.com: no scheme, port or path, and no address.",
        )
    local = _check_local(context, f"{key}.local", raw.local) if raw.local else None
    return CustomOrigin(name, raw.domain or "", raw.protocol or "https-only", local)


def _check_local(context: Context, key: str, raw: RawLocal) -> LocalCommand | LocalUrl | None:
    if (raw.command is None) == (raw.url is None):
        context.problems.add(
            key, "expected either `command` or `url`", "A command is started; what has a url runs already."
        )
        return None
    if raw.command is not None:
        directory = context.folder(f"{key}.directory", "." if raw.directory is None else raw.directory)
        return LocalCommand(_check_command(context, f"{key}.command", raw.command), directory)
    if raw.directory is not None:
        context.problems.add(
            f"{key}.directory", "`directory` goes with `command`", "Remove it, or give a command."
        )
    return LocalUrl(_check_url(context, f"{key}.url", raw.url or ""))


def _check_command(context: Context, key: str, given: Sequence[str | None]) -> tuple[str, ...]:
    words = tuple(word for word in given if word is not None)
    if not words or not words[0] or any("\0" in word for word in words):
        context.problems.add(
            key, "this cannot be started", "Expected a program and its arguments, each a text of its own."
        )
    elif not any("{port}" in word for word in words):
        context.problems.add(
            key,
            "the command is not told its port",
            "Expected {port} where the port belongs: `edgewise up` chooses a free one.",
        )
    return words


def _check_url(context: Context, key: str, given: str) -> str:
    if not re.fullmatch(r"https?://[^/?#@\s]+/?", given) or not _is_reachable(given):
        context.problems.add(
            key, f"{shown(given)} is not an origin's address", "Expected http://HOST:PORT alone."
        )
    return given.removesuffix("/")


def _is_reachable(url: str) -> bool:
    """Whether a URL names a host, and a port that exists."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
