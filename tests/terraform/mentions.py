"""What resources name: in a template by `Ref`, `Fn::GetAtt` and `Fn::Sub`, in a configuration by references.

A mention has the name of the property or argument that it stands in, so that two that changed places are seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from edgewise.site import DISTRIBUTION_PARAMETER
from edgewise.terraform.names import snake
from terraform.documents import Documents

_HOLE = re.compile(r"\$\{([^!}][^}]*)\}")
_ARGUMENT = re.compile(r'"?([\w:.-]+)"? += ')
_REFERENCE = re.compile(r"(?<![\w.])(aws_[a-z0-9_]+\.[a-z0-9_]+|var)(?:\[\*\])?\.([a-z0-9_]+)")
_PSEUDO = "AWS::"


class Mention(NamedTuple):
    """A property or argument in snake case; the logical id or address that is named there; the attribute of it."""

    where: str
    what: str
    attribute: str


class Reader:
    """Reads mentions out of the templates of one site. Parameters that another template answers are seen through."""

    def __init__(self, documents: Documents) -> None:
        templates = (documents.template, *documents.apps.values())
        self._answers = {DISTRIBUTION_PARAMETER: {"Ref": "Distribution"}}
        for app in documents.apps.values():
            self._answers |= {name: one["Value"] for name, one in app.get("Outputs", {}).items()}
        self._parameters = {name for one in templates for name in one.get("Parameters", {})}

    def mentions(self, value: Any, where: str = "") -> Iterator[Mention]:
        """Those in a value of a template, without pseudo parameters."""
        match value:
            case {"Ref": str(name)}:
                # What is wanted by its ARN, and named by itself, is known by its ARN.
                yield from self._mention(where, name, "Arn" if where.endswith("_arn") else "")
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                yield from self._mention(where, name, attribute)
            case {"Fn::Sub": str(text)}:
                yield from self._in_text(text, where)
            case {"Fn::If": [_, *branches]}:
                yield from self.mentions(branches, where)
            case dict():
                for key, one in value.items():
                    yield from self.mentions(one, where if key.startswith("Fn::") else snake(key))
            case list():
                for one in value:
                    yield from self.mentions(one, where)

    def _in_text(self, text: str, where: str) -> Iterator[Mention]:
        if text.startswith("{"):
            yield from self.mentions(substituted(json.loads(text)), where)
            return
        for hole in _HOLE.findall(text):
            yield from self._mention(where, *hole.split("."))

    def _mention(self, where: str, name: str, attribute: str = "") -> Iterator[Mention]:
        if name.startswith(_PSEUDO):
            return
        if name in self._parameters and name in self._answers:
            yield from self.mentions(self._answers[name], where)
        elif name in self._parameters:
            yield Mention(where, "var", snake(name))
        else:
            yield Mention(where, name, snake(attribute))


def substituted(document: Any) -> Any:
    """A document that is the text of `Fn::Sub`: each of its texts is one."""
    match document:
        case str():
            return {"Fn::Sub": document}
        case dict():
            return {name: substituted(one) for name, one in document.items()}
        case list():
            return [substituted(one) for one in document]
        case _:
            return document


def written(text: str) -> Iterator[Mention]:
    """The mentions in a block of a configuration, but of what it waits for besides."""
    around: list[tuple[int, str]] = []
    for line in re.sub(r"  depends_on = \[.*?\]", "", text, flags=re.DOTALL).splitlines():
        inner = line.lstrip()
        depth = len(line) - len(inner)
        while around and around[-1][0] >= depth:
            around.pop()
        if found := _ARGUMENT.match(inner):
            around.append((depth, snake(found[1])))
        where = around[-1][1] if around else ""
        for what, attribute in _REFERENCE.findall(line):
            yield Mention(where, what, attribute)


def waits(text: str) -> set[str]:
    """The addresses that a block waits for besides."""
    found = re.search(r"  depends_on = \[(.*?)\]", text, re.DOTALL)
    return set(re.findall(r"[\w.]+", found[1])) if found else set()


def arguments(text: str) -> set[str]:
    """The names of all that has a value in a block."""
    return {snake(name) for name in re.findall(rf"^ *{_ARGUMENT.pattern}", text, re.MULTILINE)}


def blocks(files: Mapping[str, str], kind: str) -> dict[str, str]:
    """The texts of the blocks of a kind, by their labels with dots between."""
    pattern = re.compile(rf'^{kind} ("[^{{]*") \{{.*?^\}}', re.MULTILINE | re.DOTALL)
    return {
        found[1].replace('" "', ".").strip('"'): found[0]
        for text in files.values()
        for found in pattern.finditer(text)
    }


def literals(value: Any) -> Iterator[str]:
    """The texts between the places that `Fn::Sub` fills in."""
    match value:
        case {"Fn::Sub": str(text)} if text.startswith("{"):
            yield from literals(substituted(json.loads(text)))
        case {"Fn::Sub": str(text)}:
            yield from (part for part in re.split(r"\$\{[^}]*\}", text) if part)
        case dict():
            yield from literals(list(value.values()))
        case list():
            for one in value:
                yield from literals(one)


def shown(main: str) -> str:
    """The call of a module that its `main.tf` shows."""
    return "".join(f"{line[4:]}\n" for line in main.splitlines() if line.startswith("#   ") or line == "#")
