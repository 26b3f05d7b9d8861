"""Where content comes from, checked: web servers, buckets, apps that run as functions; and what they are here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgewise.site.secret import Secret


@dataclass(frozen=True, slots=True)
class LocalCommand:
    """An origin that `edgewise up` starts: `words` is a program and its arguments, run in `directory`.

    `environment` has variables for this machine alone.
    """

    words: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def argv(self, port: int, python: str) -> list[str]:
        """The words with `{port}` filled in; a first word `python` becomes the given interpreter."""
        program = python if self.words[0] == "python" else self.words[0]
        return [word.replace("{port}", str(port)) for word in (program, *self.words[1:])]


@dataclass(frozen=True, slots=True)
class LocalUrl:
    """An origin that runs already: `url` is its scheme, host and port without a path."""

    url: str


@dataclass(frozen=True, slots=True)
class LocalHandler:
    """An origin that is a Lambda handler in `directory`; `event` says whose event it takes.

    `environment` has variables for this machine alone.
    """

    handler: str
    directory: Path
    event: str
    environment: Mapping[str, str] = field(default_factory=dict)


Local = LocalCommand | LocalUrl | LocalHandler


@dataclass(frozen=True, slots=True)
class CustomOrigin:
    """A web server. `name` is the origin's `Id` in the template; without `local` it is only known on AWS."""

    name: str
    domain: str
    protocol: str
    local: Local | None


@dataclass(frozen=True, slots=True)
class BucketOrigin:
    """A bucket. `name` is the origin's `Id` in the template; `folder` holds its objects on this machine."""

    name: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Network:
    """Where in a VPC a function is: the ids of subnets and of security groups, at least one of each."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImageOrigin:
    """An app that runs as a function from a container image, behind a function URL. `folder` has its Dockerfile.

    `signed`: this distribution alone may call it. `local` is what the container would run. `secrets` are by the
    variables that name them; the app may read those, and do what the managed `policies` allow, ARNs.
    """

    name: str
    folder: Path
    region: str
    signed: bool
    architecture: str
    memory_mb: int
    timeout_s: int
    local: Local | None
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    policies: tuple[str, ...] = ()
    network: Network | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The function's variables: those that are given, and the names of secrets."""
        return {**self.environment, **{name: secret.name for name, secret in self.secrets.items()}}


Origin = CustomOrigin | BucketOrigin | ImageOrigin
