"""Puts together what a deployment works with: the site, AWS's clients, the place where runs are written down."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgewise.cdn import load_template
from edgewise.check import check_template
from edgewise.cli.deploying.screen import Screen
from edgewise.cli.errors import DeployCommandError
from edgewise.cli.saving import queries_of
from edgewise.cloud.clients import Clients
from edgewise.cloud.deploy import Deployment, Result
from edgewise.cloud.edgelogs import find
from edgewise.cloud.errors import CloudError
from edgewise.cloud.loggroups import set_retention
from edgewise.cloud.package import Package, package
from edgewise.cloud.verify import Expected, verify
from edgewise.site import Site

STATE = ".edgewise"


def deployment_of(site: Site, aws: Clients, screen: Screen) -> Deployment:
    """The deployment of a site in the account that is signed in to. Raises `CredentialsError`."""
    return Deployment(aws, site.name, site.directory / STATE, tell=screen.step)


def package_of(site: Site, deployment: Deployment) -> Package:
    """What the site needs on AWS, made in a folder of ours. Raises `SiteError` and `BuildError`."""
    return package(site, _built(site), deployment.assets.bucket, queries_of(site))


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
    site: Site, aws: Clients, result: Result, screen: Screen, *, check: bool, log_days: int | None
) -> None:
    """What comes after the stack: how long logs are kept, and a look at the site. Raises `VerifyError`.

    Also after a deployment that another run of the command finished. With 0 `log_days` logs are kept as they are.
    """
    if site.runs_functions and log_days != 0:
        _keep_logs(site, aws, screen, log_days)
    domain = result.outputs.get("DomainName")
    if check and domain:
        screen.note(
            verify(
                f"https://{domain}/",
                _expected(site, result),
                lambda request, since: find(aws, site.name, request, since),
                tell=screen.step,
            )
        )


def _expected(site: Site, result: Result) -> Expected | None:
    """What a record would show, where every request of the default behavior leaves one in the functions' logs."""
    log = site.log
    if log is None or log.delivery != "stdout" or log.sample < 1 or not site.triggers_of(site.default):
        return None
    return Expected(result.settings_hash, frozenset(one for one in result.versions.values() if one))


def _keep_logs(site: Site, aws: Clients, screen: Screen, days: int | None) -> None:
    try:
        kept = set_retention(aws, site.name, days)
    except CloudError as error:
        screen.note(f"logs are kept for ever: {error.message}")
        return
    for one in kept:
        if one.trouble and not one.is_off:
            screen.note(f"logs in {one.region} are kept as they were: {one.trouble}")


def state_folder(site: Site) -> Path:
    """Where runs are written down."""
    return site.directory / STATE
