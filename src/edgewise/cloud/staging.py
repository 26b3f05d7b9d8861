"""A staged change: two templates in, one out, in which a few requests meet the new one and all others the old.

CloudFront calls it continuous deployment: a second distribution that has no name of its own, and a policy that sends
requests there by their share or by a header. CloudFormation stays the one owner: a staged stack is a template like any
other, promoting deploys the new one, abandoning the old. (`UpdateDistributionWithStagingConfig` would change the
distribution behind CloudFormation's back.) Source: "Use CloudFront continuous deployment" in the developer guide and
"Quotas and other considerations" there.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from edgewise.cloud.admission import ROLE, admitting, with_policies_of
from edgewise.cloud.clients import HOME_REGION
from edgewise.cloud.errors import StagingError
from edgewise.cloud.traffic import Traffic
from edgewise.cloud.versions import (
    DISTRIBUTION,
    VERSION,
    function_of,
    is_staging,
    versions,
    with_old_versions,
)
from edgewise.site import Site

STAGING: Final = "StagingDistribution"
POLICY: Final = "StagingPolicy"
POLICY_TYPE: Final = "AWS::CloudFront::ContinuousDeploymentPolicy"
STAGING_OUTPUT: Final = "StagingDistributionId"
POLICY_ID: Final = "ContinuousDeploymentPolicyId"
# What the two distributions may differ in ("Update primary and staging distributions").
_MAY_DIFFER: Final = frozenset(
    (
        "CacheBehaviors",
        "Comment",
        "CustomErrorResponses",
        "DefaultCacheBehavior",
        "DefaultRootObject",
        "Logging",
        "OriginGroups",
        "Origins",
        "Restrictions",
    )
)


def is_staged(template: Mapping[str, Any]) -> bool:
    """Whether a change is staged in a deployed template."""
    return STAGING in template.get("Resources", {})


def refuse_staged(template: Mapping[str, Any], stack: str) -> None:
    """Raises `StagingError` if a change is staged: what is done to the whole stack would end it unseen."""
    if is_staged(template):
        raise StagingError(
            f"a change is staged, for {traffic_of(template).sentence}",
            file=stack,
            hint="`edgewise promote` brings it to everybody, `edgewise abandon` takes it back; then go on.",
        )


def traffic_of(template: Mapping[str, Any]) -> Traffic:
    """Who meets the change that is staged in a deployed template."""
    config = template["Resources"][POLICY]["Properties"]["ContinuousDeploymentPolicyConfig"]
    return Traffic.read(config["TrafficConfig"])


def detached(template: dict[str, Any], deployed: Mapping[str, Any], stray: str = "") -> dict[str, Any]:
    """The template; where the deployed distribution has or had a policy, it says in so many words that it has none.

    `stray` is the policy that CloudFront has there and the deployed template does not know. CloudFront takes an update
    that leaves the policy out as no change of it, and would go on with it; whether it takes an empty text as none is
    not certain, so that afterwards somebody has to look (`detaching.py`).
    """
    _, before = _primary(deployed)
    if before and (stray or POLICY_ID in _config(before)):
        name, one = _primary(template)
        template["Resources"][name] = _configured(one, {**_config(one), POLICY_ID: ""})
    return template


def staged(deployed: Mapping[str, Any], new: Mapping[str, Any], traffic: Traffic) -> dict[str, Any]:
    """The template in which `traffic` meets `new`, and everybody else what is `deployed`. Neither has a staged change.

    Raises `StagingError` for what cannot be had twice.
    """
    _refuse_unfit(deployed, new)
    template = with_old_versions(new, deployed)
    for part in ("Parameters", "Conditions", "Mappings"):
        if both := {**deployed.get(part, {}), **new.get(part, {})}:
            template[part] = both
    name, primary = _primary(deployed)
    _, other = _primary(new)
    template["Resources"] = {
        **admitting(_joined(deployed["Resources"], template["Resources"]), name, STAGING),
        name: _configured(primary, {**_config(primary), POLICY_ID: {"Ref": POLICY}}),
        STAGING: _configured(other, _staging_config(_config(primary), _config(other))),
        POLICY: _policy(traffic),
    }
    output = {"Description": "The distribution of the staged change.", "Value": {"Ref": STAGING}}
    template["Outputs"] = {**deployed.get("Outputs", {}), STAGING_OUTPUT: output}
    return template


def _joined(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The resources of both. What only the old one has stays until the new one is promoted."""
    joined: dict[str, Any] = {}
    for name in dict.fromkeys((*new, *old)):
        before, after = old.get(name), new.get(name)
        if before and after and before["Type"] == after["Type"] == ROLE:
            joined[name] = with_policies_of(after, before)
        else:
            # Of a function too: its numbered versions keep the code and the settings that they were made of.
            joined[name] = copy.deepcopy(after or before)
    return joined


