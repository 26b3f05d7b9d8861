"""The checked site: what the rest of the program uses. Every value in it is valid and every path is absolute.

It says nothing about how the file is written (`raw.py`) or what becomes of it on AWS (`template.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgewise.site import limits
from edgewise.site.limits import TRIGGERS
from edgewise.site.model_alarms import Alarms
from edgewise.site.model_domain import Domain
from edgewise.site.model_logging import RealTimeLog, StandardLog
from edgewise.site.model_origins import BucketOrigin, ImageOrigin, Origin
from edgewise.site.model_statistics import Rewrite, Statistics
from edgewise.site.policies import CachePolicy, OriginRequestPolicy
from edgewise.site.secret import Secret, region_of

# What each feature needs, besides the user's own steps: the log makes a record when the viewer's request
# arrives and another when the origin has answered.
LOG_TRIGGERS = ("viewer-request", "origin-response")
PERSISTENCE_TRIGGERS = ("origin-request",)
VIEWER_TRIGGERS = ("viewer-request", "viewer-response")
# A page view is counted when its answer goes to the visitor, whether it came from the cache or not; where a
# CloudFront Function has the viewer's triggers, when an origin has answered.
COUNTING_TRIGGERS = ("viewer-response",)
COUNTING_AT_ORIGIN = ("origin-response",)
REWRITE_TRIGGERS = ("viewer-request",)
# A rollout decides when the viewer's request arrives, chooses the origin, and sets the cookie.
ROLLOUT_TRIGGERS = ("viewer-request", "origin-request", "viewer-response")

# The module that stands in for the user's own steps where there are none; it is generated into the bundle.
GENERATED_MODULE = "edgewise_handler"


@dataclass(frozen=True, slots=True)
class Behavior:
    """One cache behavior; `path` is `*` for the default one. `forward` is None for no origin request policy.

    `viewer_function` is the ARN of a CloudFront Function that runs when a viewer's request arrives: Lambda@Edge may
    then not run at the viewer's triggers.
    """

    path: str
    origin: str
    viewer_protocol: str
    methods: str
    cache: CachePolicy
    forward: OriginRequestPolicy | None
    functions: bool
    viewer_function: str | None = None


@dataclass(frozen=True, slots=True)
class Functions:
    """The user's own steps: the folder `source`, its `handler` (module.attribute), the triggers they need."""

    source: Path
    handler: str
    triggers: tuple[str, ...]

    @property
    def handler_files(self) -> tuple[str, str]:
        """The files that can hold the handler's module, relative to `source`: a module's, a package's."""
        stem = self.handler.rpartition(".")[0].replace(".", "/")
        return f"{stem}.py", f"{stem}/__init__.py"


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is masked in records. `query` is `keep`, `drop` or the names of the parameters that are kept."""

    client_address: str = "keep"
    query: str | tuple[str, ...] = "keep"
    headers: tuple[str, ...] = ()
    visitor: bool = False
    key: Secret | None = None

    @property
    def masks(self) -> bool:
        """Whether anything that a visitor sends is left out or changed."""
        return (self.client_address, self.query) != ("keep", "keep")


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where lines of the functions' log groups go, from each of `regions`: an ARN, in which `{region}` is one of them.

    With `records_only` records alone. `service` is `firehose`, `kinesis` or `logs`.
    """

    destination: str
    regions: tuple[str, ...]
    records_only: bool

    @property
    def service(self) -> str:
        """Whose the destination is."""
        return self.destination.split(":")[2]

    @property
    def needs_role(self) -> bool:
        """Whether CloudWatch Logs writes there by a role of ours; a destination of its own has one."""
        return self.service != "logs"


@dataclass(frozen=True, slots=True)
class Log:
    """The log feature. `target` holds what the delivery needs to know on AWS, by the names of the site file.

    `token` is OpenObserve's; `region` is where the delivery and the secrets are. `retention_days` and `subscription`
    are of the functions' log groups in all regions.
    """

    delivery: str
    target: Mapping[str, str | float] = field(default_factory=dict)
    token: Secret | None = None
    region: str = limits.HOME_REGION
    privacy: Privacy = Privacy()
    sample: float = 1.0
    retention_days: int | None = None
    subscription: Subscription | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The secrets that the functions read."""
        return tuple(secret for secret in (self.token, self.privacy.key) if secret)


@dataclass(frozen=True, slots=True)
class Sessions:
    """The session store: `table` is its name, `cookie` the app's session cookie, whose value is the key there."""

    table: str
    cookie: str
    deadline_ms: float


@dataclass(frozen=True, slots=True)
class Judge:
    """What the site file says of the judge: `rules` has the numbers that are given, the judge knows the others.

    With `user` and `password`, a secret, a function on AWS asks OpenObserve for its evidence every minute.
    """

    rules: Mapping[str, float] = field(default_factory=dict)
    user: str = ""
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Rollout:
    """Steers visitors between the origins `stable` and `new`, whose names are the versions' names.

    `state` is `dynamodb` or `ssm`: the release is kept in the item of `table`, or in `parameter`. `regions` have
    replicas of the tables, the home region first.
    """

    stable: str
    new: str
    header: str
    cookie: str
    session_minutes: float
    ttl_seconds: float
    state: str
    table: str
    parameter: str
    key: Secret
    exclude_paths: tuple[str, ...]
    regions: tuple[str, ...]
    sessions: Sessions | None
    judge: Judge | None

    @property
    def key_region(self) -> str:
        """Where the signing key is."""
        return region_of(self.key.name, limits.HOME_REGION)

    @property
    def tables(self) -> dict[str, str]:
        """The DynamoDB tables, each with the name of its key, which is a text."""
        release = {self.table: "id"} if self.state == "dynamodb" else {}
        return release | ({self.sessions.table: "token"} if self.sessions else {})


