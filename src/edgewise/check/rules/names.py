"""Rules about the names of a distribution: its aliases, their certificate, and the bucket of its log."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edgewise.check.finding import Problem, rule
from edgewise.check.stack import Stack

_ALIASES = "CNAMEs"
# A wildcard stands for the whole first label.
_ALIAS = re.compile(
    r"(?=.{1,253}\Z)(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.IGNORECASE
)


@rule(
    514,
    "error",
    "a distribution has aliases and no certificate for them",
    hint="give ViewerCertificate an AcmCertificateArn that covers them; CloudFront's default certificate is for "
    "cloudfront.net only",
    source=_ALIASES,
)
def aliases_without_certificate(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        aliases = distribution.config.at("Aliases")
        certificate = distribution.config.at("ViewerCertificate")
        given = [certificate.at(name) for name in ("AcmCertificateArn", "IamCertificateId")]
        if aliases.items() and all(part.is_absent and not part.is_guess for part in given):
            yield Problem(aliases, f"{', '.join(aliases.texts()) or 'an alias'} without a certificate")


@rule(
    515,
    "error",
    "an alias is no domain name, or is there twice",
    hint="write the name alone, such as www.my-shop.com or *.my-shop.com",
    source=_ALIASES,
)
def alias_names(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        seen: set[str] = set()
        for part in distribution.config.at("Aliases").items():
            name = (part.text or "").lower()
            if name in seen:
                yield Problem(part, f"{part.text} is there twice")
            elif name and not part.is_guess and not _ALIAS.fullmatch(name):
                yield Problem(part, f"{part.text!r} is no domain name")
            seen.add(name)


@rule(
    516,
    "error",
    "the bucket of the access log is not written as a domain",
    hint="write it as NAME.s3.amazonaws.com, for a bucket of the template as its attribute DomainName",
    source="standard-logging-legacy-s3",
)
def log_bucket(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        part = distribution.config.at("Logging", "Bucket")
        is_name = stack.named(part.text, "AWS::S3::Bucket") is not None
        if part.text and ".s3" not in part.text and (is_name or not part.is_guess):
            yield Problem(part, "this is a bucket's name, and CloudFront wants its domain")
