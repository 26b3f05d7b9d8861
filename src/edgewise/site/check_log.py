"""Checks what is recorded, where it goes, and what is masked in it: as strictly as the edge will when it starts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.check_log_groups import check_retention, check_subscription
from edgewise.site.check_secret import check_secret
from edgewise.site.model import Log, Privacy
from edgewise.site.problems import shown
from edgewise.site.raw import RawLog, RawPersistence

# The keys of each delivery alone, and what those that are texts look like.
_KEYS: dict[str, dict[str, tuple[re.Pattern[str], str]]] = {
    "stdout": {},
    "openobserve": {
        "url": (limits.LOG_URL, "https://HOST, without a user or a password"),
        "organization": (limits.OPENOBSERVE_NAME, "letters, digits, _, : and -"),
        "stream": (limits.OPENOBSERVE_NAME, "letters, digits, _, : and -"),
        "user": (limits.USER, "a text without control characters"),
    },
    "firehose": {"stream_name": (limits.STREAM_NAME, "letters, digits, _, . and -, at most 64")},
    "step-functions": {
        "state_machine_arn": (limits.STATE_MACHINE, "arn:aws:states:REGION:ACCOUNT:stateMachine:NAME"),
        "execution_per": (re.compile(".*"), ""),
    },
    "eventbridge": {"bus": (limits.BUS, "the name or the ARN of an event bus")},
}
_REQUIRED = ("stream_name", "state_machine_arn")


def check_log(context: Context, raw: RawLog) -> Log:
    """The log feature, its defaults filled in."""
    delivery = raw.delivery or "stdout"
    for other, keys in _KEYS.items():
        for key in (*keys, *(["token"] if other == "openobserve" else [])):
            if other != delivery and getattr(raw, key) is not None:
                context.problems.add(
                    f"log.{key}",
                    f"`{key}` is for the delivery `{other}`",
                    f"This one is `{delivery}`: remove `{key}`.",
                )
    target: dict[str, str | float] = {
        key: given
        for key in _KEYS[delivery]
        if (given := _check_target(context, raw, delivery, key)) is not None
    }
    if delivery == "stdout":
        _refuse_for_stdout(context, raw)
    else:
        target |= _check_waiting(context, raw)
    region = context.region("log.region", raw.region)
    return Log(
        delivery=delivery,
        target=target,
        token=check_secret(context, "log.token", raw.token, region),
        region=region,
        privacy=check_privacy(context, raw, region),
        sample=context.number("log.sample", raw.sample, 1.0, 0, 1),
        retention_days=check_retention(context, raw.retention_days),
        subscription=check_subscription(context, raw.subscription) if raw.subscription else None,
    )


def check_persistence(context: Context, raw: RawPersistence) -> str:
    """The name of the header that tells the origin when an environment began."""
    header = "X-Environment-Born" if raw.header is None else raw.header
    if not limits.OWN_HEADER.fullmatch(header):
        context.problems.add(
            "persistence.header",
            f"{shown(header)} is not a header that a function may add",
            "Expected a name of your own that begins with X-, such as X-Environment-Born.",
        )
    return header


def _check_target(context: Context, raw: RawLog, delivery: str, key: str) -> str | None:
    given: str | None = getattr(raw, key)
    pattern, expected = _KEYS[delivery][key]
    if given is None and key in _REQUIRED:
        context.problems.add(
            f"log.{key}", f"missing: the delivery `{delivery}` needs it", f"Expected {expected}."
        )
    elif given is not None and not pattern.fullmatch(given):
        what = "this" if key == "url" else shown(given)  # somebody may have written a password into it
        context.problems.add(f"log.{key}", f"{what} cannot be used", f"Expected {expected}.")
    return given


def _refuse_for_stdout(context: Context, raw: RawLog) -> None:
    for key in ("budget_ms", "wait"):
        if getattr(raw, key) is not None:
            context.problems.add(
                f"log.{key}",
                "nobody waits for the delivery `stdout`",
                f"Remove `{key}`, or name another delivery.",
            )


def _check_waiting(context: Context, raw: RawLog) -> dict[str, float]:
    waiting: dict[str, float] = {}
    if raw.budget_ms is not None:
        waiting["budget_ms"] = context.number("log.budget_ms", raw.budget_ms, 50, *limits.BUDGET_MS)
    if raw.wait is not None:
        waiting["wait"] = raw.wait
    return waiting


def check_privacy(context: Context, raw: RawLog, region: str, table: str = "log") -> Privacy:
    """What is masked, as `table` says it; a key that is not named by its ARN is in `region`."""
    address = raw.client_address or "keep"
    query = tuple(name for name in raw.query if name) if isinstance(raw.query, list) else raw.query or "keep"
    if raw.key is not None and address != "hash" and not raw.visitor:
        context.problems.add(
            f"{table}.key",
            "nothing is hashed with this key",
            'It goes with client_address = "hash" or visitor = true.',
        )
    return Privacy(
        client_address=address,
        query=query,
        headers=_check_headers(context, raw.headers or (), table),
        visitor=bool(raw.visitor),
        key=check_secret(context, f"{table}.key", raw.key, region),
    )


def _check_headers(context: Context, given: Sequence[str | None], table: str) -> tuple[str, ...]:
    if len(given) > limits.MAX_RECORDED_HEADERS:
        context.problems.add(
            f"{table}.headers",
            f"there are {len(given)} headers",
            f"Expected at most {limits.MAX_RECORDED_HEADERS}.",
        )
    for i, name in enumerate(given):
        if name is None:
            continue
        if not limits.RECORDED_HEADER.fullmatch(name):
            context.problems.add(
                f"{table}.headers[{i}]",
                f"{shown(name)} cannot be the name of a field",
                "Expected letters, digits and hyphens, at most 40.",
            )
        elif limits.UNRECORDED_HEADER.fullmatch(name):
            context.problems.add(
                f"{table}.headers[{i}]",
                f"{shown(name)} is never recorded",
                "By its name it holds a credential, or the visitor's address or page, which have keys of their own.",
            )
    return tuple(dict.fromkeys(name.lower() for name in given if name))
