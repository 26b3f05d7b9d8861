"""Which buckets CloudFront may list: there a missing key is 404, elsewhere it is 403.

Source: Amazon S3 API reference, GetObject, "Permissions". Only what a policy allows is read: a `Deny` and conditions
besides the distribution's own do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from edgewise.cdn.distribution import BucketOrigin, Origin
from edgewise.cdn.template.document import Template

_CLOUDFRONT = "cloudfront.amazonaws.com"
# What an origin access identity is called in a policy; the last is its attribute in a template.
_IDENTITIES = ("user/CloudFront", "S3CanonicalUserId")
_LIST = "s3:listbucket"


def listed_buckets(template: Template, origins: Iterable[Origin]) -> frozenset[str]:
    """The domains of the bucket origins whose bucket policy of the template lets CloudFront list the bucket."""
    buckets = {
        str(template.node(name).value("Bucket"))
        for name in template.of_type("AWS::S3::BucketPolicy")
        if lets_cloudfront(_LIST, template.node(name).value("PolicyDocument"))
    }
    return frozenset(
        origin.domain
        for origin in origins
        if isinstance(origin, BucketOrigin) and origin.domain.partition(".s3")[0] in buckets
    )


def lets_cloudfront(action: str, document: Any) -> bool:
    """Whether a bucket policy lets CloudFront do something; `action` is in lower case, such as `s3:getobject`."""
    statements = document.get("Statement") if isinstance(document, dict) else None
    return any(_allows(action, statement) for statement in _listed(statements))


def _allows(action: str, statement: Any) -> bool:
    if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
        return False
    actions = _listed(statement.get("Action"))
    return _is_cloudfront(statement.get("Principal")) and any(
        isinstance(allowed, str) and fnmatchcase(action, allowed.lower()) for allowed in actions
    )


def _is_cloudfront(principal: Any) -> bool:
    """CloudFront as a service, one of its origin access identities, or everybody."""
    if not isinstance(principal, dict):
        return bool(principal == "*")
    named = [*_listed(principal.get("AWS")), *_listed(principal.get("CanonicalUser"))]
    return (
        _CLOUDFRONT in _listed(principal.get("Service"))
        or "*" in named
        or any(mark in str(name) for name in named for mark in _IDENTITIES)
    )


def _listed(value: Any) -> list[Any]:
    """A policy's value as a list: one alone may stand without it."""
    return value if isinstance(value, list) else [] if value is None else [value]
