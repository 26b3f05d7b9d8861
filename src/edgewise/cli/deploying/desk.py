"""Puts together what a deployment works with: the site, AWS's clients, the place where runs are written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from edgewise.cdn import load_template
from edgewise.check import check_template
from edgewise.cli.deploying.edge import keep_regions
from edgewise.cli.deploying.screen import Screen
from edgewise.cli.errors import DeployCommandError
from edgewise.cli.saving import queries_of
from edgewise.cloud.assets import Assets
from edgewise.cloud.clients import Clients
from edgewise.cloud.deploy import Deployment, Result
from edgewise.cloud.edgelogs import find
from edgewise.cloud.images import refuse_unknown
from edgewise.cloud.package import Package, leaves_records, package
from edgewise.cloud.placed import Placed
from edgewise.cloud.verify import Expected, verify
from edgewise.site import Site

STATE = ".edgewise"


def deployment_of(site: Site, aws: Clients, screen: Screen) -> Deployment:
    """The deployment of a site in the account that is signed in to. Raises `CredentialsError`."""
    return Deployment(aws, site.name, site.directory / STATE, tell=screen.step)


def package_of(
    site: Site,
    deployment: Deployment,
    images: Mapping[str, str] = MappingProxyType({}),
    command: str = "edgewise deploy",
) -> Package:
    """What the site needs on AWS, made in a folder of ours, with those `images` that are not to stay as they are.

    `command` is what takes an image that is missing.

    Raises `SiteError`, `BuildError`, and `ImageError` where an image is neither given nor deployed.
    """
    if site.images:
        refuse_unknown(site, deployment.account, {**deployment.images(), **images}, command)
    return package(site, _built(site), deployment.assets.bucket, queries_of(site), images)


def refuse_errors(site: Site, screen: Screen, ignored: Sequence[str]) -> None:
    """Look at what was made as `edgewise check` does, before AWS takes its time. Raises `DeployCommandError`."""
    found = check_template(load_template(_built(site) / "template.yaml"), ignored=ignored)
    errors = [one for one in found if one.rule.level == "error"]
    for one in errors:
        screen.note(f"error {one.rule.id}: {one.message}")
    if errors:
        raise DeployCommandError(
            "AWS would refuse this site, or its requests would fail",
            file=site.file,
            hint=f"`edgewise check` says where and why. If it is wrong about it: --ignore {errors[0].rule.id}.",
        )


def _built(site: Site) -> Path:
    return site.directory / STATE / "deploy"


def settle(
    site: Site,
    aws: Clients,
    assets: Assets,
    result: Result,
    screen: Screen,
    *,
    check: bool,
    log_days: int | None,
) -> None:
    """What comes after the stack: the regions of the edge, and a look at the site. Raises `VerifyError`.

    Every command that changes what everybody meets ends here, also where nothing was left to change: an earlier run may
    have ended before. With 0 `log_days` logs are kept as they are.
    """
    keep_regions(site, aws, result.outputs, screen, log_days=log_days, placed=Placed(assets))
    domain = result.outputs.get("DomainName")
    if check and domain:
        screen.note(
            verify(
                f"https://{domain}/",
                _expected(result.settings_hash, result.versions) if result.recorded else None,
                lambda request, since: find(aws, site.name, request, since),
                tell=screen.step,
            )
        )


def expected_of(
    site: Site, settings_hash: str, versions: Mapping[tuple[str, str], int | None]
) -> Expected | None:
    """What a record would show, where every request of the default behavior leaves one in the functions' logs."""
    return _expected(settings_hash, versions) if leaves_records(site) else None


def _expected(settings_hash: str, versions: Mapping[tuple[str, str], int | None]) -> Expected:
    return Expected(settings_hash, frozenset(one for one in versions.values() if one))


def state_folder(site: Site) -> Path:
    """Where runs are written down."""
    return site.directory / STATE
