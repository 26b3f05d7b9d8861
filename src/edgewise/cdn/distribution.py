"""What the local CDN runs: a distribution, its behaviors, origins and functions, as checked values.

`template/` makes these from a template. Names are CloudFront's; times are in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edgewise.cdn.accesslog.config import LogDelivery, LoggingConfig, RealtimeLogConfig
from edgewise.cdn.policies import CachePolicy, OriginRequestPolicy
from edgewise.cdn.responseheaders import ResponseHeadersPolicy

Trigger = Literal["viewer-request", "origin-request", "origin-response", "viewer-response"]
TRIGGERS: tuple[Trigger, ...] = ("viewer-request", "origin-request", "origin-response", "viewer-response")

ViewerProtocol = Literal["allow-all", "https-only", "redirect-to-https"]
OriginProtocol = Literal["http-only", "https-only", "match-viewer"]

ERROR_CACHING_MIN_TTL = (
    10.0  # seconds; CloudFront Developer Guide, "Control how long CloudFront caches errors"
)


@dataclass(frozen=True, slots=True)
class AppCommand:
    """A web server that an image would run: `words`, where `{port}` stands for its port, and its own variables."""

    words: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """A Lambda function. `code` is the folder that becomes `/var/task`.

    At the edge it is a replica and has no variables of its own; behind a function URL it is a regional function. With
    `app` it is a function from an image: a stand-in for the image's adapter is its handler.
    """

    name: str
    handler: str
    code: Path
    runtime: str = "python3.13"
    memory_mb: int = 128
    timeout: float = 3.0
    version: int = 1
    at_edge: bool = True
    variables: Mapping[str, str] = field(default_factory=dict)
    app: AppCommand | None = None

    @property
    def file(self) -> Path:
        """Where the handler is; the code's folder if it is in none of the usual files."""
        if self.app is not None:
            return self.code
        module = self.handler.rpartition(".")[0]
        stem = Path(self.code, *module.split("/" if "/" in module else "."))
        files = (stem.with_name(stem.name + suffix) for suffix in (".py", ".mjs", ".js", ".cjs"))
        return next((file for file in files if file.is_file()), self.code)


EventKind = Literal["function-url", "load-balancer", "load-balancer-multi-value"]


@dataclass(frozen=True, slots=True)
class LocalFunction:
    """A function that is an origin and that the template does not have: an image's, or one of another template.

    `event` says what calls it. `signed`: its function URL has AWS_IAM.
    """

    definition: FunctionDefinition
    region: str
    event: EventKind = "function-url"
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Association:
    """One function on one trigger of a behavior; `function` is a key of `Distribution.functions`."""

    function: str
    include_body: bool = False


@dataclass(frozen=True, slots=True)
class CustomOrigin:
    """An HTTP server. `protocol` is the origin protocol policy."""

    id: str
    domain: str
    path: str = ""
    custom_headers: tuple[tuple[str, str], ...] = ()
    protocol: OriginProtocol = "http-only"
    http_port: int = 80
    https_port: int = 443
    ssl_protocols: tuple[str, ...] = ("TLSv1.2",)
    read_timeout: int = 30
    keepalive_timeout: int = 5
    connect_timeout: int = 10
    connect_attempts: int = 3


@dataclass(frozen=True, slots=True)
class BucketOrigin:
    """An S3 bucket behind its REST endpoint; `access_identity` is set when CloudFront signs as one."""

    id: str
    domain: str
    path: str = ""
    custom_headers: tuple[tuple[str, str], ...] = ()
    region: str = "us-east-1"
    read_timeout: int = 30
    connect_timeout: int = 10
    connect_attempts: int = 3
    access_identity: bool = False


Origin = CustomOrigin | BucketOrigin


@dataclass(frozen=True, slots=True)
class OriginGroup:
    """Two origins: the second is asked when the first fails with one of `status_codes`."""

    id: str
    members: tuple[str, str]
    status_codes: frozenset[int]


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """What becomes of an error with status `code`: its own page and status, and how long it is kept at least."""

    code: int
    response_code: int | None = None
    page: str = ""
    min_ttl: float = ERROR_CACHING_MIN_TTL


@dataclass(frozen=True, slots=True)
class GeoRestriction:
    """Who may ask: viewers of the listed countries (`whitelist`), or of all others (`blacklist`)."""

    kind: Literal["none", "whitelist", "blacklist"] = "none"
    countries: frozenset[str] = frozenset()

    def refuses(self, country: str) -> bool:
        match self.kind:
            case "whitelist":
                return country not in self.countries
            case "blacklist":
                return country in self.countries
        return False


@dataclass(frozen=True, slots=True)
class Behavior:
    """A cache behavior. `pattern` is `*` for the default one; `target` names an origin or an origin group."""

    pattern: str
    target: str
    viewer_protocol: ViewerProtocol = "allow-all"
    allowed_methods: frozenset[str] = frozenset({"GET", "HEAD"})
    cached_methods: frozenset[str] = frozenset({"GET", "HEAD"})
    cache_policy: CachePolicy = field(default_factory=CachePolicy)
    origin_request_policy: OriginRequestPolicy = field(default_factory=OriginRequestPolicy)
    response_headers_policy: ResponseHeadersPolicy | None = None
    compress: bool = False
    realtime_log: RealtimeLogConfig | None = None
    functions: Mapping[Trigger, Association] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Distribution:
    """A whole distribution. `behaviors` are in order and end with the default one.

    `functions` are the edge functions; `function_urls` are the functions behind origins, by the domain of their
    function URL. `images` are the domains of function URLs whose functions run from images, `signed_urls` of those that
    take signed requests alone.
    """

    id: str
    domain: str
    behaviors: tuple[Behavior, ...]
    origins: Mapping[str, Origin]
    functions: Mapping[str, FunctionDefinition]
    default_root_object: str = ""
    aliases: tuple[str, ...] = ()
    origin_groups: Mapping[str, OriginGroup] = field(default_factory=dict)
    error_responses: Mapping[int, ErrorResponse] = field(default_factory=dict)
    geo_restriction: GeoRestriction = GeoRestriction()
    logging: LoggingConfig | None = None
    log_deliveries: tuple[LogDelivery, ...] = ()
    function_urls: Mapping[str, FunctionDefinition] = field(default_factory=dict)
    images: frozenset[str] = frozenset()
    signed_urls: frozenset[str] = frozenset()

    def first_origin(self, behavior: Behavior) -> Origin:
        """The origin that is asked first."""
        group = self.origin_groups.get(behavior.target)
        return self.origins[group.members[0] if group else behavior.target]


@dataclass(frozen=True, slots=True)
class Notice:
    """A part of the template that is not simulated: where it stands, and what happens instead."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"
