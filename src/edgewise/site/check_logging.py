"""Checks CloudFront's own logs: the real-time one and the standard one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edgewise.realtime import FIELDS, STANDARD_FIELDS, TELLING, in_order
from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.check_log import check_privacy
from edgewise.site.check_secret import check_secret
from edgewise.site.model import Privacy, Site
from edgewise.site.model_logging import RealTimeLog, StandardLog
from edgewise.site.problems import shown
from edgewise.site.raw import RawLog
from edgewise.site.raw_logging import RawRealTimeLog, RawStandardLog
from edgewise.site.secret import Secret, region_of

# What fills a column of the stream `access`. The addresses are left out where nothing is made of them.
_STORED = in_order(
    (
        *("timestamp", "c-ip", "time-to-first-byte", "sc-status", "sc-bytes", "cs-method", "cs-protocol"),
        *("cs-host", "cs-uri-stem", "cs-bytes", "x-edge-location", "x-edge-request-id", "time-taken"),
        *("cs-user-agent", "cs-referer", "cs-uri-query", "x-edge-result-type", "sc-content-type"),
        *("c-country", "cache-behavior-path-pattern", "primary-distribution-id"),
    )
)
_VISITOR = ("c-ip", "primary-distribution-id")
_STORED_STANDARD = (
    *("date", "time", "timestamp(ms)", "x-edge-location", "x-edge-request-id", "c-ip", "cs-method"),
    *("cs-protocol", "x-host-header", "cs-uri-stem", "cs-uri-query", "sc-status", "sc-bytes"),
    *("cs-bytes", "time-taken", "time-to-first-byte", "cs(User-Agent)", "cs(Referer)"),
    *("x-edge-result-type", "sc-content-type", "c-country", "cache-behavior-path-pattern"),
)
_PRIVACY = ("client_address", "query", "headers", "visitor", "key")
_FORMATS = {
    "s3": ("json", "plain", "w3c", "parquet"),
    "cloudwatch": ("json", "plain"),
    "firehose": ("json", "plain", "raw"),
}
_NAMED_FIELDS = ("json", "parquet")


def check_real_time_log(context: Context, raw: RawRealTimeLog, log: RawLog | None, site: Site) -> RealTimeLog:
    """The real-time log; `log` is the table whose settings it takes where it has none of its own."""
    problems = context.problems
    region = (site.log.region if site.log else None) or limits.HOME_REGION
    privacy = _check_privacy(context, raw, log, site)
    url = raw.url or (log.url if log else None)
    if url is None or not limits.FIREHOSE_URL.fullmatch(url):
        problems.add(
            "real_time_log.url",
            "missing: Firehose delivers to it" if url is None else "this cannot be used",
            "Expected https://HOST, on port 443: Firehose takes no other.",
        )
    for key, name in (("organization", raw.organization), ("stream", raw.stream)):
        if name is not None and not limits.OPENOBSERVE_NAME.fullmatch(name):
            problems.add(
                f"real_time_log.{key}",
                f"{shown(name)} cannot be used",
                "Expected letters, digits, _, : and -.",
            )
    organization = raw.organization or (log.organization if log else None)
    return RealTimeLog(
        name=site.name,
        access_key=_check_access_key(context, raw),
        url=url or "",
        organization=organization or "default",
        stream=raw.stream or "access",
        behaviors=_check_behaviors(context, raw.behaviors, site),
        percent=context.whole("real_time_log.percent", raw.percent, 100, limits.PERCENT),
        fields=_check_fields(context, raw.fields, privacy),
        buffer_seconds=context.whole(
            "real_time_log.buffer_seconds", raw.buffer_seconds, 30, limits.REAL_TIME_BUFFER_SECONDS
        ),
        retention_hours=context.whole(
            "real_time_log.retention_hours", raw.retention_hours, 24, limits.RETENTION_HOURS
        ),
        failed_days=context.whole("real_time_log.failed_days", raw.failed_days, 30, limits.FILE_DAYS),
        privacy=privacy,
        region=region,
    )


def check_standard_log(context: Context, raw: RawStandardLog, site: Site) -> StandardLog:
    """The standard log, its defaults filled in."""
    to, format = raw.to or "s3", raw.format or "json"
    if format not in _FORMATS[to]:
        context.problems.add(
            "standard_log.format",
            f"`{to}` takes no `{format}`",
            f"Expected one of: {', '.join(_FORMATS[to])}.",
        )
    _refuse_others(context, raw, to)
    if raw.delimiter is not None and (
        format in _NAMED_FIELDS or not limits.DELIMITER.fullmatch(raw.delimiter)
    ):
        context.problems.add(
            "standard_log.delimiter",
            f"{shown(raw.delimiter)} cannot stand between fields of `{format}`",
            "Expected 1 to 5 characters, for plain, w3c and raw.",
        )
    return StandardLog(
        name=site.name,
        to=to,
        format=format,
        fields=_check_standard_fields(context, raw.fields, site.log.privacy if site.log else Privacy()),
        delimiter="" if format in _NAMED_FIELDS else raw.delimiter or "\t",
        path=_check_path(context, raw.path),
        hive=raw.hive is not False,
        days=_check_days(context, raw.days, to),
        stream_arn=_check_stream(context, raw.stream_arn, to),
    )


def _check_privacy(context: Context, raw: RawRealTimeLog, log: RawLog | None, site: Site) -> Privacy:
    """That of `[log]`, with what this table says instead."""
    inherited = site.log.privacy if site.log else Privacy()
    given = {name: getattr(raw, name) for name in _PRIVACY if getattr(raw, name) is not None}
    if not given:
        return inherited
    merged = replace(log or RawLog(), **given)
    if raw.key is None and merged.client_address != "hash" and not merged.visitor:
        merged = replace(merged, key=None)  # it is for the hashes of the log
    region = site.log.region if site.log else limits.HOME_REGION
    return check_privacy(context, merged, region, "real_time_log")


def _check_access_key(context: Context, raw: RawRealTimeLog) -> Secret:
    key = "real_time_log.access_key"
    secret = check_secret(context, key, raw.access_key, limits.HOME_REGION)
    if secret is None:
        return Secret("", "")
    if secret.source != "secrets-manager" or not secret.name.startswith("arn:"):
        context.problems.add(
            key,
            "Firehose reads it from Secrets Manager, by its ARN",
            'Expected { from = "secrets-manager", name = "arn:aws:secretsmanager:us-east-1:…" }.',
        )
    elif region_of(secret.name, "") != limits.HOME_REGION:
        context.problems.add(
            key, f"it is in {region_of(secret.name, '')}", f"Firehose reads it in {limits.HOME_REGION}."
        )
    return secret


def _check_behaviors(context: Context, given: list[str] | None, site: Site) -> tuple[str, ...]:
    known = {one.path.removeprefix("/"): one.path for one in site.all_behaviors}
    if given is None:
        return tuple(known.values())
    for i, path in enumerate(given):
        if path is not None and path.removeprefix("/") not in known:
            context.problems.add_unknown(f"real_time_log.behaviors[{i}]", "behavior", path, known.values())
    chosen = tuple(dict.fromkeys(known.get(path.removeprefix("/"), "") for path in given if path is not None))
    if not chosen:
        context.problems.add(
            "real_time_log.behaviors", "no behavior is logged", "Name one, or remove the key."
        )
    return chosen


def _check_fields(context: Context, given: list[str] | None, privacy: Privacy) -> tuple[str, ...]:
    """The fields in CloudFront's order, with what the record needs."""
    headers = ("cs-headers",) if privacy.headers else ()
    if given is None:
        address = privacy.client_address != "drop" or privacy.visitor
        return in_order([*(one for one in _STORED if address or one != "c-ip"), *headers])
    for i, name in enumerate(given):
        key = f"real_time_log.fields[{i}]"
        if name is None:
            continue
        if name not in FIELDS:
            context.problems.add_unknown(key, "field", name, FIELDS)
        elif name == "cs-cookie":
            context.problems.add(key, "cookies are never recorded", "They hold what a visitor signs in with.")
        elif name == "cs-headers":
            context.problems.add(key, "all headers are too many", "Name those to record in `headers`.")
    _check_list(context, "real_time_log.fields", given, limits.MAX_REAL_TIME_FIELDS - len(headers))
    # Two have the time and the id of a record besides.
    needed = dict.fromkeys(TELLING, "Lines of another list are told from this one's by it.")
    if privacy.visitor:
        needed |= dict.fromkeys(_VISITOR, "Visitors are told apart by it.")
    for name, why in needed.items():
        if name not in given:
            context.problems.add("real_time_log.fields", f"without {name}", why)
    return in_order([*filter(None, given), *headers])


