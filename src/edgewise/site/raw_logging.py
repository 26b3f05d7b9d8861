"""The tables of the site file that are about CloudFront's own logs, as they are written; see `raw.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from edgewise.site.limits import STANDARD_FORMATS, STANDARD_PLACES
from edgewise.site.raw_key import Key, RawSecret


@dataclass(frozen=True, slots=True)
class RawRealTimeLog:
    access_key: Annotated[
        RawSecret | None,
        Key(
            "the secret of Secrets Manager, by its ARN, with what OpenObserve asks of Firehose: "
            '`{"api_key": BASE64 of USER:TOKEN}`',
            required=True,
            may_be_secret=True,
        ),
    ] = None
    url: Annotated[
        str | None, Key("OpenObserve's address, `https://HOST`, on port 443; default that of `[log]`")
    ] = None
    organization: Annotated[
        str | None, Key("OpenObserve's organization; default that of `[log]`, else `default`")
    ] = None
    stream: Annotated[str | None, Key("OpenObserve's stream; default `access`")] = None
    behaviors: Annotated[
        list[str] | None,
        Key("the paths of the behaviors that are logged, `*` for the default one; default all"),
    ] = None
    percent: Annotated[
        float | None, Key("the share of requests that is logged, a whole number of 1 to 100; default 100")
    ] = None
    fields: Annotated[
        list[str] | None,
        Key("CloudFront's names of the fields; default those that the store has a column for"),
    ] = None
    buffer_seconds: Annotated[
        float | None,
        Key("how long records wait for company on their way, 0 to 900, twice at most; default 30"),
    ] = None
    retention_hours: Annotated[
        float | None, Key("how long the stream of Kinesis keeps lines, 24 to 8760; default 24")
    ] = None
    failed_days: Annotated[
        float | None, Key("how long the bucket keeps what could not be delivered, 1 to 3650; default 30")
    ] = None
    client_address: Annotated[
        str | None,
        Key(
            "the visitor's address, before it reaches OpenObserve; default as in `[log]`, else `keep`",
            choices=("keep", "truncate", "hash", "drop"),
        ),
    ] = None
    query: Annotated[
        str | list[str] | None,
        Key(
            "query strings, the referrer's too; default as in `[log]`, else `keep`", choices=("keep", "drop")
        ),
    ] = None
    headers: Annotated[
        list[str] | None,
        Key("request headers to record, as far as they are in the first 800 bytes; default as in `[log]`"),
    ] = None
    visitor: Annotated[
        bool | None,
        Key("records the hash that tells visitors apart for a day; default as in `[log]`, else `false`"),
    ] = None
    key: Annotated[
        RawSecret | None,
        Key(
            "where the key of the hashes is kept on AWS; default as in `[log]`",
            may_be_secret=True,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class RawStandardLog:
    to: Annotated[
        str | None,
        Key(
            "where files or lines go: default `s3`, a bucket of its own; `cloudwatch`, a log group of its own; "
            "`firehose`, a stream that is there",
            choices=STANDARD_PLACES,
        ),
    ] = None
    format: Annotated[
        str | None,
        Key(
            "what is written: default `json`; `parquet`, which AWS charges for, and `w3c` in `s3` alone; `raw` in "
            "`firehose` alone",
            choices=STANDARD_FORMATS,
        ),
    ] = None
    fields: Annotated[
        list[str] | None,
        Key(
            "CloudFront's names of the fields; default those that the store has a column for, but what `[log]` masks"
        ),
    ] = None
    delimiter: Annotated[
        str | None, Key("`plain`, `w3c` and `raw`: what stands between fields; default a tab")
    ] = None
    path: Annotated[
        str | None,
        Key(
            "`s3`: the folders of the bucket, of text, `{DistributionId}`, `{distributionid}`, `{accountid}`, "
            "`{yyyy}`, `{MM}`, `{dd}` and `{HH}`; default `{yyyy}/{MM}/{dd}`"
        ),
    ] = None
    hive: Annotated[
        bool | None, Key("`s3`: folders are called `year=2026`, as Hive and Athena read them; default `true`")
    ] = None
    days: Annotated[
        float | None,
        Key("`s3`, `cloudwatch`: how long files or lines stay, 1 to 3650 whole days; default 90"),
    ] = None
    stream_arn: Annotated[str | None, Key("`firehose`: the ARN of the stream, which is in `us-east-1`")] = (
        None
    )
