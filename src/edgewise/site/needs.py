"""What a site needs on AWS and its template does not make: where its records go, and the secrets that it names.

These outlive the site, so they are the user's.
"""

from __future__ import annotations

from edgewise.site import limits
from edgewise.site.model import Log, Site
from edgewise.site.regions import POSITIONS
from edgewise.site.secret import Secret
from edgewise.site.template_images import image_name, image_parameter

# By delivery, where records go.
_PLACES = {
    "openobserve": "{url}",
    "firehose": "the Firehose stream {stream_name} in {region}",
    "step-functions": "the state machine {state_machine_arn}",
    "eventbridge": "the event bus {bus} in {region}",
}
_DEFAULTS = {"url": "OpenObserve", "bus": "default"}


def records_go_to(log: Log) -> str | None:
    """Where records go on AWS, in words; None for standard output, which needs no place."""
    place = _PLACES.get(log.delivery)
    return place and place.format_map(_DEFAULTS | {"region": log.region, **log.target})


def needed_on_aws(site: Site) -> list[str]:
    """Everything that has to be there, in words."""
    needed = _new_regions(site) + _for_images(site) + _for_the_names(site) + _for_real_time(site)
    if not site.runs_functions:
        return needed
    needed += _for_the_log(site.log) if site.log else []
    if site.rollout:
        needed.append(_in_words(site.rollout.key, limits.HOME_REGION))
    if site.log and site.rollout and site.rollout.judge and site.rollout.judge.password:
        needed.append(_in_words(site.rollout.judge.password, site.log.region))
    if site.statistics and site.statistics.own_key:
        needed.append(_in_words(site.statistics.own_key, limits.HOME_REGION))
    return needed


def _new_regions(site: Site) -> list[str]:
    """Those that are called as regions are, and that we do not know: newer ones, or slips."""
    named = dict.fromkeys((*(one.region for one in site.images), *((site.log.region,) if site.log else ())))
    return [
        f"the region {one}, which this version of Edgewise does not know: look whether it is written so"
        for one in named
        if one not in POSITIONS
    ]


def _for_images(site: Site) -> list[str]:
    needed = []
    for one in site.images:
        needed.append(
            f"the image of the origin {one.name}, in the repository {image_name(site.name, one.name)} of ECR's in "
            f"{one.region}; the parameter {image_parameter(one)} is its address"
        )
        needed += [_in_words(secret, one.region) for secret in one.secrets.values()]
        needed += [f"the policy {arn}" for arn in one.policies if not arn.startswith("arn:aws:iam::aws:")]
        if one.network:
            needed.append(
                f"{', '.join((*one.network.subnets, *one.network.security_groups))} in {one.region}"
            )
    # Variables, and apps, may share one.
    return list(dict.fromkeys(needed))


def _for_the_names(site: Site) -> list[str]:
    if site.domain is None or site.domain.zone:
        return []
    return [f"a record of the DNS that leads {name} to the distribution" for name in site.domain.names]


def _for_real_time(site: Site) -> list[str]:
    log = site.real_time_log
    if log is None:
        return []
    secrets = [(log.access_key, limits.HOME_REGION)]
    if log.privacy.key and not (site.log and site.log.privacy.key == log.privacy.key):
        secrets.append((log.privacy.key, log.region))
    return [log.url, *(_in_words(secret, region) for secret, region in secrets)]


def _for_the_log(log: Log) -> list[str]:
    place = records_go_to(log)
    return [*([place] if place else []), *(_in_words(secret, log.region) for secret in log.secrets)]


def _in_words(secret: Secret, region: str) -> str:
    place = "" if secret.name.startswith("arn:") else f" in {region}"
    return f"the secret {secret.name} of {secret.source}{place}"
