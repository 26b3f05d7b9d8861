"""The resources of the Lambda@Edge functions: two functions, their numbered versions, their role.

What the edge forbids (environment variables, layers, VPC, arm64, aliases, `$LATEST`) is simply not written.
Source: "Restrictions on Lambda@Edge" and "Set up IAM permissions and roles for Lambda@Edge" in the CloudFront
developer guide.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from edgewise.site import limits
from edgewise.site.model import Site
from edgewise.site.own_functions import ORIGIN, VIEWER, own_function
from edgewise.site.template_permissions import LOG_ACTIONS, edge_permissions, policies, policy, trust

# One folder for both functions: the same code, with the time and memory its trigger may have.
CODE_FOLDER = "functions/edge"


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the two functions: its logical id, the end of its name, what it serves and what it may use."""

    id: str
    suffix: str
    triggers: tuple[str, ...]
    memory_mb: int
    timeout_s: int

    def name(self, site: Site) -> str:
        return own_function(site.name, self.suffix)


_KINDS = (
    _Kind(
        "ViewerFunction",
        VIEWER,
        ("viewer-request", "viewer-response"),
        limits.VIEWER_MEMORY_MB,
        limits.VIEWER_TIMEOUT_S,
    ),
    _Kind(
        "OriginFunction",
        ORIGIN,
        ("origin-request", "origin-response"),
        limits.ORIGIN_MEMORY_MB,
        limits.ORIGIN_TIMEOUT_S,
    ),
)


def function_names(site_name: str) -> tuple[str, ...]:
    """What the edge functions of a site of this name are called, whether some trigger needs them or not."""
    return tuple(own_function(site_name, kind.suffix) for kind in _KINDS)


def served_functions(site: Site) -> tuple[str, ...]:
    """What the edge functions are called that some trigger of this site needs."""
    return tuple(kind.name(site) for kind in _KINDS if set(kind.triggers) & set(site.triggers))


def version_ids(site: Site, code_hash: str) -> dict[str, str]:
    """The logical id of the function version that serves each trigger; empty when no behavior runs functions.

    The id carries a hash of the code and of the function's properties, because a published version keeps both
    for ever: a change of either is a new version, and no change is none.
    """
    if not site.runs_functions:
        return {}
    return {
        trigger: _version_id(site, kind, code_hash)
        for trigger in site.triggers
        for kind in _KINDS
        if trigger in kind.triggers
    }


def function_resources(site: Site, versions: dict[str, str]) -> dict[str, Any]:
    """The functions that some trigger uses, their versions and their role."""
    resources: dict[str, Any] = {}
    names = []
    for kind in _KINDS:
        version = next((versions[trigger] for trigger in kind.triggers if trigger in versions), None)
        if version:
            resources[kind.id] = _function(site, kind)
            resources[version] = _version(kind.id)
            names.append(kind.name(site))
    if names:
        resources["FunctionRole"] = _role(site, names)
    return resources


def _version_id(site: Site, kind: _Kind, code_hash: str) -> str:
    settled = json.dumps([code_hash, _function(site, kind)["Properties"]], sort_keys=True)
    return f"{kind.id}Version{hashlib.sha256(settled.encode()).hexdigest()[:12]}"


def _function(site: Site, kind: _Kind) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            # Fixed, because the role's log groups are known by it before the function exists.
            "FunctionName": kind.name(site),
            "Description": f"Runs at {' and '.join(kind.triggers)} of {site.name}.",
            "Runtime": limits.RUNTIME,
            "Architectures": ["x86_64"],
            "Handler": site.handler,
            "MemorySize": kind.memory_mb,
            "Timeout": kind.timeout_s,
            "Role": {"Fn::GetAtt": ["FunctionRole", "Arn"]},
            "Code": CODE_FOLDER,
        },
    }


def _version(function: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Version",
        # A deployment that fails takes its version back: one that stayed would stand in the way of the next try.
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {"FunctionName": {"Ref": function}},
    }


def _role(site: Site, function_names: list[str]) -> dict[str, Any]:
    # The region is a star: a replica logs where it runs, and its group's name keeps the home region. The last
    # star stands for the group's streams; Lambda asks for `log-stream:` even when it makes the group.
    groups = [
        f"arn:${{AWS::Partition}}:logs:*:${{AWS::AccountId}}:log-group:/aws/lambda/us-east-1.{name}:*"
        for name in function_names
    ]
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": "Lets the edge functions write their logs in every region where CloudFront runs them.",
            "AssumeRolePolicyDocument": trust("lambda.amazonaws.com", "edgelambda.amazonaws.com"),
            "Policies": [policy("logs", LOG_ACTIONS, groups), *policies(edge_permissions(site))],
        },
    }
