"""Reads a configuration as Terraform would, with python-hcl2, and holds it against the provider's schema.

`schema.json` is a part of that schema: see `extract.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parent / "schema.json").read_text())
# Of providers after the one that the schema is of; `main.tf` then asks for a newer one.
NEWER = {("aws_lambda_permission", "invoked_via_function_url")}
# Terraform's own, of every resource.
META_ARGUMENTS = {"provider", "count", "for_each", "depends_on"}
META_BLOCKS = {"lifecycle"}
_COMMENT = re.compile(r"^ *#.*", re.MULTILINE)
_REFERENCE = re.compile(r"(?<![\w.])(aws_[a-z0-9_]+)\.([a-z0-9_]+)(?:\[\*\])?\)?\.([a-z0-9_]+)")


def resources(files: Mapping[str, str]) -> dict[str, Any]:
    """The bodies of all resources by their addresses. An address that is there twice is an error."""
    found: dict[str, Any] = {}
    for name, text in files.items():
        for one in hcl2.loads(text).get("resource", ()) if name.endswith(".tf") else ():
            for kind, labelled in one.items():
                for label, body in labelled.items():
                    address = f"{_plain(kind)}.{_plain(label)}"
                    assert address not in found, f"{address} is there twice"
                    found[address] = body
    return found


def misfits(address: str, body: Mapping[str, Any]) -> Iterator[str]:
    """What the schema does not allow in a resource."""
    kind = address.partition(".")[0]
    if kind not in SCHEMA:
        yield f"{address}: schema.json has no {kind}: see extract.py"
        return
    ours = {
        name: value
        for name, value in body.items()
        if name not in META_ARGUMENTS | META_BLOCKS and (kind, name) not in NEWER
    }
    yield from _misfits(address, ours, SCHEMA[kind])


def dangling(files: Mapping[str, str], addresses: Mapping[str, Any]) -> Iterator[str]:
    """References to resources that are not there, and to attributes that these do not have."""
    for name, text in files.items():
        said = _COMMENT.sub("", text) if name.endswith(".tf") else ""
        for kind, label, attribute in _REFERENCE.findall(said):
            if f"{kind}.{label}" not in addresses:
                yield f"{name}: there is no {kind}.{label}"
            elif attribute not in SCHEMA[kind]["arguments"]:
                yield f"{name}: {kind} has no attribute {attribute}"


def argument_names(schema: Mapping[str, Any]) -> Iterator[str]:
    """The names of a type's arguments, those in its blocks, too."""
    yield from schema["arguments"]
    for inner in schema.get("blocks", {}).values():
        yield from argument_names(inner)


def _misfits(where: str, body: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    given = {name: value for name, value in body.items() if not name.startswith("__")}
    arguments, blocks = schema["arguments"], schema.get("blocks", {})
    for name, value in given.items():
        if _is_block(value):
            yield from _misfit_blocks(where, name, value, blocks)
        elif arguments.get(name, "computed") == "computed":
            yield f"{where}: {name} is no argument"
    required = [name for name, use in arguments.items() if use == "required"]
    least = {**dict.fromkeys(required, 1), **{name: block["least"] for name, block in blocks.items()}}
    for name, count in least.items():
        if count and (name not in given or (name in blocks and len(given[name]) < count)):
            yield f"{where}: {name} is missing"


def _misfit_blocks(where: str, name: str, bodies: list[Any], blocks: Mapping[str, Any]) -> Iterator[str]:
    if name not in blocks:
        yield f"{where}: {name} is no block"
        return
    most = blocks[name]["most"]
    if most and len(bodies) > most:
        yield f"{where}: at most {most} of {name}"
    for one in bodies:
        yield from _misfits(f"{where}.{name}", one, blocks[name])


def _is_block(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict) and "__is_block__" in one for one in value)


def _plain(quoted: str) -> str:
    return quoted.strip('"')
