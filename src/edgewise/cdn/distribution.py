"""What the local CDN runs: a distribution, its behaviors, origins and functions, as checked values.

`definition.py` makes these from a template. Names are CloudFront's; times are in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edgewise.cdn.policies import CachePolicy, OriginRequestPolicy

Trigger = Literal["viewer-request", "origin-request", "origin-response", "viewer-response"]
TRIGGERS: tuple[Trigger, ...] = ("viewer-request", "origin-request", "origin-response", "viewer-response")

ViewerProtocol = Literal["allow-all", "https-only", "redirect-to-https"]
OriginProtocol = Literal["http-only", "https-only", "match-viewer"]


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """A Lambda function that a behavior runs. `code` is the folder that becomes `/var/task`."""

    name: str
    handler: str
    code: Path
    runtime: str = "python3.13"
    memory_mb: int = 128
    timeout: float = 3.0
    version: int = 1


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
    """An S3 bucket behind its REST endpoint."""

    id: str
    domain: str
    path: str = ""
    custom_headers: tuple[tuple[str, str], ...] = ()
    region: str = "us-east-1"
    read_timeout: int = 30


Origin = CustomOrigin | BucketOrigin


@dataclass(frozen=True, slots=True)
class Behavior:
    """A cache behavior. `pattern` is `*` for the default one."""

    pattern: str
    origin: str
    viewer_protocol: ViewerProtocol = "allow-all"
    allowed_methods: frozenset[str] = frozenset({"GET", "HEAD"})
    cached_methods: frozenset[str] = frozenset({"GET", "HEAD"})
    cache_policy: CachePolicy = field(default_factory=CachePolicy)
    origin_request_policy: OriginRequestPolicy = field(default_factory=OriginRequestPolicy)
    functions: Mapping[Trigger, Association] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Distribution:
    """A whole distribution. `behaviors` are in order and end with the default one."""

    id: str
    domain: str
    behaviors: tuple[Behavior, ...]
    origins: Mapping[str, Origin]
    functions: Mapping[str, FunctionDefinition]
    default_root_object: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A part of the template that is not simulated: where it stands, and what happens instead."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"
