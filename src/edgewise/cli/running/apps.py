"""The origins of a site that run as Lambda functions on this machine: images' apps, and handlers of other origins."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import cast

from edgewise.cdn import AppCommand, EventKind, FunctionDefinition, LocalFunction
from edgewise.cli.errors import StartError
from edgewise.cli.running.awssettings import without_settings
from edgewise.site import (
    BucketOrigin,
    ImageOrigin,
    LocalCommand,
    LocalHandler,
    LocalUrl,
    Site,
    image_name,
    read_dockerfile,
)

# What a function of another template may have is not known here.
_MEMORY_MB, _TIMEOUT = 512, 30.0
_REGION = "us-east-1"

# What the stand-in for the adapter goes by.
SIMULATED = frozenset(
    {
        "AWS_LWA_AUTHORIZATION_SOURCE",
        "AWS_LWA_ERROR_STATUS_CODES",
        "AWS_LWA_READINESS_CHECK_HEALTHY_STATUS",
        "AWS_LWA_READINESS_CHECK_PATH",
        "AWS_LWA_READINESS_CHECK_PROTOCOL",
        "AWS_LWA_REMOVE_BASE_PATH",
    }
)
# What Lambda sets, and an app may set otherwise.
_OF_LAMBDA = ("LANG", "TZ")
# What names folders and people of the image, and would mislead a program of this machine; so does each `LD_...`.
_OF_THE_IMAGE = frozenset(
    {
        "HOME",
        "NODE_PATH",
        "PATH",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONUSERBASE",
        "TMPDIR",
        "USER",
        "VIRTUAL_ENV",
    }
)
# Chosen here, so that several environments have an app each.
_OWN = frozenset({"AWS_LWA_PORT", "AWS_LWA_READINESS_CHECK_PORT"})


def local_functions(
    site: Site, given: Mapping[str, str], variables: Mapping[str, str]
) -> dict[str, LocalFunction]:
    """The functions of the origins that have no place in `given`, by the origin's name.

    `variables` lead to an AWS on this machine. Raises `StartError` for an image whose command is not known.
    """
    found = {}
    for origin in site.origins:
        if isinstance(origin, BucketOrigin) or origin.name in given or isinstance(origin.local, LocalUrl):
            continue
        if isinstance(origin, ImageOrigin):
            found[origin.name] = _image(site, origin, variables)
        elif isinstance(origin.local, LocalHandler):
            found[origin.name] = _handler(image_name(site.name, origin.name), origin.local, variables)
    return found


def _handler(name: str, local: LocalHandler, variables: Mapping[str, str]) -> LocalFunction:
    definition = FunctionDefinition(
        name=name[:64],
        handler=local.handler,
        code=local.directory,
        memory_mb=_MEMORY_MB,
        timeout=_TIMEOUT,
        at_edge=False,
        variables={**variables, **local.environment},
    )
    return LocalFunction(definition, _REGION, cast(EventKind, local.event))


def _image(site: Site, origin: ImageOrigin, variables: Mapping[str, str]) -> LocalFunction:
    local = _command(site, origin)
    inherited = without_settings(os.environ) if variables else os.environ
    own = {**origin.variables, **local.environment}
    dockerfile = read_dockerfile(origin.folder, own)
    environment = {**inherited, **_of_the_app(dockerfile.variables), **variables, **own}
    words = _words(site, origin, local, environment.get("PATH"))
    definition = FunctionDefinition(
        name=image_name(site.name, origin.name),
        handler="",
        code=local.directory,
        memory_mb=origin.memory_mb,
        timeout=float(origin.timeout_s),
        at_edge=False,
        variables={
            **{name: value for name, value in dockerfile.settings.items() if name in SIMULATED},
            **{name: own[name] for name in _OF_LAMBDA if name in own},
        },
        app=AppCommand(words, environment),
    )
    return LocalFunction(definition, origin.region, signed=origin.signed)


def _of_the_app(variables: Mapping[str, str]) -> dict[str, str]:
    """What of the image's variables is for the app wherever it runs."""
    return {
        name: value
        for name, value in variables.items()
        if name not in _OF_THE_IMAGE and not name.startswith("LD_")
    }


def _command(site: Site, origin: ImageOrigin) -> LocalCommand:
    if isinstance(origin.local, LocalCommand):
        return origin.local
    raise StartError(
        f"the origin {origin.name!r} is an image, and images are not built here",
        file=site.file,
        key=f"origins.{origin.name}",
        hint=f"say what it runs, `[origins.{origin.name}.local] command`, or --origin "
        f"{origin.name}=http://127.0.0.1:PORT",
    )


def _words(site: Site, origin: ImageOrigin, local: LocalCommand, path: str | None) -> tuple[str, ...]:
    """The words of a command whose program is there; `path` is where the app would look for it."""
    first = sys.executable if local.words[0] == "python" else local.words[0]
    # The command runs in the app's folder, and a path is one from there; a name is looked for.
    program, place = (str(local.directory / first), local.directory) if "/" in first else (first, "PATH")
    if shutil.which(program, path=path) is None:
        raise StartError(
            f"there is no program {first!r} {'on' if place == 'PATH' else 'in'} {place} to start the origin "
            f"{origin.name!r} with",
            file=site.file,
            key=f"origins.{origin.name}.local.command",
            hint="install it, or name another; a first word `python` is the interpreter that runs edgewise",
        )
    return first, *local.words[1:]


def app_differences(site: Site) -> Iterator[str]:
    """What images do otherwise here than on AWS: sentences."""
    for origin in site.images:
        if not isinstance(origin.local, LocalCommand):
            continue
        yield (
            f"the image of {origin.name} is not built: its command runs here, and a stand-in for the Lambda Web "
            "Adapter hands it the events of a function URL"
        )
        if named := sorted(origin.secrets.keys() - origin.local.environment.keys()):
            yield (
                f"{', '.join(named)} of {origin.name} {'names a secret' if len(named) == 1 else 'name secrets'}: the "
                "app, if it reads that, asks AWS with the credentials that it finds here"
            )
        dockerfile = read_dockerfile(origin.folder, origin.variables)
        if not dockerfile.serves_events:
            yield f"on AWS the image of {origin.name} would answer nothing: its Dockerfile does not copy the adapter"
        if dockerfile.port not in (None, dockerfile.asked_port):
            yield (
                f"on AWS the adapter of {origin.name} asks port {dockerfile.asked_port}, and its Dockerfile starts "
                f"the app on {dockerfile.port}"
            )
        left_out = sorted({*dockerfile.settings} - SIMULATED - _OWN)
        if left_out:
            yield f"settings of the adapter of {origin.name} that are not simulated: {', '.join(left_out)}"
