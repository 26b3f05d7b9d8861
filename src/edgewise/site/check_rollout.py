"""Checks the rollout: its two origins, what is kept where, and for how long.

What it asks of the rest of the site is in `check_steered.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.check_judge import check_judge
from edgewise.site.check_secret import check_secret
from edgewise.site.model import Log, Rollout, Sessions
from edgewise.site.model_origins import BucketOrigin, ImageOrigin, Origin
from edgewise.site.problems import shown
from edgewise.site.raw import RawRollout, RawSessions
from edgewise.site.regions import POSITIONS
from edgewise.site.secret import Secret

# What the runtime writes into requests itself.
_OWN_HEADERS = ("x-edgewise-decision", "x-edgewise-asked")


def check_rollout(
    context: Context, raw: RawRollout, name: str, origins: Mapping[str, Origin], log: Log | None
) -> Rollout:
    """The rollout of the site called `name`, its defaults filled in."""
    _check_versions(context, raw, origins)
    header = raw.header if raw.header is not None else "X-App-Version"
    if not limits.OWN_HEADER.fullmatch(header) or header.lower() in _OWN_HEADERS:
        context.problems.add(
            "rollout.header",
            f"{shown(header)} is not a header that a function may add",
            "Expected a name of your own that begins with X-, such as X-App-Version.",
        )
    return Rollout(
        stable=raw.stable or "",
        new=raw.new or "",
        header=header,
        cookie=_check_cookie(context, "rollout.cookie", raw.cookie, "edgewise-release"),
        session_minutes=context.number(
            "rollout.session_minutes", raw.session_minutes, 1440, *limits.SESSION_MINUTES
        ),
        ttl_seconds=context.number("rollout.ttl_seconds", raw.ttl_seconds, 15, *limits.TTL_SECONDS),
        state=raw.state or "dynamodb",
        table=f"{name}-release",
        parameter=f"/{name}/release",
        key=check_secret(context, "rollout.key", raw.key, limits.HOME_REGION) or Secret("", ""),
        exclude_paths=_check_paths(context, raw.exclude_paths or ()),
        regions=_check_regions(context, raw.regions),
        sessions=_check_sessions(context, raw, name) if raw.sessions else None,
        judge=check_judge(context, raw.judge, log) if raw.judge else None,
    )


def _check_versions(context: Context, raw: RawRollout, origins: Mapping[str, Origin]) -> None:
    for key, given in (("stable", raw.stable), ("new", raw.new)):
        if given is None:
            continue
        if given not in origins:
            context.problems.add_unknown(f"rollout.{key}", "origin", given, origins)
        elif isinstance(origins[given], BucketOrigin):
            context.problems.add(
                f"rollout.{key}",
                f"{shown(given)} is a bucket, and a version is served by a custom origin",
                "Requests to a bucket are signed for the one that the behavior names: none can be sent elsewhere.",
            )
        elif isinstance(origins[given], ImageOrigin):
            context.problems.add(
                f"rollout.{key}",
                f"{shown(given)} is a function from an image, whose host name AWS makes at deployment",
                "Functions at the edge know a version by its host name: name custom origins, with a `domain`.",
            )
    if raw.stable is not None and raw.stable == raw.new:
        context.problems.add(
            "rollout.new", "this is the stable version", "Name the origin that serves the new version."
        )


def _check_cookie(context: Context, key: str, given: str | None, default: str) -> str:
    cookie = default if given is None else given
    if not limits.COOKIE_NAME.fullmatch(cookie):
        context.problems.add(
            key,
            f"{shown(cookie)} cannot be the name of a cookie",
            "Expected letters, digits and hyphens, at most 64, without the prefixes __Host- and __Secure-.",
        )
    return cookie


def _check_paths(context: Context, given: Sequence[str | None]) -> tuple[str, ...]:
    if len(given) > limits.MAX_EXCLUDED_PATHS:
        context.problems.add(
            "rollout.exclude_paths",
            f"there are {len(given)} paths",
            f"Expected at most {limits.MAX_EXCLUDED_PATHS}.",
        )
    for i, path in enumerate(given):
        if path is not None and (not path.startswith("/") or "*" in path or "?" in path):
            context.problems.add(
                f"rollout.exclude_paths[{i}]",
                f"{shown(path)} is not a path",
                "Expected a whole path that begins with /, such as /health; it is no pattern.",
            )
    return tuple(dict.fromkeys(path for path in given if path))


def _check_regions(context: Context, given: Sequence[str | None] | None) -> tuple[str, ...]:
    if given is None:
        return (limits.HOME_REGION,)
    for i, region in enumerate(given):
        if region is not None and region not in POSITIONS:
            context.problems.add_unknown(f"rollout.regions[{i}]", "region", region, POSITIONS)
    if limits.HOME_REGION not in given:
        context.problems.add(
            "rollout.regions",
            f"{limits.HOME_REGION} is not among them",
            "The command line writes there, and functions that find no nearer replica read there.",
        )
    return tuple(dict.fromkeys((limits.HOME_REGION, *(region for region in given if region))))


def _check_sessions(context: Context, raw: RawRollout, name: str) -> Sessions:
    sessions = raw.sessions or RawSessions()
    cookie = _check_cookie(context, "rollout.sessions.cookie", sessions.cookie, "session")
    if cookie == (raw.cookie or "edgewise-release"):
        context.problems.add(
            "rollout.sessions.cookie",
            "this is the rollout's own cookie",
            "Expected the name of the cookie that the app sets for its sessions.",
        )
    deadline = context.number("rollout.sessions.deadline_ms", sessions.deadline_ms, 50, *limits.DEADLINE_MS)
    return Sessions(f"{name}-sessions", cookie, deadline)
