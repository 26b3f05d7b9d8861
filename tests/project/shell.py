"""The commands in a piece of shell, as words. It knows what documents and workflows use of the language."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

# A command begins after each of them.
_BEGIN = {"|", "||", "&&", ";", "&", "(", "{", "do", "then", "else", "!", "if", "while", "|&"}
_END = {")", "}", "|", "||", "&&", ";", "&", "|&", "done", "fi", ";;"}
_REDIRECTION = re.compile(r"\d*[<>]+&?\d*")
_ASSIGNMENT = re.compile(r"\w+=")
# What stands in double quotes is one word.
_IN_QUOTES = re.compile(r"\$\(([^()]+)\)")


def invocations(text: str) -> list[list[str]]:
    """Every command of a script, with its arguments, also those whose output is part of another one."""
    joined = re.sub(r"\\\n\s*", " ", text)
    found = [words for line in _logical(joined) for words in _commands(_tokens(line)) if words]
    quoted = (inner for words in found for word in words for inner in _IN_QUOTES.findall(word))
    return found + [words for inner in quoted for words in invocations(inner)]


def _logical(text: str) -> Iterator[str]:
    """Lines; a quoted text of several lines is one."""
    waiting = ""
    for line in text.splitlines():
        waiting += line
        try:
            shlex.split(waiting, comments=True)
        except ValueError:
            waiting += "\n"
            continue
        yield waiting
        waiting = ""
    assert not waiting, f"a quote is never closed: {waiting}"


def _tokens(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    return list(lexer)


def _commands(tokens: list[str]) -> Iterator[list[str]]:
    words: list[str] = []
    redirected = False
    for token in tokens:
        if token in _BEGIN or token in _END:
            yield words
            words = []
        elif _REDIRECTION.fullmatch(token):
            redirected = True
        elif redirected:
            redirected = False
        elif words or not (_ASSIGNMENT.match(token) or token == "$"):
            words.append(token)
    yield words
