"""Checks origins: a custom origin has a host name and a way to reach it here, a bucket a folder, an image too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.check_image import IMAGE_KEYS, check_function_name, check_handler, check_image
from edgewise.site.check_variables import check_environment
from edgewise.site.model_origins import (
    BucketOrigin,
    CustomOrigin,
    ImageOrigin,
    Local,
    LocalCommand,
    LocalUrl,
    Origin,
)
from edgewise.site.problems import joined, shown
from edgewise.site.raw_origins import RawLocal, RawOrigin


def check_origins(
    context: Context, raw: Mapping[str, RawOrigin | None] | None, site: str
) -> dict[str, Origin]:
    """The origins by name, in the file's order; `site` is the site's name."""
    if raw is not None and not 0 < len(raw) <= limits.MAX_ORIGINS:
        context.problems.add(
            "origins", f"there are {len(raw)} origins", f"A distribution has 1 to {limits.MAX_ORIGINS}."
        )
    origins = {
        name: _check_origin(context, name, origin or RawOrigin()) for name, origin in (raw or {}).items()
    }
    for origin in origins.values():
        if isinstance(origin, ImageOrigin):
            check_function_name(context, site, origin.name)
    return origins


def _check_origin(context: Context, name: str, raw: RawOrigin) -> Origin:
    key = joined("origins", name)
    context.name(key, name)
    if raw.folder is not None:
        others = ("domain", "protocol", "local", "image", *IMAGE_KEYS)
        _refuse(context, key, raw, others, "`folder`, which makes this origin a bucket")
        return BucketOrigin(name, context.folder(f"{key}.folder", raw.folder))
    if raw.image is not None:
        _refuse(context, key, raw, ("domain", "protocol"), "`image`, which makes this origin a function")
        folder = context.folder(f"{key}.image", raw.image)
        return check_image(context, name, raw, folder, _check_image_local(context, key, raw, folder))
    return _check_custom(context, name, key, raw)


def _refuse(context: Context, key: str, raw: RawOrigin, others: Sequence[str], what: str) -> None:
    """One problem for all keys that do not go with what the origin is: they are one mistake."""
    given = [other for other in others if getattr(raw, other) is not None]
    if given:
        names = ", ".join(f"`{other}`" for other in given)
        context.problems.add(
            f"{key}.{given[0]}",
            f"{names} {'does' if len(given) == 1 else 'do'} not go with {what}",
            "Remove the one or the other.",
        )


def _check_image_local(context: Context, key: str, raw: RawOrigin, folder: Path) -> Local | None:
    if raw.local is None:
        return None
    if raw.local.handler is not None:
        context.problems.add(
            f"{key}.local.handler",
            "an image's app is a server, which the adapter in the image calls",
            "Say its `command`.",
        )
        return None
    return _check_local(context, f"{key}.local", raw.local, folder, limits.RESERVED_VARIABLES)


def _check_custom(context: Context, name: str, key: str, raw: RawOrigin) -> CustomOrigin:
    if raw.domain is None:
        # A key that is misspelt or of a wrong shape may be the one that is missing.
        if not context.problems.has_below(key):
            context.problems.add(
                key,
                "an origin needs `domain` (a custom origin), `folder` (a bucket) or `image` (a function)",
                'For example: domain = "app.example.com"',
            )
        return CustomOrigin(name, "", "https-only", None)
    _refuse(context, key, raw, IMAGE_KEYS, "`domain`: they are for a function from an `image`")
    if not limits.DOMAIN.fullmatch(raw.domain):
        context.problems.add(
            f"{key}.domain",
            f"{shown(raw.domain)} is not a host name",
            "Expected a DNS name alone, such as app.example.com: no scheme, port or path, and no address.",
        )
    local = _check_local(context, f"{key}.local", raw.local, context.directory) if raw.local else None
    return CustomOrigin(name, raw.domain, raw.protocol or "https-only", local)


def _check_local(
    context: Context, key: str, raw: RawLocal, folder: Path, reserved: frozenset[str] = frozenset()
) -> Local | None:
    """`folder` is where a command runs that is given no directory; it cannot set the `reserved` variables."""
    if [raw.command, raw.url, raw.handler].count(None) != 2:
        context.problems.add(
            key,
            "expected one of `command`, `url` and `handler`",
            "A command is started; what has a url runs already; a handler is run as Lambda does.",
        )
        return None
    if raw.handler is not None:
        return check_handler(context, key, raw)
    if raw.event is not None:
        context.problems.add(f"{key}.event", "`event` goes with `handler`", "Remove it, or give a handler.")
    if raw.command is not None:
        given = raw.directory is not None
        directory = context.folder(f"{key}.directory", raw.directory) if given else folder
        words = _check_command(context, f"{key}.command", raw.command)
        variables = check_environment(context, f"{key}.environment", raw.environment, reserved | {"PORT"})
        return LocalCommand(words, directory, variables)
    for name in ("directory", "environment"):
        if getattr(raw, name) is not None:
            context.problems.add(
                f"{key}.{name}", f"`{name}` goes with `command` or `handler`", "Remove it, or give one."
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
