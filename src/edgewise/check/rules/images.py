"""Rules about the images of a site's apps: their Dockerfiles, what runs without them, and what their functions have.

The template of another region is not looked at, so all of it is told of the origin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from edgewise.check.finding import Place, Problem, rule
from edgewise.check.part import Part
from edgewise.check.stack import Image, Stack

_ADAPTER = "https://github.com/awslabs/aws-lambda-web-adapter"
_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg"
_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
# A name that ends so says what its value is; `TOKEN_URL` does not.
_SECRET_NAME = re.compile(
    r"(?i)(.*_)?(pass(word|wd|phrase)?|pwd|secret|token|credentials?|api_?key|private_key|secret_key|access_key)"
)
# What a value looks like, by the shapes that their makers tell.
_SECRET_VALUES = {
    "an access key of AWS's": r"(?<![A-Za-z0-9])A[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9])",
    "a key of Stripe's": r"\b[rs]k_live_[A-Za-z0-9]{10,}",
    "a token of GitHub's": r"\b(gh[opsur]_|github_pat_)[A-Za-z0-9_]{20,}",
    "a token of Slack's": r"\bxox[a-z]-[A-Za-z0-9-]{10,}",
    "a webhook of Slack's": r"https://hooks\.slack\.com/services/\w",
    "a signed token (JWT)": r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.",
    "a private key": r"-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)?-----",
    "a URL with a password": r"^(?i:[a-z][a-z0-9+.-]*)://[^/\s:@]*:[^/\s@]+@",
}
# AWS's own that allow everything, or to take every right.
_EVERYTHING = ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")
_MANAGED_POLICIES = 10  # of a role, unless the account has asked for more
_SERVICES = {"secrets-manager": "Secrets Manager", "ssm": "Systems Manager"}

# `NAME` is the origin's.
_START_IT = (
    'say how `edgewise up` starts the app, [origins.NAME.local] command = ["python", …, "{port}"]; or start it '
    "yourself and say `--origin NAME=http://127.0.0.1:PORT`"
)
_NAME_IT = (
    "name it under [origins.NAME.secrets]: the app is told where it is kept, and may read it; for this machine "
    "there is [origins.NAME.local.environment]"
)


def _images(stack: Stack) -> Iterator[tuple[Part, Image]]:
    for distribution in stack.distributions:
        for origin in distribution.origins:
            image = stack.options.images.get(origin.id or "")
            if image:
                yield origin.part, image


@rule(
    322,
    "note",
    "an image has no command on this machine",
    hint=_START_IT,
    source=_ADAPTER,
)
def image_without_command(stack: Stack) -> Iterator[Problem]:
    for part, image in _images(stack):
        if not image.runs_here:
            message = "`edgewise up` does not build images: it refuses to start without a command"
            yield Problem(part, message, _START_IT.replace("NAME", image.name))


@rule(
    323,
    "warning",
    "nothing in an image takes Lambda's events",
    hint="copy the Lambda Web Adapter into the image, COPY --from=public.ecr.aws/awsguru/aws-lambda-adapter:1.0.1 "
    "/lambda-adapter /opt/extensions/lambda-adapter, unless its base image brings it",
    source=_ADAPTER,
)
def image_without_adapter(stack: Stack) -> Iterator[Problem]:
    for part, image in _images(stack):
        if not image.serves_events:
            message = (
                "the Dockerfile's last stage neither copies the Lambda Web Adapter nor begins with an image of "
                "Lambda's: every request would be 502"
            )
            yield Problem(part, message, place=Place(image.dockerfile, 1))


@rule(
    324,
    "warning",
    "an image's server listens where the adapter does not ask",
    hint="write the same port into the command and into ENV AWS_LWA_PORT",
    source=_ADAPTER,
)
def other_port(stack: Stack) -> Iterator[Problem]:
    for part, image in _images(stack):
        if image.port not in (None, image.asked_port):
            message = f"the command names the port {image.port}, and the adapter asks {image.asked_port}"
            if image.asked_by:
                hint = f"write {image.port} here, or the same port as here into {image.dockerfile}"
                yield Problem(part, message, hint, setting=f"environment.{image.asked_by}")
            else:
                yield Problem(part, message, place=Place(image.dockerfile, image.port_line))


@rule(
    325,
    "warning",
    "an app's function has what looks like a secret in its variables",
    hint=_NAME_IT,
    source=f"{_LAMBDA}/configuration-envvars.html",
)
def plain_secret(stack: Stack) -> Iterator[Problem]:
    for part, image in _images(stack):
        for name, value in image.environment.items():
            kind = next((kind for kind, shape in _SECRET_VALUES.items() if re.search(shape, value)), None)
            named = _SECRET_NAME.fullmatch(name) and value and not value.startswith("arn:")
            if kind or named:
                looks = f" looks like {kind}; it" if kind else ""
                message = (
                    f"the value of {name}{looks} stands in the template, for everybody who may look at the "
                    "function"
                )
                hint = _NAME_IT.replace("NAME", image.name)
                yield Problem(part, message, hint, setting=f"environment.{name}")


@rule(
    326,
    "warning",
    "an app may do everything in the account",
    hint="write a policy of your own with what the app needs, and name that",
    source=f"{_IAM}/best-practices.html",
)
def everything_allowed(stack: Stack) -> Iterator[Problem]:
    for part, image in _images(stack):
        for number, policy in enumerate(image.policies):
            name = policy.rpartition("/")[2]
            if policy.startswith("arn:aws:iam::aws:") and name in _EVERYTHING:
                message = f"{name} lets the app, and whoever gets into it, do what you may do"
                yield Problem(part, message, setting=f"policies[{number}]")


@rule(
    327,
    "warning",
    "a role has more managed policies than an account lets it have",
    hint="put them together into one of your own, or ask for a higher quota",
    source=f"{_IAM}/reference_iam-quotas.html",
)
def many_policies(stack: Stack) -> Iterator[Problem]:
    for part, image in _images(stack):
        if len(image.policies) > _MANAGED_POLICIES:
            message = (
                f"there are {len(image.policies)} policies, and a role takes {_MANAGED_POLICIES} by default"
            )
            yield Problem(part, message, setting="policies")


@rule(
    328,
    "note",
    "an app's function is in a VPC",
    hint="give its subnets a route to a NAT gateway, or the VPC endpoints of what the app asks",
    source=f"{_LAMBDA}/configuration-vpc-internet.html",
)
def no_way_out(stack: Stack) -> Iterator[Problem]:
    for part, image in _images(stack):
        if image.in_vpc:
            asked = [_SERVICES[one] for one in image.secret_services]
            lost = f", not even {' or '.join(asked)}, where its secrets are" if asked else ""
            message = f"from there it reaches nothing outside the VPC by itself{lost}"
            yield Problem(part, message, setting="subnets")
