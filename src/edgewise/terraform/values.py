"""Values of Terraform's language as it formats them itself: the text of an expression, line by line.

Beside the values of JSON there are a reference, a text with references in it, and a call. What a line looks like is
`terraform fmt`'s: two spaces a level, and the signs of equality of lines that follow each other below each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

WIDTH: Final = 100
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_SPECIAL: Final = re.compile(r'["\\\x00-\x1f\x7f]')
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True)
class Reference:
    """An expression as it stands, such as `aws_s3_bucket.files.arn`."""

    text: str


@dataclass(frozen=True, slots=True)
class Template:
    """A text with expressions in it."""

    parts: tuple[str | Reference, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function's call."""

    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a body or an object: its name, the lines of its value, what is remarked at its end."""

    name: str
    value: list[str]
    remark: str = ""


def text_of(value: Any) -> str:
    """A value on one line."""
    match value:
        case Mapping():
            inner = ", ".join(f"{key_of(name)} = {text_of(one)}" for name, one in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case Call(name, arguments):
            return f"{name}({', '.join(map(text_of, arguments))})"
        case str():
            return f'"{_escaped(value)}"'
        case Template(parts):
            return '"' + "".join(_parts(parts)) + '"'
        case Sequence():
            return f"[{', '.join(map(text_of, value))}]"
        case _:
            return _scalar(value)


def lines_of(value: Any, taken: int = 0) -> list[str]:
    """A value on as many lines as it reads well on; `taken` characters of the first are in use."""
    if isinstance(value, Mapping) and value:
        entries = [Line(key_of(name), lines_of(one, len(name) + 3)) for name, one in value.items()]
        return ["{", *indented(aligned(entries)), "}"]
    if isinstance(value, list | tuple) and value:
        return _list_lines(value, taken)
    if isinstance(value, Call):
        *others, last = value.arguments
        head = f"{value.name}({''.join(f'{text_of(one)}, ' for one in others)}"
        first, *rest = lines_of(last, taken + len(head))
        return [f"{head}{first})"] if not rest else [head + first, *rest[:-1], f"{rest[-1]})"]
    return [text_of(value)]


def aligned(entries: Iterable[Line]) -> list[str]:
    """The lines of entries that follow each other without a gap."""
    lines: list[str] = []
    group: list[Line] = []
    for entry in entries:
        if len(entry.value) == 1:
            group.append(entry)
            continue
        lines += _group_lines(group)
        group = []
        lines += [f"{entry.name} = {entry.value[0]}", *entry.value[1:]]
    return lines + _group_lines(group)


def indented(lines: Iterable[str]) -> list[str]:
    """Lines one level deeper."""
    return [f"  {line}" if line else line for line in lines]


def key_of(name: str) -> str:
    """A name as the key of an object."""
    return name if _NAME.fullmatch(name) else text_of(name)


def _group_lines(group: Sequence[Line]) -> list[str]:
    width = max((len(entry.name) for entry in group), default=0)
    lines = [(f"{entry.name:{width}} = {entry.value[0]}", entry.remark) for entry in group]
    texts: list[str] = []
    for has_remark, run in groupby(lines, key=lambda line: bool(line[1])):
        together = list(run)
        column = max(len(text) for text, _ in together)
        texts += [f"{text:{column}} # {remark}" if has_remark else text for text, remark in together]
    return texts


def _list_lines(value: Sequence[Any], taken: int) -> list[str]:
    line = text_of(value)
    if taken + len(line) <= WIDTH and not any(isinstance(one, Mapping | list | tuple) for one in value):
        return [line]
    lines = []
    for one in value:
        *most, last = lines_of(one, 2)
        lines += [*most, f"{last},"]
    return ["[", *indented(lines), "]"]


def _scalar(value: Any) -> str:
    match value:
        case Reference(text):
            return text
        case None | bool() | int() | float():
            return json.dumps(value)
        case _:
            raise TypeError(f"not a value of Terraform's: {value!r}")


def _parts(parts: tuple[str | Reference, ...]) -> Iterator[str]:
    for part, after in zip(parts, (*parts[1:], ""), strict=True):
        if isinstance(part, Reference):
            yield f"${{{part.text}}}"
        elif isinstance(after, Reference) and part.endswith(("$", "%")):
            # Two signs and a brace would be the escape of a brace.
            yield f'{_escaped(part[:-1])}${{"{part[-1]}"}}'
        else:
            yield _escaped(part)


def _escaped(text: str) -> str:
    plain = _SPECIAL.sub(lambda match: _ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04x}", text)
    return plain.replace("${", "$${").replace("%{", "%%{")
