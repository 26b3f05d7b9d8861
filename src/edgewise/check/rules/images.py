"""Rules about the images of a site's apps, which no template holds: their Dockerfiles, and what runs without them."""

from __future__ import annotations

from collections.abc import Iterator

from edgewise.check.finding import Place, Problem, rule
from edgewise.check.part import Part
from edgewise.check.stack import Image, Stack

_ADAPTER = "https://github.com/awslabs/aws-lambda-web-adapter"


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
    hint='say how `edgewise up` starts the app, [origins.NAME.local] command = ["python", …, "{port}"]; or start it '
    "yourself and say `--origin NAME=http://127.0.0.1:PORT`",
    source=_ADAPTER,
)
def image_without_command(stack: Stack) -> Iterator[Problem]:
    for part, image in _images(stack):
        if not image.runs_here:
            yield Problem(part, "`edgewise up` does not build images: it refuses to start without a command")


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
                "the Dockerfile neither copies the Lambda Web Adapter nor begins with an image of Lambda's: "
                "every request would be 502"
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
            yield Problem(part, message, place=Place(image.dockerfile, image.port_line))
