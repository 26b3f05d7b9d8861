"""Checks the variables of a program: their names, how long they are together, and which of them name secrets."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from edgewise.site import limits
from edgewise.site.check_context import Context
from edgewise.site.check_secret import check_secret
from edgewise.site.problems import joined, shown
from edgewise.site.raw_origins import RawOrigin
from edgewise.site.secret import Secret


def check_environment(
    context: Context,
    key: str,
    raw: Mapping[str, str | None] | None,
    reserved: Collection[str] = limits.RESERVED_VARIABLES,
) -> dict[str, str]:
    """Variables by their names, of which the `reserved` ones are not anybody's to set. No value is shown."""
    found: dict[str, str] = {}
    for name, value in (raw or {}).items():
        at = joined(key, name)
        _check_name(context, at, name, reserved)
        if value is None:
            continue
        if "\0" in value:
            context.problems.add(at, "a variable cannot hold a NUL character", "Leave it out.")
        elif "{{resolve:" in value:
            context.problems.add(
                at,
                "CloudFormation alone would resolve this reference, into a value that everybody can read there",
                "Name a secret under `secrets`: the app reads it, here and on AWS.",
            )
        found[name] = value
    return found


def check_variables(
    context: Context, key: str, raw: RawOrigin, region: str
) -> tuple[dict[str, str], dict[str, Secret]]:
    """The variables of an image's function, and those that name secrets of its `region`."""
    environment = check_environment(context, f"{key}.environment", raw.environment)
    secrets: dict[str, Secret] = {}
    for name, given in (raw.secrets or {}).items():
        at = joined(f"{key}.secrets", name)
        _check_name(context, at, name, limits.RESERVED_VARIABLES)
        if name in environment:
            context.problems.add(
                at, f"{shown(name)} is in `environment`, too", "Remove the one or the other."
            )
        if secret := check_secret(context, at, given, region):
            secrets[name] = secret
    _check_size(context, key, {**environment, **{name: one.name for name, one in secrets.items()}})
    return environment, secrets


def _check_name(context: Context, key: str, name: str, reserved: Collection[str]) -> None:
    if name in reserved:
        context.problems.add(
            key,
            f"the variable {shown(name)} is set by {'`edgewise up`' if name == 'PORT' else 'Lambda'}",
            "Remove it, or give it another name.",
        )
    elif not limits.VARIABLE.fullmatch(name):
        context.problems.add(
            key,
            f"{shown(name)} cannot be the name of a variable",
            "Expected a letter, then letters, digits and `_`, two characters at the least.",
        )


def _check_size(context: Context, key: str, variables: Mapping[str, str]) -> None:
    size = len(json.dumps(variables, ensure_ascii=False, separators=(",", ":")).encode())
    if size > limits.VARIABLES_BYTES:
        context.problems.add(
            f"{key}.environment",
            f"the function's variables are {size:,} bytes together, as Lambda counts them",
            f"Lambda takes {limits.VARIABLES_BYTES:,}. Put what is long into the image, or into a parameter of SSM's.",
        )
