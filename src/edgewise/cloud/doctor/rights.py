"""Whether these credentials may do what a deployment does, by IAM's own simulation of their policies.

Each action (`actions.py`) is asked for on the resource that it would be for. The simulation knows nothing of policies
on resources. Source: SimulatePrincipalPolicy in IAM's API Reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from edgewise.cloud.asking import called, pages
from edgewise.cloud.clients import Clients
from edgewise.cloud.doctor.actions import needed, without_rights
from edgewise.cloud.doctor.finding import Finding, unknown
from edgewise.cloud.doctor.identity import Identity
from edgewise.cloud.errors import CloudError

_ASSUMED: Final = re.compile(r"arn:([a-z-]+):sts::(\d+):assumed-role/([^/]+)/")


def check_rights(
    aws: Clients,
    identity: Identity,
    template: Mapping[str, Any],
    site: str,
    apps: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Iterator[Finding]:
    """What these credentials lack, and what could not be simulated; `apps` are templates of other regions by those."""
    if identity.arn.endswith(":root"):
        hint = "Deploy with a role that may do what a deployment needs and no more."
        yield Finding("rights", "warning", "the account's root user may do everything", hint)
        return
    wanted = needed(template, site, identity.account)
    for region, app in apps.items():
        for resource, actions in needed(app, site, identity.account, region).items():
            wanted[resource] = sorted({*wanted.get(resource, ()), *actions})
    try:
        source = _policy_source(aws, identity.arn)
        denied = [
            f"{action} on {resource}"
            for resource, actions in wanted.items()
            for action in _denied(aws, source, resource, actions)
        ]
    except CloudError as error:
        yield unknown("rights", error)
        return
    if not denied:
        count = sum(map(len, wanted.values()))
        yield Finding("rights", "ok", f"{source} may do all {count} things that a deployment needs")
    for one in denied:
        yield Finding("rights", "error", f"{source} may not {one}", "Let its policies allow it.")
    if strange := sorted({one for each in (template, *apps.values()) for one in without_rights(each)}):
        yield Finding("rights", "unknown", f"what {', '.join(strange)} needs is not known here")


def _policy_source(aws: Clients, arn: str) -> str:
    """Whose policies count: for a session that of its role, which may have a path that the session does not tell."""
    assumed = _ASSUMED.match(arn)
    if not assumed:
        return arn
    found = called(assumed[3], lambda: aws("iam").get_role(RoleName=assumed[3]))
    return str(found["Role"]["Arn"])


def _denied(aws: Clients, source: str, resource: str, actions: list[str]) -> Iterator[str]:
    asked = pages(
        source,
        aws("iam"),
        "simulate_principal_policy",
        PolicySourceArn=source,
        ActionNames=actions,
        ResourceArns=[resource],
    )
    for page in asked:
        for result in page["EvaluationResults"]:
            # A condition whose value only the real call has is not held against anybody.
            if result["EvalDecision"] != "allowed" and not result.get("MissingContextValues"):
                yield result["EvalActionName"]
