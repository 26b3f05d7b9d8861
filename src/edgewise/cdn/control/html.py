"""HTML from plain values. Text is escaped unless this module made it: what strangers sent can only ever be text."""

from __future__ import annotations

# Shown as escapes, because they can hide or turn around the text beside them: control and direction characters.
_HIDING = {
    chr(code): f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (
        *(code for code in range(0x20) if code not in (0x0A,)),
        *range(0x7F, 0xA0),
        *(0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF),
    )
}
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"} | _HIDING)
_EMPTY = frozenset({"br", "hr", "input", "link", "meta"})


class Html(str):
    """A piece of HTML that is safe as it stands. Only `h` and `join` make it."""

    __slots__ = ()


def text(value: object) -> Html:
    """Any value as text. What is `Html` already stays as it is."""
    if isinstance(value, Html):
        return value
    return Html(str(value).translate(_ESCAPES))


def join(*children: object) -> Html:
    return Html("".join(text(child) for child in children if child is not None))


def h(tag: str, *children: object, **attributes: object) -> Html:
    """An element. The underscore of `class_` is dropped; None leaves an attribute out, True is its name alone."""
    written = "".join(
        f" {name}" if value is True else f' {name}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None and value is not False
        for name in (key.rstrip("_").replace("_", "-"),)
    )
    if tag in _EMPTY:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{join(*children)}</{tag}>")
