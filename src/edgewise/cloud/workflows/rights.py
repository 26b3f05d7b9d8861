"""What the roles of workflows may do.

A deployment's actions are those that `edgewise doctor` asks for; here each gets the resources of the site, by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from edgewise.cloud.doctor.actions import CUT, needed
from edgewise.cloud.workflows.policy_text import ACCOUNT, DISTRIBUTION, Statement
from edgewise.site import Site
from edgewise.site.template_images import image_name

# As long as an account's number, so that names that depend on its length come out right.
_DIGITS: Final = "1" * 12
_READS: Final = re.compile(r"[a-z0-9]+:(Describe|Get|List)")
_PASS: Final = "iam:PassRole"
# A policy has these with an asterisk ("Set up IAM permissions and roles for Lambda@Edge").
_STARRED: Final = {f"lambda:{one}Replication": f"lambda:{one}Replication*" for one in ("Disable", "Enable")}
# Replicas of tables, logs of functions and alarms on them are in many regions, the app's stack and image in its own.
_REGIONAL: Final = re.compile(r":(cloudformation|cloudwatch|dynamodb|ecr|events|lambda|logs):us-east-1:")
_DISTRIBUTION: Final = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{DISTRIBUTION}"
_INVALIDATION: Final = ("cloudfront:CreateInvalidation", "cloudfront:GetInvalidation")
_PUSH: Final = (
    "BatchCheckLayerAvailability BatchGetImage CompleteLayerUpload DescribeImages GetDownloadUrlForLayer "
    "GetRepositoryPolicy InitiateLayerUpload PutImage UploadLayerPart"
)


def plan_statements(site: Site, templates: Sequence[Mapping[str, Any]]) -> list[Statement]:
    """To read what is deployed."""
    rights = _rights(site, templates)
    reads = {where: {one for one in actions if _READS.match(one)} for where, actions in rights.items()}
    return list(_statements(reads))


def deploy_statements(site: Site, templates: Sequence[Mapping[str, Any]]) -> list[Statement]:
    """To deploy the site, fill its buckets and empty its cache."""
    rights = _rights(site, templates)
    bucket = f"arn:aws:s3:::{_called_after(site.name)}"
    _add(rights, bucket, ("s3:ListBucket",))
    _add(rights, f"{bucket}/*", ("s3:PutObject",))
    _add(rights, _DISTRIBUTION, _INVALIDATION)
    for where in _handed_on(site):
        _add(rights, where, ("logs:PutSubscriptionFilter",))
    passed = {where for where, actions in rights.items() if _PASS in actions}
    for where in passed:
        rights[where].remove(_PASS)
    services = _passed_to(templates)
    passing = [Statement((_PASS,), tuple(sorted(passed)), services)] if passed else []
    return [*_statements(rights), *passing]


def _handed_on(site: Site) -> list[str]:
    """What a subscription to a destination of CloudWatch Logs is for; one to a stream has a role, which tells it."""
    subscription = site.log.subscription if site.log and site.runs_functions else None
    if subscription is None or subscription.needs_role:
        return []
    group = f"arn:aws:logs:*:{ACCOUNT}:log-group:/aws/lambda/us-east-1.{site.name}-*"
    return [group, subscription.destination.replace("{region}", "*")]


def _passed_to(templates: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The services that the roles of the templates are for."""
    roles = [
        one["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        for template in templates
        for one in template["Resources"].values()
        if one["Type"] == "AWS::IAM::Role"
    ]
    named = [one["Principal"]["Service"] for statements in roles for one in statements]
    return tuple(sorted({each for one in named for each in ([one] if isinstance(one, str) else one)}))


def app_statements(site: Site) -> list[Statement]:
    """To bring images of the app, let its function run one, and look at the site through CloudFront.

    Lambda reads an image with the rights of whoever names it.
    """
    rights: dict[str, set[str]] = {"*": {"ecr:GetAuthorizationToken"}}
    for one in site.images:
        name = image_name(site.name, one.name)
        repository = f"arn:aws:ecr:{one.region}:{ACCOUNT}:repository/{name}"
        _add(rights, repository, (f"ecr:{action}" for action in _PUSH.split()))
        _add(
            rights,
            f"arn:aws:lambda:{one.region}:{ACCOUNT}:function:{name}",
            ("lambda:GetFunction", "lambda:UpdateFunctionCode"),
        )
    stack = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{site.name}/*"
    _add(rights, stack, ("cloudformation:DescribeStacks",))
    _add(rights, _DISTRIBUTION, _INVALIDATION)
    return list(_statements(rights))


def _rights(site: Site, templates: Sequence[Mapping[str, Any]]) -> dict[str, set[str]]:
    """Actions by the names of the resources they are for."""
    rights: dict[str, set[str]] = {}
    for template in templates:
        for example, actions in needed(template, site.name, _DIGITS).items():
            for where in _named(example.replace(_DIGITS, ACCOUNT), site):
                _add(rights, where, (_STARRED.get(one, one) for one in actions))
    return rights


def _add(rights: dict[str, set[str]], where: str, actions: Iterable[str]) -> None:
    if added := set(actions):
        rights.setdefault(where, set()).update(added)


def _named(example: str, site: Site) -> list[str]:
    """The resources of the site that an example stands for: all that bears its name, all that AWS numbers."""
    where = _REGIONAL.sub(r":\1:*:", example)
    if where.endswith(":catalog"):
        base, database = where.removesuffix("catalog"), f"{site.name.replace('-', '_')}_*"
        return [where, f"{base}database/{database}", f"{base}table/{database}/*"]
    if ":hostedzone/" in where and site.domain and site.domain.zone:
        return [f"arn:aws:route53:::hostedzone/{site.domain.zone.id}"]
    if ":distribution/" in where:
        return [_DISTRIBUTION]
    if where.endswith("EXAMPLE"):
        return [re.sub(r"[A-Z0-9]+$", "*", where)]
    if ":stack/" in where:
        return [where, *([where.replace(f"/{site.name}/", f"/{site.name}-app/")] if site.app_regions else ())]
    if ":log-group:" in where:
        named = re.sub(rf"([:/.]{re.escape(site.name)}-)[^/.]*$", r"\1*", where)
        # Some actions are asked for on a group with its streams, some without.
        return [named] if named != where else [where, where.removesuffix(":*")]
    if "edgewise-assets" in where:
        return [where]
    return _by_name(where, site.name)


def _by_name(where: str, site: str) -> list[str]:
    """What is called after the site: `NAME-part`, `NAME.alarm`, or `NAME` itself."""
    cut = site[:CUT]
    named = re.fullmatch(rf"(.*[:/])({re.escape(site)}|{re.escape(cut)})([-.].+)?", where)
    if named is None:
        return [where]
    before, name, end = named[1], named[2], named[3] or ""
    if end.startswith("."):
        return [f"{before}{name}.*"]
    if name != site:
        return [f"{before}{_called_after(site)}"]
    itself = () if end else (f"{before}{site}",)
    dotted = (f"{before}{site}.*",) if ":alarm:" in where else ()
    return [f"{before}{site}-*", *itself, *dotted]


def _called_after(site: str) -> str:
    """What CloudFormation calls something that has no name of its own; it may have cut the site's."""
    return f"{site}-*" if len(site) <= CUT else f"{site[:CUT]}*"


def _statements(rights: Mapping[str, Iterable[str]]) -> Iterator[Statement]:
    """A statement for each set of actions, with all resources that it is for."""
    resources: dict[tuple[str, ...], list[str]] = {}
    for where, actions in sorted(rights.items()):
        if known := tuple(sorted(actions)):
            resources.setdefault(known, []).append(where)
    for actions, places in resources.items():
        yield Statement(actions, tuple(places))
