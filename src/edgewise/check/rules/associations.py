"""Rules about which function a behavior runs at which trigger. Source: Developer Guide, restrictions."""

from __future__ import annotations

from collections.abc import Iterator

from edgewise.cdn.distribution import TRIGGERS
from edgewise.cdn.template.identities import ACCOUNT, REGION
from edgewise.check.counting import counting_of
from edgewise.check.distribution import Association, Distribution
from edgewise.check.finding import Problem, rule
from edgewise.check.stack import Stack
from edgewise.check.steering import steering_of

_ALL_EDGE = "edge-function-restrictions-all"
_LAMBDA_EDGE = "lambda-at-edge-function-restrictions"
_VIEWER_TRIGGERS = ("viewer-request", "viewer-response")


def _associations(stack: Stack) -> Iterator[Association]:
    for behavior in stack.behaviors:
        yield from behavior.associations


@rule(
    201,
    "error",
    "an association does not name a numbered function version",
    hint="name an AWS::Lambda::Version with `!Ref`, or an ARN that ends in the version's number",
    source=_LAMBDA_EDGE,
)
def numbered_version(stack: Stack) -> Iterator[Problem]:
    for association in _associations(stack):
        problem = _not_a_version(association, stack)
        if problem:
            part = association.part.at("LambdaFunctionARN")
            yield Problem(part, f"{problem}; CloudFront takes numbered versions only")


def _not_a_version(association: Association, stack: Stack) -> str:
    """What an association names instead of a version; empty if it names one, or if that cannot be known."""
    text, arn = association.text, association.arn
    qualifier = arn.qualifier if arn else None
    function = stack.function_of(association) or (arn.name if arn else None)
    if stack.is_alias(association):
        return f"this is an alias of {function}"
    if function and qualifier is None:
        return f"this is the function {function} itself"
    if qualifier is not None:
        if qualifier.isascii() and qualifier.isdigit():
            return ""
        return f"this is {qualifier} of {function}"
    # What another resource gives is not known: a custom resource may well give a version's ARN.
    is_open = text is None or association.part.at("LambdaFunctionARN").is_guess
    return "" if is_open else f"{text!r} is no ARN of a function version"


@rule(
    202,
    "error",
    f"an association's function is not in {REGION}",
    hint=f"deploy the function in {REGION}; CloudFront brings replicas of it to the other regions",
    source=_LAMBDA_EDGE,
)
def function_region(stack: Stack) -> Iterator[Problem]:
    for association in _associations(stack):
        arn = association.arn
        if arn is None or arn.region == REGION:
            continue
        # What this stack itself makes elsewhere is told of the whole stack (EDGE511).
        if arn.region != stack.options.region or stack.function_of(association) is None:
            message = f"the function {arn.name} is in {arn.region}, not in {REGION}"
            yield Problem(association.part.at("LambdaFunctionARN"), message)


