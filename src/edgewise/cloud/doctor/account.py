"""What of an account stands in a site's way: the state of its stack, quotas, and secrets that are not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from edgewise.cloud.asking import called
from edgewise.cloud.clients import HOME_REGION, Clients
from edgewise.cloud.doctor.finding import Finding, unknown
from edgewise.cloud.edgelogs import is_off
from edgewise.cloud.errors import CloudError
from edgewise.cloud.stack import Stack, app_stack
from edgewise.site import Secret, Site
from edgewise.site.secret import region_of

# "Concurrent executions" of Lambda in Service Quotas. The default is 1,000; new accounts begin with 10.
_CONCURRENCY: Final = ("lambda", "L-B99A9384")
_USUAL: Final = 1000
_AT_ONCE: Final = 16


def check_stack(aws: Clients, site: Site) -> tuple[str, list[Finding]]:
    """The distribution's own name, empty before it is there, and what is to be said about the stack."""
    outputs, finding = _look_at(Stack(aws("cloudformation"), site.name))
    apps = [_look_at(app_stack(aws, site.name, region))[1] for region in site.app_regions]
    return outputs.get("DomainName", ""), [finding, *apps]


def _look_at(stack: Stack) -> tuple[Mapping[str, str], Finding]:
    """A stack's outputs, and what is to be said about it."""
    try:
        deployed = stack.read()
    except CloudError as error:
        return {}, unknown("stack", error)
    if deployed is None:
        return {}, Finding("stack", "ok", f"{stack.name} is not deployed yet; it will be in {stack.region}")
    what = f"{stack.name} in {stack.region} is {deployed.status}"
    if deployed.in_progress:
        return deployed.outputs, Finding("stack", "warning", what, "Wait until CloudFormation has finished.")
    if deployed.is_remains or deployed.status.endswith("_FAILED"):
        hint = "Read its events in CloudFormation's console; `edgewise deploy` says what it can do about it."
        return deployed.outputs, Finding("stack", "error", what, hint)
    return deployed.outputs, Finding("stack", "ok", what)


def check_quotas(aws: Clients, regions: Iterable[str]) -> Iterator[Finding]:
    """Whether Lambda may run as much at a time as it usually may, where functions run at the edge."""
    service, code = _CONCURRENCY

    def ask(region: str) -> float | CloudError:
        try:
            client = aws("service-quotas", region)
            asked = called(region, lambda: client.get_service_quota(ServiceCode=service, QuotaCode=code))
            return float(asked["Quota"]["Value"])
        except CloudError as error:
            return error

    names = sorted(regions)
    with ThreadPoolExecutor(_AT_ONCE, "edgewise-quotas") as threads:
        told = dict(zip(names, threads.map(ask, names), strict=True))
    known = {region: value for region, value in told.items() if isinstance(value, float)}
    failed = [error for error in told.values() if isinstance(error, CloudError) and not is_off(error)]
    for value in sorted({value for value in known.values() if value < _USUAL}):
        where = ", ".join(region for region, one in known.items() if one == value)
        yield Finding(
            "quotas",
            "warning",
            f"Lambda runs at most {value:,.0f} functions at a time in {where}",
            "Visitors beyond that get 503. Ask for more in Service Quotas: Lambda, Concurrent executions.",
        )
    if failed:
        yield unknown("quotas", failed[0])
    elif known and min(known.values()) >= _USUAL:
        yield Finding("quotas", "ok", f"Lambda runs {min(known.values()):,.0f} functions at a time or more")


def check_secrets(aws: Clients, site: Site) -> Iterator[Finding]:
    """Whether the secrets that the site names are there. Their values are not asked for."""
    for secret, region in site_secrets(site):
        what = f"the secret {secret.name} of {secret.source} in {region}"
        try:
            _look_for(aws, secret, region)
        except CloudError as error:
            if error.reason in ("ParameterNotFound", "ResourceNotFoundException"):
                hint = "Make it; its value is never in the template nor in the functions' code."
                yield Finding("secrets", "error", f"{what} is not there", hint)
            else:
                yield unknown("secrets", error)
        else:
            yield Finding("secrets", "ok", f"{what} is there")


def site_secrets(site: Site) -> list[tuple[Secret, str]]:
    """Every secret that a site names, with the region where it is."""
    log, rollout = site.log, site.rollout
    named = [(secret, log.region) for secret in log.secrets] if log else []
    if rollout:
        named.append((rollout.key, HOME_REGION))
    if log and rollout and rollout.judge and rollout.judge.password:
        named.append((rollout.judge.password, log.region))
    if site.real_time_log:
        real_time = site.real_time_log
        named += [(real_time.access_key, HOME_REGION)]
        named += [(real_time.privacy.key, real_time.region)] if real_time.privacy.key else []
    named += [(secret, one.region) for one in site.images for secret in one.secrets.values()]
    # One secret may be named twice: two logs with one key.
    found = dict.fromkeys((secret, region_of(secret.name, region)) for secret, region in named)
    return list(found)


def _look_for(aws: Clients, secret: Secret, region: str) -> None:
    if secret.source == "ssm":
        # As it is encrypted; to know that it is there needs no more.
        called(secret.name, lambda: aws("ssm", region).get_parameter(Name=secret.name, WithDecryption=False))
    else:
        called(secret.name, lambda: aws("secretsmanager", region).describe_secret(SecretId=secret.name))
