"""Which line of a template's file a key stands on."""

from __future__ import annotations

from collections.abc import Callable

import yaml

from edgewise.check.part import Path

# The same grammar in C, where PyYAML was built with it: a large template is read ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def line_finder(text: str) -> Callable[[Path], int | None]:
    """A function from a path to its line (from 1), or the nearest line above it; None if nothing is known.

    JSON is read as YAML, which it nearly always is.
    """
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except (yaml.YAMLError, RecursionError):
        return lambda path: None
    return lambda path: _line(root, path)


def _line(root: yaml.Node | None, path: Path) -> int | None:
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
