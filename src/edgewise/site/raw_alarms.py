"""The table of the site file that is about alarms, as it is written; see `raw.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from edgewise.site.raw_key import Key


@dataclass(frozen=True, slots=True)
class RawAlarms:
    email: Annotated[
        str | None, Key("who is told; AWS sends a mail that has to be confirmed before the first alarm")
    ] = None
    topic: Annotated[
        str | None, Key("instead of `email`: the ARN of a topic of SNS in `us-east-1` that tells somebody")
    ] = None
    error_percent: Annotated[
        float | None, Key("the share of answers 5xx that is too much, in five minutes; default 5")
    ] = None
    least_requests: Annotated[
        float | None, Key("how many requests in five minutes a share is taken of at least; default 20")
    ] = None
    function_errors: Annotated[
        float | None,
        Key(
            "how many errors of functions in five minutes are still no matter, at the edge and elsewhere; default 0"
        ),
    ] = None
    duration_ms: Annotated[
        float | None,
        Key("what 99 of 100 runs of an edge function may take for fifteen minutes, by region; default 1000"),
    ] = None
    dropped: Annotated[
        float | None,
        Key("how many records and page views may be given up in five minutes, by region; default 0"),
    ] = None
    dashboard: Annotated[
        bool | None, Key("makes a dashboard in CloudWatch, called as the site; default `true`")
    ] = None
    more_metrics: Annotated[
        bool | None,
        Key(
            "turns CloudFront's additional metrics on, which are paid for: the share of the cache's answers, the "
            "origin's time, errors by status; default `false`"
        ),
    ] = None
