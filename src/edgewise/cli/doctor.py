"""`edgewise doctor`: what stands between a site and its deployment. It reads, and changes nothing."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from edgewise.cli.terminal import printable

_MARKS: Final = {"ok": "ok", "warning": "warning", "error": "error", "unknown": "?"}


def doctor(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The site's folder.")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a finding.")] = False,
) -> None:
    """Say what stands between the site and its deployment: credentials, rights, quotas, secrets, DNS, certificate."""
    # Here, so that the other commands start without it.
    from edgewise.cdn.location import REGIONS
    from edgewise.cloud.clients import Clients
    from edgewise.cloud.doctor import diagnose
    from edgewise.cloud.errors import CredentialsError
    from edgewise.site import load_site

    site = load_site(directory)
    aws = Clients()
    with suppress(CredentialsError):  # a finding like the others
        aws("sts")  # without boto3 there is nothing to look at
    levels = set()
    for finding in diagnose(aws, site, edge_regions=REGIONS):
        levels.add(finding.level)
        if as_json:
            print(json.dumps(asdict(finding)), flush=True)
            continue
        print(printable(f"{_MARKS[finding.level]:<8} {finding.check}: {finding.message}"), flush=True)
        if finding.hint:
            print(printable(f"           {finding.hint}"))
    if "error" in levels:
        raise typer.Exit(1)
