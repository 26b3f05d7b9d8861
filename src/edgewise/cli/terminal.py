"""Text from strangers on a terminal: a path or a user agent must not drive it."""

from __future__ import annotations

import re

_LINE_END = re.compile(r"\r\n|\r|\n")
# Characters of a value in a line; where it is cut, --json and the pages have all of it.
_WIDTH = 300


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


def one_line(text: str) -> str:
    """Text that stays in its line and does not drive the terminal; what is long is cut."""
    shown = printable(text.replace("\n", " · "))
    return shown if len(shown) <= _WIDTH else f"{shown[:_WIDTH]}… ({len(shown):,} characters)"


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