@dataclass(frozen=True, slots=True)
class Site:
    """A whole site. `file` is the file that describes it.

    `persistence_header` is the header that tells the origin when an environment began, if one does.
    """

    file: Path
    name: str
    origins: tuple[Origin, ...]
    default: Behavior
    behaviors: tuple[Behavior, ...]
    functions: Functions | None
    log: Log | None
    persistence_header: str | None = None
    rollout: Rollout | None = None
    statistics: Statistics | None = None
    rewrite: Rewrite | None = None
    domain: Domain | None = None
    alarms: Alarms | None = None
    real_time_log: RealTimeLog | None = None
    standard_log: StandardLog | None = None

    @property
    def directory(self) -> Path:
        """The site's folder: the one of its file."""
        return self.file.parent

    @property
    def handler(self) -> str:
        """The functions' handler, `module.attribute`: the user's, or the generated one."""
        return self.functions.handler if self.functions else f"{GENERATED_MODULE}.handler"

    @property
    def images(self) -> tuple[ImageOrigin, ...]:
        """The origins that are functions from images."""
        return tuple(one for one in self.origins if isinstance(one, ImageOrigin))

    @property
    def app_regions(self) -> tuple[str, ...]:
        """The regions, besides the home region, where images run: each has a stack of its own."""
        return tuple(sorted({one.region for one in self.images} - {limits.HOME_REGION}))

    @property
    def all_behaviors(self) -> tuple[Behavior, ...]:
        """The default behavior and the others."""
        return (self.default, *self.behaviors)

    @property
    def triggers(self) -> tuple[str, ...]:
        """The triggers that run functions in any behavior, in the order in which a request meets them."""
        wanted = {trigger for one in self.all_behaviors for trigger in self.triggers_of(one)}
        return tuple(trigger for trigger in TRIGGERS if trigger in wanted)

    def triggers_of(self, behavior: Behavior) -> tuple[str, ...]:
        """The triggers that run functions in a behavior, in that order."""
        if not behavior.functions:
            return ()
        wanted = {*(self.functions.triggers if self.functions else ()), *(LOG_TRIGGERS if self.log else ())}
        wanted.update(PERSISTENCE_TRIGGERS if self.persistence_header else ())
        wanted.update(ROLLOUT_TRIGGERS if self.steers(behavior) else ())
        wanted.update(REWRITE_TRIGGERS if self.rewrites(behavior) else ())
        wanted.update(self._counting_triggers(behavior))
        if behavior.viewer_function:
            wanted -= set(VIEWER_TRIGGERS)
        return tuple(trigger for trigger in TRIGGERS if trigger in wanted)

    def _counting_triggers(self, behavior: Behavior) -> tuple[str, ...]:
        if self.statistics is None:
            return ()
        if self.counts_at == "origin-response":
            return COUNTING_AT_ORIGIN
        # CloudFront tells the country to origins alone: the function there hands it on to the one that counts.
        hands_on = self.statistics.countries is None and self.forwards_country(behavior)
        return COUNTING_TRIGGERS + (COUNTING_AT_ORIGIN if hands_on else ())

    @property
    def counts_at(self) -> str:
        """The trigger at which page views are counted, the same in all behaviors."""
        bound = any(one.functions and one.viewer_function for one in self.all_behaviors)
        return (COUNTING_AT_ORIGIN if bound else COUNTING_TRIGGERS)[0]

    def forwards_country(self, behavior: Behavior) -> bool:
        """Whether CloudFront tells an origin the visitor's country, or may: a policy of the user's own is not known."""
        policies = (behavior.cache, behavior.forward)
        return self.has_view_policy(behavior) or any(policy and policy.country for policy in policies)

    def has_view_policy(self, behavior: Behavior) -> bool:
        """Whether the template brings an origin request policy for the statistics.

        A bucket is sent nothing unless a policy says so, and does not mind what it is sent.
        """
        counted = self.statistics is not None and behavior.functions
        bucket = any(isinstance(one, BucketOrigin) and one.name == behavior.origin for one in self.origins)
        wanted = self.counts_at == "origin-response" or not (self.statistics and self.statistics.countries)
        return counted and bucket and wanted and behavior.forward is None

    def rewrites(self, behavior: Behavior) -> bool:
        """Whether paths of folders get the name of their page here."""
        return self.rewrite is not None and behavior.path in self.rewrite.behaviors

    def steers(self, behavior: Behavior) -> bool:
        """Whether the rollout chooses the version here: requests of other behaviors go where they went."""
        return self.rollout is not None and behavior.origin == self.rollout.stable

    @property
    def runs_functions(self) -> bool:
        """Whether any behavior runs a function."""
        return bool(self.triggers)

    @property
    def judges_on_aws(self) -> bool:
        """Whether a function on AWS judges the release: it needs a password to ask for its evidence."""
        return bool(self.rollout and self.rollout.judge and self.rollout.judge.password)

    @property
    def makes_salts(self) -> bool:
        """Whether a function on AWS makes the key of the visitors' hashes, a new one for each day."""
        return self.statistics is not None and self.statistics.own_key is None
