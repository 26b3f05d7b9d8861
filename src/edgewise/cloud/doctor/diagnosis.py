"""All that the doctor looks at, in the order in which one thing needs the other."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from typing import Any

from edgewise.cloud.clients import Clients
from edgewise.cloud.doctor.account import check_quotas, check_secrets, check_stack, site_secrets
from edgewise.cloud.doctor.finding import Finding
from edgewise.cloud.doctor.identity import who_am_i
from edgewise.cloud.doctor.names import LookUp, check_aliases, check_certificate, check_origins, look_up
from edgewise.cloud.doctor.rights import check_rights
from edgewise.cloud.doctor.zone import check_zone
from edgewise.site import Site, compile_app_template, compile_template


def diagnose(
    aws: Clients,
    site: Site,
    *,
    edge_regions: Iterable[str],
    look: LookUp = look_up,
    now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC),
) -> Iterator[Finding]:
    """What stands between a site and its deployment; `edge_regions` are those in which CloudFront runs functions.

    Whatever AWS does not let us look at is a finding of its own. So is, without credentials, all that needs some.
    """
    # The hash of the code is in names alone, and none of them is looked at here.
    template = compile_template(site, code_hash="0")
    config = template["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    yield from _versions()
    identity, findings = who_am_i(aws, lambda: now().timestamp())
    yield from findings
    if identity:
        apps = {region: compile_app_template(site, region) for region in site.app_regions}
        yield from check_rights(aws, identity, template, site.name, apps)
        domain, findings = check_stack(aws, site)
        yield from findings
        yield from check_quotas(aws, edge_regions) if site.runs_functions else ()
        yield from check_secrets(aws, site)
        yield from check_zone(aws, site, is_deployed=bool(domain))
        yield from check_certificate(aws, config, now())
        yield from check_aliases(config, domain, look)
    else:
        yield from _not_asked(site, config)
        yield from check_aliases(config, None, look)
    yield from check_origins(config, look)


def _not_asked(site: Site, config: Mapping[str, Any]) -> Iterator[Finding]:
    """What AWS would have been asked about, had it known who asks."""
    is_of_the_site = {
        "rights": True,
        "stack": True,
        "quotas": site.runs_functions,
        "secrets": bool(site_secrets(site)),
        "zone": bool(site.domain and site.domain.zone),
        "certificate": isinstance(config.get("ViewerCertificate", {}).get("AcmCertificateArn"), str),
    }
    for check, is_there in is_of_the_site.items():
        if is_there:
            yield Finding(check, "unknown", "not looked at: first AWS has to know who asks")


def _versions() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    versions: Any = {name: metadata.version(name) for name in ("boto3", "botocore")}
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    yield Finding("versions", "ok", f"Python {python}, {told}")