@rule(
    203,
    "error",
    "an association's function is in another account than the distribution",
    hint="deploy the function in the distribution's own account",
    source=_LAMBDA_EDGE,
)
def function_account(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        account = _account(distribution)
        for behavior in distribution.behaviors:
            for association in behavior.associations:
                arn = association.arn
                if account and arn and arn.account not in (account, ACCOUNT):
                    message = (
                        f"the function {arn.name} is in account {arn.account}, the distribution in {account}"
                    )
                    yield Problem(association.part.at("LambdaFunctionARN"), message)


def _account(distribution: Distribution) -> str | None:
    """The account of a distribution, as the ARNs of its certificate and its web ACL give it away.

    The stand-in for `AWS::AccountId` says nothing.
    """
    certificate = distribution.config.at("ViewerCertificate", "AcmCertificateArn").text
    for arn in (certificate, distribution.config.at("WebACLId").text):
        fields = (arn or "").split(":")
        if len(fields) > 5 and fields[4].isdigit() and fields[4] != ACCOUNT:
            return fields[4]
    return None


@rule(
    204,
    "error",
    "an association's event type does not exist",
    hint="one of: " + ", ".join(TRIGGERS) + "; CloudFront Functions have the two viewer ones only",
    source="lambda-cloudfront-trigger-events",
)
def event_type(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        for association in behavior.associations:
            if association.trigger and association.trigger not in TRIGGERS:
                message = f"{association.trigger!r} is no event type of CloudFront"
                yield Problem(association.part.at("EventType"), message)
        for function in behavior.viewer_functions:
            part = function.at("EventType")
            if part.text and part.text not in _VIEWER_TRIGGERS:
                yield Problem(part, f"{part.text!r} is no event type of a CloudFront Function")


@rule(
    205,
    "error",
    "two functions are on one event of a behavior",
    hint="put both into one function: CloudFront runs one per event and behavior",
    source=_ALL_EDGE,
)
def one_function_per_event(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        lambdas = [association.part for association in behavior.associations]
        for parts in (lambdas, list(behavior.viewer_functions)):
            seen = set()
            for part in parts:
                trigger = part.at("EventType").text
                if trigger in seen:
                    yield Problem(part, f"a second function for {trigger} in {behavior.name}")
                if trigger:
                    seen.add(trigger)


@rule(
    206,
    "error",
    "a response trigger asks for the request's body",
    hint="take IncludeBody out: only request events carry a body",
    source="lambda-include-body-access",
)
def include_body(stack: Stack) -> Iterator[Problem]:
    for association in _associations(stack):
        part = association.part.at("IncludeBody")
        if part.flag and (association.trigger or "").endswith("response"):
            yield Problem(part, f"IncludeBody on {association.trigger}")


@rule(
    207,
    "error",
    "Lambda@Edge and CloudFront Functions are on viewer events of one behavior",
    hint="use one of the two for viewer events; the other may have the origin events, if it is Lambda@Edge",
    source=_ALL_EDGE,
)
def mixed_viewer_functions(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        at_viewer = sorted(behavior.triggers & set(_VIEWER_TRIGGERS))
        if at_viewer and behavior.viewer_functions:
            message = (
                f"{behavior.name} runs a CloudFront Function, and Lambda@Edge at {' and '.join(at_viewer)}"
            )
            yield Problem(behavior.part.at("FunctionAssociations"), message)


@rule(
    208,
    "error",
    "Lambda@Edge is on a behavior that serves gRPC or Smooth Streaming",
    hint="serve those through a behavior of their own, without functions",
    source=_ALL_EDGE,
)
def unsupported_protocols(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        for name, part in (
            ("gRPC", behavior.part.at("GrpcConfig", "Enabled")),
            ("Smooth Streaming", behavior.part.at("SmoothStreaming")),
        ):
            if part.flag and behavior.associations:
                message = f"{behavior.name} serves {name}, with which Lambda@Edge does not work"
                yield Problem(part, message)


@rule(
    209,
    "warning",
    "a viewer-response function has no companion at origin-response",
    hint="do the same at origin-response, which sees the origin's errors; only viewer-request sees every request",
    source="lambda-cloudfront-trigger-events",
)
def viewer_response_alone(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        # A rollout sets its cookie there, and a page view is counted: both only for pages that arrived.
        functions = stack.functions_at(behavior, "viewer-response")
        is_right = any(steering_of(one) or counting_of(one) for one in functions)
        if is_right or "origin-response" in behavior.triggers:
            continue
        for association in behavior.associations:
            if association.trigger == "viewer-response":
                message = (
                    "viewer-response does not run when the origin answers 400 or more, for error pages and for "
                    "answers made at viewer-request: a logger there misses them"
                )
                yield Problem(association.part, message)


@rule(
    210,
    "note",
    "an association's function is not made by this template",
    hint="check the template that makes it too; an AWS::Serverless::Function is not looked at",
    source=_LAMBDA_EDGE,
)
def function_elsewhere(stack: Stack) -> Iterator[Problem]:
    for association in _associations(stack):
        part = association.part.at("LambdaFunctionARN")
        if part.value is not None and stack.function_of(association) is None:
            yield Problem(
                part, f"the function at {association.trigger or '?'} is not checked, only that it is named"
            )