def _check_standard_fields(context: Context, given: list[str] | None, privacy: Privacy) -> tuple[str, ...]:
    if given is None:
        # CloudFront writes these as they are: what is masked elsewhere can only be left out.
        masked = {"c-ip"} if privacy.client_address != "keep" else set()
        masked |= {"cs-uri-query", "cs(Referer)"} if privacy.query != "keep" else set()
        return tuple(one for one in _STORED_STANDARD if one not in masked)
    for i, name in enumerate(given):
        if name is not None and name not in STANDARD_FIELDS:
            context.problems.add_unknown(f"standard_log.fields[{i}]", "field", name, STANDARD_FIELDS)
    _check_list(context, "standard_log.fields", given, len(STANDARD_FIELDS))
    if not {"timestamp(ms)"} & {*given} and not {"date", "time"} <= {*given}:
        context.problems.add(
            "standard_log.fields", "without a time", "A record needs timestamp(ms), or date and time."
        )
    return tuple(filter(None, given))


def _check_list(context: Context, key: str, given: Sequence[str | None], most: int) -> None:
    twice = sorted({one for one in given if one is not None and given.count(one) > 1})
    if twice:
        context.problems.add(key, f"{shown(twice[0])} is there twice", "Once is enough.")
    if len(given) > most:
        context.problems.add(key, f"there are {len(given)} fields", f"Expected at most {most}.")


