"""Reads a TOML document into the raw types and reports everything that has the wrong name or shape.

The shape of a key is its type in `raw.py`. What a value means (names, references, files) is not looked at here:
see `check.py`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from edgewise.site.problems import Problems, joined, nearest, shown
from edgewise.site.raw_key import Key, RawSecret

Table = TypeVar("Table")

# What a message calls a value, by its type; bool before int, since each bool is one.
_FOUND: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number"),
    (str, "a text"),
    (list, "a list"),
    (Mapping, "a table"),
    ((datetime.date, datetime.time), "a date or time"),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a key: `container` is list, dict or None; `item` is str, bool, float or the raw class of a table.

    `field` is the key's field in the raw class. `text_too` says that one of the key's choices may stand in place of
    the list.
    """

    key: Key
    container: type[Any] | None
    item: type[Any]
    field: str = ""
    text_too: bool = False

    @property
    def name(self) -> str:
        """What a message calls the shape."""
        item = {str: "a text", bool: "true or false", float: "a number"}.get(self.item, "a table")
        many = item.removeprefix("a ") + "s"
        name = {None: item, list: f"a list of {many}", dict: f"a table of {many}"}[self.container]
        return f"a text or {name}" if self.text_too else name


def shapes_of(table: type[Any]) -> dict[str, Shape]:
    """The keys of a raw class, in order, each with its shape."""
    hints = get_type_hints(table, include_extras=True)
    # A key that is a word of Python's, such as `from`, has a field with an underscore behind it.
    return {field.rstrip("_"): _shape(field, hint) for field, hint in hints.items()}


def _shape(field: str, hint: Any) -> Shape:
    """`Annotated[list[str] | None, Key(…)]` taken apart."""
    union, key = get_args(hint)
    *text, given = (one for one in get_args(union) if one is not NoneType)
    container = get_origin(given)
    return Shape(key, container, get_args(given)[-1] if container else given, field, bool(text))


def read_table(table: type[Table], value: Mapping[str, Any], path: str, problems: Problems) -> Table:
    """One table of the file as its raw class; `path` is its dotted key.

    Unknown keys, missing keys and wrong shapes go to `problems`; their fields stay None.
    """
    shapes = shapes_of(table)
    meant = _report_unknown(value, shapes, path, problems)
    found: dict[str, Any] = {}
    for name, shape in shapes.items():
        if name in value:
            found[shape.field] = _read(shape, value[name], joined(path, name), problems)
        elif shape.key.required and name not in meant:
            problems.add(
                joined(path, name), f"missing: expected {shape.name}", f"`{name}`: {shape.key.help}."
            )
    return table(**found)


def _report_unknown(
    value: Mapping[str, Any], known: Mapping[str, Shape], path: str, problems: Problems
) -> set[str | None]:
    """Report unknown keys; the keys that were most likely meant are not to be reported as missing as well."""
    unknown = [name for name in value if name not in known]
    for name in unknown:
        problems.add_unknown(joined(path, name), "key", name, known)
    return {nearest(name, known) for name in unknown}


def _read(shape: Shape, value: Any, path: str, problems: Problems) -> Any:
    if shape.container is None:
        return _read_item(shape, value, path, problems)
    if shape.text_too:
        if (
            isinstance(value, str)
            and value not in shape.key.choices
            and not nearest(value, shape.key.choices)
        ):
            problems.add(
                path,
                f"unknown value {shown(value)}",
                f'Expected a list, ["{value}"], or one of: {", ".join(shape.key.choices)}.',
            )
            return None
        if isinstance(value, str):
            return _read_item(Shape(shape.key, None, str), value, path, problems)
        shape = replace(shape, key=replace(shape.key, choices=()))
    if not isinstance(value, shape.container or list):
        return _report_shape(shape, shape.name, value, path, problems)
    if isinstance(value, dict):
        return {name: _read_item(shape, one, joined(path, name), problems) for name, one in value.items()}
    return [_read_item(shape, one, f"{path}[{i}]", problems) for i, one in enumerate(value)]


def _read_item(shape: Shape, value: Any, path: str, problems: Problems) -> Any:
    if shape.item in (str, bool, float):
        right = type(value) in (int, float) if shape.item is float else isinstance(value, shape.item)
        if not right:
            return _report_shape(shape, Shape(shape.key, None, shape.item).name, value, path, problems)
        if shape.key.choices and value not in shape.key.choices:
            problems.add_unknown(path, "value", value, shape.key.choices)
            return None
        return value
    if not isinstance(value, Mapping):
        return _report_shape(shape, "a table", value, path, problems)
    return read_table(shape.item, value, path, problems)


def _report_shape(shape: Shape, expected: str, value: Any, path: str, problems: Problems) -> None:
    found = next((name for kinds, name in _FOUND if isinstance(value, kinds)), "something else")
    name = path.rpartition(".")[2]
    given = "" if shape.key.may_be_secret else f": {shown(value)}"
    example = f" For example: {shape.key.example}." if shape.key.example else ""
    hint = f"`{name}`: {shape.key.help}.{example}"
    if shape.item is RawSecret and isinstance(value, str):
        hint += " It is never the secret itself."
    elif shape.container is dict and shape.item is str and isinstance(value, bool | int | float):
        hint = f'Write it in quotes: "{shown(value)}".'
    problems.add(path, f"expected {expected}, found {found}{given}", hint)
