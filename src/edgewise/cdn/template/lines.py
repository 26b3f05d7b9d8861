"""Which line of a template's file a key stands on."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import yaml

# The keys and indices that lead to a value: `("Origins", 0, "Id")`.
KeyPath = tuple[str | int, ...]

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
# The same grammar in C, where PyYAML was built with it: a large template is read ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def path_of(key: str) -> KeyPath:
    """The path that a key says: `Origins[0].Id`."""
    return tuple(name or int(index) for index, name in _STEP.findall(key))


def line_of(file: Path, key: str) -> int | None:
    """The line (from 1) of a template's file that a key stands on, or the nearest above; None if it is not known."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return line_finder(text)(path_of(key))


def line_finder(text: str) -> Callable[[KeyPath], int | None]:
    """A function from a path to its line (from 1), or the nearest line above it; None if nothing is known.

    JSON is read as YAML, which it nearly always is.
    """
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except (yaml.YAMLError, RecursionError):
        return lambda path: None
    return lambda path: _line(root, path)


def _line(root: yaml.Node | None, path: KeyPath) -> int | None:
    node, line = root, None
    for step in path:
        found = _step(node, step)
        if found is None:
            break
        line, node = found
    return line


def _step(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode):
        if isinstance(step, int) and step < len(node.value):
            return node.value[step].start_mark.line + 1, node.value[step]
        if step == "Fn::If" and node.tag == "!If":
            # The short tag has no key of its own.
            return node.start_mark.line + 1, node
    return None
