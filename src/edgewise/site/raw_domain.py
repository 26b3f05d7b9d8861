"""The tables of the site file that are about the site's own names, as they are written; see `raw.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from edgewise.site.limits import TLS_POLICIES
from edgewise.site.raw_key import Key


@dataclass(frozen=True, slots=True)
class RawHostedZone:
    name: Annotated[str | None, Key("the zone's name, such as `example.com`", required=True)] = None
    id: Annotated[str | None, Key("Route 53's id of it, such as `Z0123456789ABCDEFGHIJ`", required=True)] = (
        None
    )


@dataclass(frozen=True, slots=True)
class RawDomain:
    names: Annotated[
        list[str] | None,
        Key("the names that visitors use; `*.example.com` stands for all below it", required=True),
    ] = None
    certificate: Annotated[
        str | None,
        Key("the ARN of a certificate of ACM's in `us-east-1` that covers the names; without it one is made"),
    ] = None
    hosted_zone: Annotated[
        RawHostedZone | None,
        Key("the public zone of Route 53 that the names are in; the template makes their records there"),
    ] = None
    minimum_tls: Annotated[
        str | None,
        Key("CloudFront's security policy; default `TLSv1.2_2021`", choices=TLS_POLICIES),
    ] = None
