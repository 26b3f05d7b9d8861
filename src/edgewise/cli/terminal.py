"""Text from strangers on a terminal: a path or a user agent must not drive it."""

from __future__ import annotations

import re

_LINE_END = re.compile(r"\r\n|\r|\n")


def printable(text: str) -> str:
    """The text with every character that a terminal might obey shown as its escape.

    Tabs and blanks that do not break, with which AWS's client indents, become blanks.
    """
    text = text.expandtabs(4).replace("\xa0", " ")
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escape(each) for each in text)


def printable_lines(text: str) -> list[str]:
    """The lines of a text, each printable. AWS's client ends those of a traceback with a carriage return."""
    return [printable(line) for line in _LINE_END.split(text.rstrip("\r\n"))]


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
