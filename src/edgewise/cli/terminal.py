"""Text from strangers on a terminal: a path or a user agent must not drive it."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with every character that a terminal might obey shown as its escape. Tabs become blanks."""
    text = text.expandtabs(4)
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escape(each) for each in text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