def _refuse_others(context: Context, raw: RawStandardLog, to: str) -> None:
    for key, places in (
        ("path", ("s3",)),
        ("hive", ("s3",)),
        ("days", ("s3", "cloudwatch")),
        ("stream_arn", ("firehose",)),
    ):
        if getattr(raw, key) is not None and to not in places:
            context.problems.add(
                f"standard_log.{key}",
                f"`{key}` is for {' and '.join(places)}",
                f"This one is `{to}`: remove it.",
            )


def _check_path(context: Context, given: str | None) -> str:
    path = "{yyyy}/{MM}/{dd}" if given is None else given
    if not path or len(path) > 256 or not limits.LOG_PATH.fullmatch(path):
        context.problems.add(
            "standard_log.path",
            f"{shown(path)} cannot be folders of the log",
            "For example: {DistributionId}/{yyyy}/{MM}/{dd}/{HH}.",
        )
    return path


def _check_days(context: Context, given: float | None, to: str) -> int:
    days = context.whole("standard_log.days", given, 90, limits.FILE_DAYS)
    if to == "cloudwatch" and days not in limits.LOG_DAYS:
        context.problems.add(
            "standard_log.days",
            f"a log group cannot keep its lines for {days} days",
            f"Expected one of: {', '.join(map(str, limits.LOG_DAYS))}.",
        )
    return days


def _check_stream(context: Context, given: str | None, to: str) -> str:
    if to == "firehose" and (given is None or not limits.FIREHOSE_ARN.fullmatch(given)):
        context.problems.add(
            "standard_log.stream_arn",
            "missing: the lines go to it" if given is None else f"{shown(given)} cannot be used",
            "Expected arn:aws:firehose:us-east-1:ACCOUNT:deliverystream/NAME, its name of letters, digits, _ and -.",
        )
    return given or ""
