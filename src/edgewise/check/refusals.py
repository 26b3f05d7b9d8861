"""What the local CDN's own readers refuse, part by part: one mistake in one part hides none in another.

The readers are those that `edgewise up` runs a template with. What only the deployment knows is taken out of a part
before it is read, and whatever then would be missing is not told of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path as FilePath
from typing import Any

from edgewise.cdn.errors import TemplateError
from edgewise.cdn.template.behaviors import methods, viewer_protocol
from edgewise.cdn.template.code import code_path, function_settings
from edgewise.cdn.template.distribution import read_error_response, read_geo_restriction
from edgewise.cdn.template.errors import NotHereError, ShapeError
from edgewise.cdn.template.functions import entries_by_trigger
from edgewise.cdn.template.lines import path_of
from edgewise.cdn.template.logging import realtime_config, standard_logging
from edgewise.cdn.template.node import Node
from edgewise.cdn.template.notices import Notices
from edgewise.cdn.template.origins import read_origin, read_origin_group
from edgewise.cdn.template.policies import (
    cache_policy,
    forwarded_values,
    origin_request_policy,
    response_headers_policy,
)
from edgewise.check.distribution import Distribution
from edgewise.check.finding import Problem
from edgewise.check.part import UNKNOWN, Part, Path
from edgewise.check.stack import Stack

_Reader = Callable[[Node], object]

_POLICIES: dict[str, _Reader] = {
    "CachePolicy": cache_policy,
    "OriginRequestPolicy": origin_request_policy,
    "ResponseHeadersPolicy": response_headers_policy,
}


def refusals(stack: Stack) -> Iterator[Problem]:
    """What is refused, at its place; at most one problem for each part and reader."""
    for part, read in _parts(stack):
        problem = _refusal(part, read)
        if problem is not None:
            yield problem


def _parts(stack: Stack) -> Iterator[tuple[Part, _Reader]]:
    for name in stack.template.resources:
        properties = stack.properties(name)
        if properties.value is not None:
            yield properties, lambda node: None
    for distribution in stack.distributions:
        yield from _of_distribution(distribution)
    for kind, read in _POLICIES.items():
        for name in stack.of_type(f"AWS::CloudFront::{kind}"):
            yield stack.properties(name).at(f"{kind}Config"), read
    for name in stack.of_type("AWS::CloudFront::RealtimeLogConfig"):
        yield stack.properties(name), lambda node: realtime_config(stack.template, node)
    yield from _of_functions(stack)


def _of_functions(stack: Stack) -> Iterator[tuple[Part, _Reader]]:
    for name in stack.of_type("AWS::Lambda::Version"):
        yield stack.properties(name), lambda node: node.text("FunctionName")
    for function in stack.edge_functions:
        yield function.properties, lambda node: function_settings(node, at_edge=True)
    for url, behind in stack.functions_behind_origins:
        yield url, lambda node: (node.text("TargetFunctionArn"), node.text("AuthType", ""))
        if behind is not None:
            yield stack.properties(behind), lambda node: _code(node, stack.template.folder)
            yield stack.properties(behind), lambda node: function_settings(node, at_edge=False)


def _of_distribution(distribution: Distribution) -> Iterator[tuple[Part, _Reader]]:
    config = distribution.config
    for read in (_origins, _behaviors, _error_responses, _groups, read_geo_restriction, standard_logging):
        yield config, read
    yield config, lambda node: (node.names("Aliases"), node.text("DefaultRootObject", ""))
    for origin in distribution.origins:
        yield origin.part, lambda node: read_origin(node, Notices())
    ids = {origin.id for origin in distribution.origins if origin.id}
    for group in distribution.groups:
        yield group, lambda node: (node.text("Id"), read_origin_group(node, ids))
    for response in config.at("CustomErrorResponses").items():
        yield response, read_error_response
    for behavior in distribution.behaviors:
        yield from ((behavior.part, read) for read in (_names, viewer_protocol, _methods, entries_by_trigger))
        if behavior.part.at("ForwardedValues").is_set:
            yield behavior.part, forwarded_values
        if not behavior.is_default:
            yield behavior.part, lambda node: node.text("PathPattern")


def _code(function: Node, folder: FilePath) -> None:
    code = function.value("Code")
    # Code in S3, and inline, needs no path.
    if isinstance(code, str) and "://" not in code:
        code_path(function, folder)


def _origins(config: Node) -> None:
    if not config.children("Origins"):
        raise config.error("a distribution needs at least one origin", "Origins")


def _behaviors(config: Node) -> None:
    config.children("CacheBehaviors")
    config.required("DefaultCacheBehavior")


def _error_responses(config: Node) -> None:
    config.children("CustomErrorResponses")


def _groups(config: Node) -> None:
    groups = config.child("OriginGroups")
    if groups is not None:
        groups.children("Items")


def _names(behavior: Node) -> None:
    behavior.text("TargetOriginId")
    for name in (*(f"{kind}Id" for kind in _POLICIES), "RealtimeLogConfigArn"):
        behavior.text(name, "")


def _methods(behavior: Node) -> None:
    methods(behavior, "AllowedMethods")
    methods(behavior, "CachedMethods")


def _refusal(part: Part, read: _Reader) -> Problem | None:
    value = part.plain()
    base = ".".join(map(str, part.path[:2]))
    taken_out: list[Path] = []
    while True:
        try:
            read(Node(value, FilePath(), base))
        except NotHereError:
            return None
        except TemplateError as error:
            steps = path_of((error.key or "").removeprefix(base))
            if steps in taken_out:
                return None
            found = _at(part, steps)
            if _is_certain(found, error) and not _is_left_out(value, steps):
                return Problem(found, _named(error.message, found), error.hint)
            if not _take_out(value, steps):
                return None
            taken_out.append(steps)
        else:
            return None


def _named(message: str, part: Part) -> str:
    """A message that can be read without its place: the readers say "it must be a list"."""
    if not message.startswith("it "):
        return message
    names = [index for index, step in enumerate(part.path) if isinstance(step, str)]
    name, *indexes = part.path[names[-1] :]
    return f"{name}{''.join(f'[{index}]' for index in indexes)} {message.removeprefix('it ')}"


def _at(part: Part, steps: Path) -> Part:
    for step in steps:
        if isinstance(step, str):
            part = part.at(step)
        elif step < len(items := part.items()):
            part = items[step]
    return part


def _is_left_out(value: Any, steps: Path) -> bool:
    """Whether a value was too deep, or one too many, to be looked at."""
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
    return value is UNKNOWN


def _is_certain(part: Part, error: TemplateError) -> bool:
    """Whether the deployment says the same. Of what is guessed, the shape is known."""
    is_open = isinstance(part.value, list) and UNKNOWN in part.plain()
    is_guess = any(one.is_guess for one in (part, *part.items())) and not isinstance(error, ShapeError)
    return part.is_known and not is_open and not is_guess


def _take_out(value: Any, steps: Path) -> bool:
    """Take a value out of what it is in; false if it is not there."""
    for step in steps[:-1]:
        value = value[step]
    if not steps or not isinstance(value, dict) or steps[-1] not in value:
        return False
    del value[steps[-1]]
    return True
