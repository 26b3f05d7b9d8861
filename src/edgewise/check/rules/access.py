"""Rules about origins of the same template that CloudFront signs its requests to, and that have to let it in."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from edgewise.cdn.template.bucket_policies import lets_cloudfront
from edgewise.check.distribution import Origin
from edgewise.check.finding import Problem, rule
from edgewise.check.part import UNKNOWN, Part
from edgewise.check.stack import Stack

_BUCKET = "AWS::S3::Bucket"
# Function URLs that are made since October 2025 ask for both.
_INVOKE = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")


def _signed_origins(stack: Stack) -> Iterator[Origin]:
    """The origins with an origin access control, unless a macro may make what they need."""
    for distribution in stack.distributions if not stack.has_macros else ():
        yield from (one for one in distribution.origins if one.part.at("OriginAccessControlId").is_set)


@rule(
    315,
    "warning",
    "a bucket of the template does not let CloudFront read",
    hint="give the bucket an AWS::S3::BucketPolicy that allows s3:GetObject to cloudfront.amazonaws.com",
    source="private-content-restricting-access-to-s3",
)
def bucket_without_policy(stack: Stack) -> Iterator[Problem]:
    for origin in _signed_origins(stack):
        # The name of a bucket may have dots in it; it ends where the service's name begins.
        bucket = stack.named((origin.domain or "").partition(".s3")[0], _BUCKET)
        if origin.kind == "bucket" and bucket is not None and not _may_read(stack, bucket):
            message = (
                f"no policy of {bucket} in this template lets CloudFront read: every request would be 403"
            )
            yield Problem(origin.part.at("OriginAccessControlId"), message)


def _may_read(stack: Stack, bucket: str) -> bool:
    for name in stack.of_type("AWS::S3::BucketPolicy"):
        policy = stack.properties(name)
        named, document = policy.at("Bucket"), policy.at("PolicyDocument").plain()
        is_for_it = not named.is_known or stack.named(named.text, _BUCKET) == bucket
        if is_for_it and (_is_undecided(document) or lets_cloudfront("s3:getobject", document)):
            return True
    return False


def _is_undecided(document: Any) -> bool:
    """Whether a policy may allow more than can be read here: what it says of all but some, or in a text of JSON."""
    if not isinstance(document, dict) or _has_unknown(document):
        return True
    statements = document.get("Statement")
    return any(
        not isinstance(one, dict) or (one.get("Effect") != "Deny" and {"NotAction", "NotPrincipal"} & {*one})
        for one in (statements if isinstance(statements, list) else [statements])
    )


def _has_unknown(value: Any) -> bool:
    """Whether something that decides who may do what is known only at deployment."""
    if isinstance(value, dict):
        return any(
            _has_unknown(item) for name, item in value.items() if name not in ("Condition", "Resource")
        )
    return value is UNKNOWN or (isinstance(value, list) and any(map(_has_unknown, value)))


@rule(
    316,
    "warning",
    "a function of the template behind a function URL does not let CloudFront in",
    hint="add an AWS::Lambda::Permission for lambda:InvokeFunctionUrl and one for lambda:InvokeFunction, which "
    "function URLs need since October 2025, both with the Principal cloudfront.amazonaws.com",
    source="private-content-restricting-access-to-lambda",
)
def function_without_permission(stack: Stack) -> Iterator[Problem]:
    for origin in _signed_origins(stack):
        url = stack.function_url(origin.domain)
        function = stack.function_of_url(url) if url else None
        # Without AWS_IAM nobody is asked who he is.
        if url is None or function is None or url.at("AuthType").text != "AWS_IAM":
            continue
        permissions = stack.of_type("AWS::Lambda::Permission")
        missing = [
            action
            for action in _INVOKE
            if not any(_lets_in(stack, name, function, action) for name in permissions)
        ]
        if missing:
            message = (
                f"no permission of {function} in this template lets CloudFront in for {' and '.join(missing)}: "
                "every request would be 403"
            )
            yield Problem(origin.part.at("OriginAccessControlId"), message)


def _lets_in(stack: Stack, permission: str, function: str, wanted: str) -> bool:
    properties = stack.properties(permission)
    named, principal, action = (properties.at(name) for name in ("FunctionName", "Principal", "Action"))
    return (
        (not named.is_known or stack.function_by_arn(named.text) == function)
        and _is(principal, "cloudfront.amazonaws.com", "*")
        and (not action.is_known or fnmatchcase(wanted.lower(), (action.text or "").lower()))
    )


def _is(part: Part, *texts: str) -> bool:
    """Whether a part is one of some texts, or may be."""
    return not part.is_known or part.text in texts


@rule(
    320,
    "warning",
    "an origin is a function URL that CloudFront does not sign its requests to",
    hint="give it an AWS::CloudFront::OriginAccessControl of the type lambda, and the URL the AuthType AWS_IAM; in a "
    'site file, access = "signed"',
    source="private-content-restricting-access-to-lambda",
)
def public_function_url(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        for origin in distribution.origins:
            if origin.kind == "function URL" and origin.part.at("OriginAccessControlId").is_absent:
                message = "only a public function URL answers: who learns its address goes around CloudFront"
                yield Problem(origin.part.at("DomainName"), message)


@rule(
    321,
    "note",
    "a behavior takes bodies for a function URL that CloudFront signs its requests to",
    hint="let what sends a body say its SHA-256, in hexadecimal, in the header x-amz-content-sha256; browsers do "
    "not do so for a form",
    source="private-content-restricting-access-to-lambda",
)
def unsigned_bodies(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        methods = behavior.part.at("AllowedMethods")
        signed = any(
            one.kind == "function URL" and one.part.at("OriginAccessControlId").is_set
            for one in behavior.origins
        )
        if signed and any(method.text in ("POST", "PUT", "PATCH") for method in methods.items()):
            message = "CloudFront does not hash bodies, and Lambda answers 403 to a body without its hash"
            yield Problem(methods, message)
