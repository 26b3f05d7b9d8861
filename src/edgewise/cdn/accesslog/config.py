"""What a template says of access logs, as checked values. `template/logging.py` makes these."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoggingConfig:
    """Standard logs of a distribution. `bucket` is its name alone; `prefix` is empty or ends with a slash."""

    bucket: str
    prefix: str = ""
    include_cookies: bool = False


@dataclass(frozen=True, slots=True)
class RealtimeLogConfig:
    """Real-time logs of a behavior: `fields` in CloudFront's order, `sampling_rate` in percent, the stream's name."""

    fields: tuple[str, ...]
    stream: str
    sampling_rate: int = 100


@dataclass(frozen=True, slots=True)
class LogDelivery:
    """A standard log of the second version, into `prefix` and `path` of a bucket.

    `format` is `json`, `parquet`, `w3c` or `plain`; `delimiter` is of the latter two. `path` may have variables in
    braces; with `hive` folders are called `year=2026`.
    """

    bucket: str
    prefix: str
    path: str
    hive: bool
    format: str
    fields: tuple[str, ...]
    delimiter: str = "\t"