def _refuse_unfit(deployed: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raises `StagingError` for what everybody would meet at once, and for what CloudFront does not stage."""
    shared = [*_shared(deployed, new)]
    if shared:
        raise StagingError(
            f"this would change for everybody at once: {', '.join(shared)}",
            hint="Deploy that first, with `edgewise deploy`, and stage the rest.",
        )
    before, after = (_config(_primary(one)[1]) for one in (deployed, new))
    if "3" in before.get("HttpVersion", ""):
        raise StagingError(
            "CloudFront does not stage changes of a distribution with HTTP/3", key="HttpVersion"
        )
    for origin in (*before["Origins"], *after["Origins"]):
        if "ResponseCompletionTimeout" in origin:
            raise StagingError(
                f"CloudFront does not stage changes while the origin {origin['Id']} has a ResponseCompletionTimeout"
            )
        domain = origin["DomainName"]
        if "OriginAccessControlId" in origin and isinstance(domain, Mapping) and "Ref" in domain:
            raise _apart(origin["Id"])


def refuse_apps_apart(site: Site) -> None:
    """Raises `StagingError` for a site with an app that no staged change can reach, as its site file says."""
    for origin in site.images:
        if origin.signed and origin.region != HOME_REGION:
            raise _apart(origin.name, site.file)


def _apart(origin: str, file: Path | None = None) -> StagingError:
    return StagingError(
        f"the function behind the origin {origin} is in another region, and lets in this site's distribution alone",
        file=file,
        hint="It cannot be staged: `edgewise deploy` brings the change to everybody.",
    )


def _shared(deployed: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What both sides have, and the new one has otherwise."""
    edge = {function_of(one) for _, one in versions(new)}
    old = deployed["Resources"]
    for name, one in new["Resources"].items():
        if name not in old or one == old[name] or one["Type"] == old[name]["Type"] in (DISTRIBUTION, VERSION):
            continue
        if one["Type"] != old[name]["Type"] or not (
            name in edge or _differ_in_policies_alone(one, old[name])
        ):
            yield name
    for part in ("Parameters", "Conditions", "Mappings"):
        before = deployed.get(part, {})
        yield from (name for name, one in new.get(part, {}).items() if before.get(name, one) != one)
    before, after = (_config(_primary(one)[1]) for one in (deployed, new))
    for key in dict.fromkeys((*after, *before)):
        if key not in _MAY_DIFFER and (after.get(key) or "") != (before.get(key) or ""):
            yield f"{key} of the distribution"


def _differ_in_policies_alone(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    without = [{**role, "Properties": {**role["Properties"], "Policies": []}} for role in (one, other)]
    return one["Type"] == ROLE and without[0] == without[1]


def _staging_config(primary: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The new distribution, without names of its own, and as the primary is where the two must be the same."""
    config = {key: value for key, value in primary.items() if key not in {*_MAY_DIFFER, "Aliases", POLICY_ID}}
    config |= {key: value for key, value in other.items() if key in _MAY_DIFFER}
    return {**config, "Comment": f"{other.get('Comment', '')}: staged".lstrip(": "), "Staging": True}


def _policy(traffic: Traffic) -> dict[str, Any]:
    config = {
        "Enabled": True,
        "StagingDistributionDnsNames": [{"Fn::GetAtt": [STAGING, "DomainName"]}],
        "TrafficConfig": traffic.config,
    }
    return {
        "Type": POLICY_TYPE,
        "Properties": {"ContinuousDeploymentPolicyConfig": config},
    }


def _primary(template: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The distribution that visitors ask for, by its name in the template; an empty name if there is none."""
    for name, one in template.get("Resources", {}).items():
        if one.get("Type") == DISTRIBUTION and not is_staging(one):
            return name, one
    return "", {}


def _config(distribution: Mapping[str, Any]) -> Mapping[str, Any]:
    config: Mapping[str, Any] = distribution["Properties"]["DistributionConfig"]
    return config


def _configured(distribution: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with another configuration."""
    changed = copy.deepcopy(dict(distribution))
    changed["Properties"]["DistributionConfig"] = copy.deepcopy(dict(config))
    return changed
