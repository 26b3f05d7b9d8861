"""Rules about where a stack and what it names have to be: CloudFront's home region."""

from __future__ import annotations

from collections.abc import Iterator

from edgewise.cdn.template.identities import REGION
from edgewise.check.finding import Problem, rule
from edgewise.check.part import Part
from edgewise.check.stack import Stack


@rule(
    511,
    "error",
    f"a stack with edge functions or a web ACL is not deployed to {REGION}",
    hint=f"deploy this stack in {REGION}, or put these resources into a stack of their own there",
    source="lambda-at-edge-function-restrictions",
)
def stack_region(stack: Stack) -> Iterator[Problem]:
    region = stack.options.region
    if region == REGION:
        return
    for function in stack.edge_functions:
        yield Problem(function.properties, f"{function.name} runs at the edge and would be made in {region}")
    for name in stack.of_type("AWS::WAFv2::WebACL"):
        scope = stack.properties(name).at("Scope")
        if scope.text == "CLOUDFRONT":
            yield Problem(scope, f"{name} is for CloudFront and would be made in {region}")


@rule(
    512,
    "error",
    "a web ACL is not one for CloudFront",
    hint=f"give the ARN of a web ACL with Scope CLOUDFRONT, in {REGION}",
    source="distribution-web-awswaf",
)
def web_acl(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        part = distribution.config.at("WebACLId")
        name = stack.named(part.text, "AWS::WAFv2::WebACL")
        scope = stack.properties(name).at("Scope").text if name else None
        if scope not in (None, "CLOUDFRONT"):
            yield Problem(part, f"the web ACL {name} has the scope {scope}")
        elif part.text and part.text.startswith("arn:aws:wafv2:") and ":global/" not in part.text:
            yield Problem(part, "this web ACL is a regional one")


@rule(
    513,
    "error",
    f"a certificate is not in {REGION}",
    hint=f"request or import the certificate in {REGION}",
    source="cnames-and-https-requirements",
)
def certificate_region(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        part = distribution.config.at("ViewerCertificate", "AcmCertificateArn")
        region = _region(part)
        if region and region != REGION:
            yield Problem(part, f"the certificate is in {region}; CloudFront takes those in {REGION}")


def _region(part: Part) -> str | None:
    fields = (part.text or "").split(":")
    return fields[3] if len(fields) > 5 and fields[2] == "acm" else None
