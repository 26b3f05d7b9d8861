"""The site's own names, checked: a part of the model in `model.py`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostedZone:
    """A public zone of Route 53."""

    name: str
    id: str


@dataclass(frozen=True, slots=True)
class Domain:
    """The names that visitors use, in lower case; `*.example.com` is one too.

    `certificate` is the ARN of one in us-east-1; without it the template makes one, which needs the zone. In a zone the
    template makes the names' records as well.
    """

    names: tuple[str, ...]
    certificate: str | None
    zone: HostedZone | None
    minimum_tls: str
