"""The site file as it is written: one class a table, one field a key, each with a line of help.

Nothing is checked here (`reader.py` checks shapes, `check.py` meanings) and nothing else uses these types. A value
that was not given, or whose wrong shape has been reported, is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from edgewise.site.limits import DELIVERIES, RELEASE_STATES, TRIGGERS
from edgewise.site.raw_alarms import RawAlarms
from edgewise.site.raw_domain import RawDomain
from edgewise.site.raw_key import Key, RawSecret
from edgewise.site.raw_logging import RawRealTimeLog, RawStandardLog
from edgewise.site.raw_origins import RawOrigin
from edgewise.site.raw_statistics import RawRewrite, RawStatistics


@dataclass(frozen=True, slots=True)
class RawDefault:
    origin: Annotated[str | None, Key("the name of an origin", required=True)] = None
    viewer_protocol: Annotated[
        str | None,
        Key(
            "what a visitor may speak; default `allow-all`",
            choices=("allow-all", "https-only", "redirect-to-https"),
        ),
    ] = None
    methods: Annotated[
        str | None,
        Key(
            "`read` is GET and HEAD, `read-options` adds OPTIONS; default `all` for a custom origin, `read` for a "
            "bucket",
            choices=("read", "read-options", "all"),
        ),
    ] = None
    cache: Annotated[
        str | None,
        Key(
            "a managed cache policy or a policy's id; default `disabled` for a custom origin, `optimized` for a bucket"
        ),
    ] = None
    forward: Annotated[
        str | None,
        Key(
            "a managed origin request policy, a policy's id or `none`; default `all-viewer-except-host-header` for "
            "a custom origin, `none` for a bucket"
        ),
    ] = None
    functions: Annotated[bool | None, Key("whether the functions run here; default `true`")] = None
    viewer_function: Annotated[
        str | None,
        Key(
            "the ARN of a CloudFront Function that runs at viewer request: the functions keep to origin triggers then"
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class RawBehavior(RawDefault):
    path: Annotated[
        str | None, Key("the path pattern: `*` is any text, `?` any one character", required=True)
    ] = None


@dataclass(frozen=True, slots=True)
class RawFunctions:
    source: Annotated[str | None, Key("the folder with your steps", required=True)] = None
    handler: Annotated[str | None, Key("the handler in that folder, `module.attribute`", required=True)] = (
        None
    )
    triggers: Annotated[
        list[str] | None,
        Key("the triggers that your steps need; the features add their own", choices=TRIGGERS, required=True),
    ] = None


@dataclass(frozen=True, slots=True)
class RawSubscription:
    destination: Annotated[
        str | None,
        Key(
            "the ARN of a Firehose stream, a Kinesis stream or a destination of CloudWatch Logs; `{region}` in it "
            "becomes each region, as a log is handed on in its own region alone",
            required=True,
        ),
    ] = None
    regions: Annotated[
        list[str] | None, Key("the regions that have one; default all where CloudFront runs functions")
    ] = None
    records_only: Annotated[
        bool | None, Key("hands on records, and not what else functions print; default `true`")
    ] = None


@dataclass(frozen=True, slots=True)
class RawLog:
    delivery: Annotated[
        str | None,
        Key(
            "where records go: `stdout` (the default; CloudWatch Logs on AWS), or one of the others",
            choices=DELIVERIES,
        ),
    ] = None
    url: Annotated[str | None, Key("`openobserve`: its address on AWS, `https://HOST`")] = None
    organization: Annotated[str | None, Key("`openobserve`: default `default`")] = None
    stream: Annotated[str | None, Key("`openobserve`: default `edge`")] = None
    user: Annotated[str | None, Key("`openobserve`: goes with the token; default the organization")] = None
    token: Annotated[
        RawSecret | None,
        Key(
            '`openobserve`: where its ingestion token is kept on AWS, `{ from = "ssm", name = "/site/token" }`',
            may_be_secret=True,
        ),
    ] = None
    stream_name: Annotated[str | None, Key("`firehose`: the name of the stream")] = None
    state_machine_arn: Annotated[str | None, Key("`step-functions`: the state machine")] = None
    execution_per: Annotated[
        str | None,
        Key(
            "`step-functions`: what one execution is started for; default `batch`",
            choices=("batch", "record"),
        ),
    ] = None
    bus: Annotated[str | None, Key("`eventbridge`: the event bus; default `default`")] = None
    region: Annotated[
        str | None, Key("where the stream, the bus and the secrets are on AWS; default `us-east-1`")
    ] = None
    budget_ms: Annotated[
        float | None, Key("how long a visitor may wait for a delivery over the network; default 50")
    ] = None
    wait: Annotated[
        bool | None, Key("waits for answers within the budget and leaves less behind; default `false`")
    ] = None
    client_address: Annotated[
        str | None,
        Key(
            "the visitor's address: as it is (the default), its network alone, a keyed hash or not at all",
            choices=("keep", "truncate", "hash", "drop"),
        ),
    ] = None
    query: Annotated[
        str | list[str] | None,
        Key(
            "query strings, the referrer's too: the default `keep`, `drop`, or the names of the parameters to keep",
            choices=("keep", "drop"),
        ),
    ] = None
    headers: Annotated[
        list[str] | None, Key("request headers to record besides the usual ones, at most 10")
    ] = None
    visitor: Annotated[
        bool | None, Key("records a hash that tells visitors apart for a day; default `false`")
    ] = None
    key: Annotated[
        RawSecret | None,
        Key(
            'where the key of the hashes is kept on AWS, `{ from = "ssm", name = "/site/key" }`; without it each '
            "environment has its own",
            may_be_secret=True,
        ),
    ] = None
    retention_days: Annotated[
        float | None,
        Key(
            "how long CloudWatch Logs keeps the functions' lines, in every region; default 30 where nothing is set"
        ),
    ] = None
    subscription: Annotated[
        RawSubscription | None, Key("hands the functions' lines on from the log group of each region")
    ] = None
    sample: Annotated[
        float | None, Key("the share of requests to record, 0 to 1; errors always are; default 1")
    ] = None


@dataclass(frozen=True, slots=True)
class RawPersistence:
    header: Annotated[
        str | None, Key("the header's name, which begins with `X-`; default `X-Environment-Born`")
    ] = None


@dataclass(frozen=True, slots=True)
class RawSessions:
    cookie: Annotated[
        str | None, Key("the name of the app's own session cookie, which holds the token", required=True)
    ] = None
    deadline_ms: Annotated[
        float | None, Key("how long a visitor may wait for the session's version, 5 to 1000; default 50")
    ] = None


@dataclass(frozen=True, slots=True)
class RawJudge:
    false_rollback_percent: Annotated[
        float | None,
        Key(
            "how often a release that is as good as the stable version may be rolled back, 0.01 to 10; default 1"
        ),
    ] = None
    least_requests: Annotated[
        float | None, Key("answers of each version in a step before it goes on, 1 to 1000000; default 50")
    ] = None
    least_visitors: Annotated[
        float | None,
        Key(
            "visitors who met an error, or what else it is for, before it is rolled back, 1 to 1000; default 3"
        ),
    ] = None
    least_difference_percent: Annotated[
        float | None,
        Key("points between the versions' shares of errors that are no matter, 0 to 100; default 0.2"),
    ] = None
    most_error_percent: Annotated[
        float | None,
        Key("the share of errors that is too much, whatever the stable version has, 0.1 to 99; default 10"),
    ] = None
    latency_factor: Annotated[
        float | None,
        Key(
            "how many times the stable version's time is too slow, 1.05 to 100, or 0 to leave time out; default 1.5"
        ),
    ] = None
    fresh_minutes: Annotated[
        float | None, Key("without evidence from so many minutes nothing goes on, 1 to 1440; default 10")
    ] = None
    settle_seconds: Annotated[
        float | None, Key("how long records may take to arrive, 1 to 600; default 20")
    ] = None
    user: Annotated[
        str | None, Key("`openobserve`: who asks for the evidence on AWS; goes with `password`")
    ] = None
    password: Annotated[
        RawSecret | None,
        Key(
            "`openobserve`: where that user's password is kept on AWS; with it a function judges every minute there",
            may_be_secret=True,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class RawRollout:
    stable: Annotated[str | None, Key("the origin that serves the version of today", required=True)] = None
    new: Annotated[str | None, Key("the origin that serves the new version", required=True)] = None
    key: Annotated[
        RawSecret | None,
        Key(
            'where the key that signs cookies is kept on AWS, `{ from = "ssm", name = "/site/rollout-key" }`',
            required=True,
            may_be_secret=True,
        ),
    ] = None
    header: Annotated[
        str | None,
        Key("the request header that names the version, to caches and origins; default `X-App-Version`"),
    ] = None
    cookie: Annotated[
        str | None, Key("the cookie that keeps a visitor on a version; default `edgewise-release`")
    ] = None
    session_minutes: Annotated[
        float | None, Key("how long a session lasts after its last page, 1 to 576000; default 1440")
    ] = None
    ttl_seconds: Annotated[
        float | None,
        Key(
            "how long a function keeps the release's state, 5 to 300: a change takes effect within it; default 15"
        ),
    ] = None
    state: Annotated[
        str | None,
        Key("the service that keeps the state of the release; default `dynamodb`", choices=RELEASE_STATES),
    ] = None
    regions: Annotated[
        list[str] | None,
        Key("the regions with a replica of the tables, `us-east-1` among them; default that one alone"),
    ] = None
    exclude_paths: Annotated[
        list[str] | None,
        Key("paths that stay with the stable version while the new one is tried, such as `/health`"),
    ] = None
    sessions: Annotated[
        RawSessions | None, Key("keeps sessions in a table, for an app that has a session cookie of its own")
    ] = None
    judge: Annotated[RawJudge | None, Key("when the new version is too bad to go on")] = None


@dataclass(frozen=True, slots=True)
class RawSite:
    name: Annotated[
        str | None, Key("the site's name, part of the functions' names on AWS", required=True)
    ] = None
    origins: Annotated[
        dict[str, RawOrigin] | None, Key("where content comes from, each under a name", required=True)
    ] = None
    default: Annotated[
        RawDefault | None, Key("the behavior of every path that no other behavior matches", required=True)
    ] = None
    behaviors: Annotated[
        list[RawBehavior] | None, Key("the other behaviors, in order: the first match wins")
    ] = None
    functions: Annotated[RawFunctions | None, Key("your own steps; without it the features run alone")] = None
    log: Annotated[RawLog | None, Key("makes records of every request; its presence turns it on")] = None
    persistence: Annotated[
        RawPersistence | None, Key("tells the origin in a header when the environment that asks it began")
    ] = None
    rollout: Annotated[
        RawRollout | None,
        Key("steers a share of the visitors to another version of the app; its presence turns it on"),
    ] = None
    statistics: Annotated[RawStatistics | None, Key("counts page views; its presence turns it on")] = None
    rewrite: Annotated[
        RawRewrite | None, Key("gives folders' paths the name of their page; its presence turns it on")
    ] = None
    domain: Annotated[
        RawDomain | None,
        Key(
            "the site's own names; without it CloudFront's name is the only one",
            example='[domain], and below it names = ["www.example.com"] and the certificate or hosted_zone',
        ),
    ] = None
    alarms: Annotated[RawAlarms | None, Key("rings when something is wrong; its presence turns it on")] = None
    real_time_log: Annotated[
        RawRealTimeLog | None,
        Key(
            "CloudFront's own log within seconds, to OpenObserve without a function; its presence turns it on"
        ),
    ] = None
    standard_log: Annotated[
        RawStandardLog | None,
        Key(
            "CloudFront's own log within minutes, to a bucket, a log group or a stream; its presence turns it on"
        ),
    ] = None
