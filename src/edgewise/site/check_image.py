"""Checks origins that are functions from images, and handlers that run on this machine as Lambda runs them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.check_variables import check_environment, check_variables
from edgewise.site.model_origins import ImageOrigin, Local, LocalHandler, Network
from edgewise.site.own_functions import OWN_FUNCTIONS
from edgewise.site.problems import joined, shown
from edgewise.site.raw_origins import RawLocal, RawOrigin

# The keys that only an image has.
IMAGE_KEYS = (
    *("region", "access", "architecture", "memory_mb", "timeout_s"),
    *("environment", "secrets", "policies", "subnets", "security_groups"),
)
_AT_LEAST = "A function in a VPC has at least one subnet and at least one security group."


def check_image(
    context: Context, name: str, raw: RawOrigin, folder: Path, local: Local | None
) -> ImageOrigin:
    """The origin of an app in `folder`; its `local` is checked already."""
    key = joined("origins", name)
    if not context.problems.has(f"{key}.image") and context.on_disk(folder / "Dockerfile") != "file":
        context.problems.add(
            f"{key}.image",
            f"there is no Dockerfile in {shown(str(folder))}",
            "Expected the folder that the image is built from.",
        )
    region = context.region(f"{key}.region", raw.region)
    environment, secrets = check_variables(context, key, raw, region)
    return ImageOrigin(
        name=name,
        folder=folder,
        region=region,
        signed=raw.access != "public",
        architecture=raw.architecture or "x86_64",
        memory_mb=context.whole(f"{key}.memory_mb", raw.memory_mb, 512, limits.IMAGE_MEMORY_MB),
        timeout_s=context.whole(f"{key}.timeout_s", raw.timeout_s, 30, limits.IMAGE_TIMEOUT_S),
        local=local,
        environment=environment,
        secrets=secrets,
        policies=_check_policies(context, f"{key}.policies", raw.policies or []),
        network=_check_network(context, key, raw),
    )


def _check_policies(context: Context, key: str, given: Sequence[str | None]) -> tuple[str, ...]:
    """The ARNs of managed policies."""
    policies = tuple(one for one in given if one is not None)
    for number, one in enumerate(policies):
        if not limits.MANAGED_POLICY.fullmatch(one):
            context.problems.add(
                f"{key}[{number}]",
                f"{shown(one)} is not the ARN of a managed policy",
                "Expected one such as arn:aws:iam::aws:policy/AmazonDynamoDBReadOnlyAccess, or of your own account's.",
            )
    _check_twice(context, key, policies)
    return policies


def _check_twice(context: Context, key: str, given: Sequence[str]) -> None:
    """What is there twice is a slip; of policies CloudFormation refuses it."""
    for number, one in enumerate(given):
        if one in given[:number] and not context.problems.has(f"{key}[{number}]"):
            context.problems.add(f"{key}[{number}]", f"{shown(one)} is there twice", "Remove one of them.")


def _check_network(context: Context, key: str, raw: RawOrigin) -> Network | None:
    if raw.subnets is None and raw.security_groups is None:
        return None
    network = Network(
        _check_ids(context, f"{key}.subnets", raw.subnets, "subnet", limits.MAX_SUBNETS),
        _check_ids(context, f"{key}.security_groups", raw.security_groups, "sg", limits.MAX_SECURITY_GROUPS),
    )
    given = {"subnets": raw.subnets, "security_groups": raw.security_groups}
    empty = [name for name, ids in given.items() if ids == []]
    if empty:
        names = " and ".join(f"`{name}`" for name in empty)
        context.problems.add(
            f"{key}.{empty[0]}",
            f"{names} {'is' if len(empty) == 1 else 'are'} empty",
            f"{_AT_LEAST} Outside any VPC it has neither key.",
        )
        return network
    for name, other in (("subnets", "security_groups"), ("security_groups", "subnets")):
        if not given[name] and not context.problems.has(f"{key}.{name}"):
            context.problems.add(
                f"{key}.{other}",
                f"`{other}` needs `{name}`",
                _AT_LEAST,
            )
    return network


def _check_ids(
    context: Context, key: str, given: Sequence[str | None] | None, kind: str, most: int
) -> tuple[str, ...]:
    ids = tuple(one for one in given or () if one is not None)
    if len(ids) > most:
        context.problems.add(key, f"there are {len(ids)} of them", f"Lambda takes {most}.")
    for number, one in enumerate(ids):
        match = limits.VPC_ID.fullmatch(one)
        if not match or match["kind"] != kind:
            context.problems.add(
                f"{key}[{number}]",
                f"{shown(one)} is no such id",
                f"Expected one such as {kind}-0123456789abcdef0.",
            )
    _check_twice(context, key, ids)
    return ids


def check_function_name(context: Context, site: str, origin: str) -> None:
    """The function's name on AWS is made of the site's and the origin's."""
    key = joined("origins", origin)
    if origin in OWN_FUNCTIONS:
        context.problems.add(
            key,
            f"a function of Edgewise's own is called {shown(f'{site}-{origin}')}",
            "An image's function has the site's name and the origin's: give the origin another one.",
        )
    elif len(f"{site}-{origin}") > limits.MAX_FUNCTION_NAME:
        context.problems.add(
            key,
            f"the function's name, {shown(f'{site}-{origin}')}, is too long",
            f"A function's name has at most {limits.MAX_FUNCTION_NAME} characters.",
        )


def check_handler(context: Context, key: str, raw: RawLocal) -> LocalHandler:
    """A handler that runs on this machine."""
    handler = raw.handler or ""
    directory = context.folder(f"{key}.directory", "." if raw.directory is None else raw.directory)
    names = handler.split(".")
    if len(names) < 2 or not all(name.isascii() and name.isidentifier() for name in names):
        context.problems.add(
            f"{key}.handler",
            f"{shown(handler)} is not a handler",
            "Expected module.attribute, such as app.handler.",
        )
    else:
        stem = "/".join(names[:-1])
        files = (directory / f"{stem}.py", directory / stem / "__init__.py")
        if context.on_disk(directory) == "folder" and not any(
            context.on_disk(one) == "file" for one in files
        ):
            context.problems.add(
                f"{key}.handler",
                f"{shown(handler)} names a module that is not in {directory}",
                f"Expected the file {stem}.py there.",
            )
    environment = check_environment(context, f"{key}.environment", raw.environment)
    return LocalHandler(handler, directory, raw.event or "function-url", environment)
