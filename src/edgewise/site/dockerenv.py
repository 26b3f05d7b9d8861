"""The variables that a Dockerfile sets with ENV: their quotes, and what they say of other variables.

The format: "Dockerfile reference" of Docker, "ENV", "ARG" and "Environment replacement". What stands for a variable
of the base image, or for an argument without a default, is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_NAME_FIRST = re.compile(r"(?P<name>[^\s=]+)(?:\s+|$)(?P<value>.*)", re.DOTALL)
# The parts of a word: what may stand for variables, in double quotes or bare; what is as it is; the end of the word.
_PARTS = re.compile(
    r"\"(?P<double>(?:\\.|[^\"\\])*)\"|'(?P<single>[^']*)'|(?P<bare>(?:\\.|[^\s\"'\\])+)|(?P<end>\s+)|(?P<other>.)",
    re.DOTALL,
)
_REPLACED = re.compile(
    r"\\(?P<escaped>.)|\$(?P<name>\w+)|\$\{(?P<braced>\w+)(?::(?P<sign>[-+])(?P<word>[^}]*))?\}"
)


def variables_of(instructions: Iterable[tuple[str, str]]) -> tuple[dict[str, str], set[str]]:
    """Of the words and arguments of a stage's instructions: its variables, and the names of those that are not known.

    One that is not known has the value that is written.
    """
    arguments: dict[str, str] = {}
    variables: dict[str, str] = {}
    unknown: set[str] = set()
    for word, rest in instructions:
        if word not in ("ARG", "ENV"):
            continue
        # An instruction sees what was before it, not itself; ENV comes before ARG.
        seen = {name: value for name, value in (arguments | variables).items() if name not in unknown}
        for name, value, known in _settings(word, rest, seen):
            if word == "ENV":
                variables[name] = value
                unknown = unknown - {name} if known else unknown | {name}
            elif known:
                arguments[name] = value
    return variables, unknown


def _settings(word: str, rest: str, seen: Mapping[str, str]) -> list[tuple[str, str, bool]]:
    """Each name, its value, and whether that is known."""
    if word == "ENV" and (one := _NAME_FIRST.fullmatch(rest)):
        return [(one["name"], *_value(one["value"].strip(), seen))]
    return [
        (name, *_value(value, seen))
        for name, sign, value in (written.partition("=") for written in _words(rest))
        if sign
    ]


def _words(rest: str) -> list[str]:
    """The words, as they are written."""
    words = [""]
    for part in _PARTS.finditer(rest):
        if part["end"]:
            words.append("")
        else:
            words[-1] += part[0]
    return words


def _value(written: str, seen: Mapping[str, str]) -> tuple[str, bool]:
    """What a word says, and whether all that it names is known."""
    value, known = "", True
    for part in _PARTS.finditer(written):
        if part["double"] is not None:
            # Between quotes a backslash escapes these alone.
            text = re.sub(r"\\([^\"\\$])", r"\\\\\1", part["double"])
        elif part["bare"] is not None:
            text = part["bare"]
        else:
            value += part["single"] or part["end"] or part["other"] or ""
            continue
        for found in _REPLACED.finditer(text):
            known = known and _replaced(found, seen) is not None
        value += _REPLACED.sub(lambda found: _or_written(found, seen), text)
    return value, known


def _or_written(found: re.Match[str], seen: Mapping[str, str]) -> str:
    replaced = _replaced(found, seen)
    return found[0] if replaced is None else replaced


def _replaced(found: re.Match[str], seen: Mapping[str, str]) -> str | None:
    """What an escape or the name of a variable stands for; None where that is not known."""
    if found["escaped"]:
        return found["escaped"]
    value = seen.get(found["name"] or found["braced"])
    if found["sign"] is None or value is None:
        return value
    return (value or found["word"]) if found["sign"] == "-" else (value and found["word"])
