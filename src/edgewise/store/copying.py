"""How long a query is once DuckDB's parser has copied what it copies, told from its words. Text in, a number out.

The parser writes the operand of `CASE x WHEN …` in again for each WHEN, and a named window for each OVER. Copies of
copies double, before there is a tree that could be looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import duckdb

from edgewise.store.errors import QueryError

_WORD: Final = re.compile(r"\w+|\S")
# DuckDB's parser takes more for spaces than its tokenizer does.
_STRANGE: Final = re.compile(r"[^\x00-\x7f\w]|\0")
_QUOTED_NAME: Final = re.compile(r'"(?:[^"]|"")*"')
_OPENING: Final = frozenset("([{")
_BRACKETS: Final = _OPENING | frozenset(")]}")


@dataclass(slots=True)
class _Part:
    """What stands between two brackets, or between CASE and END: its bytes and OVERs, with all copies."""

    case: bool = False
    size: int = 0
    overs: int = 0
    whens: int = 0
    operand: int = 0
    operand_overs: int = 0
    windows: int = 0
    named: bool = False  # a WINDOW clause has begun


def written_out(sql: str) -> int:
    """The bytes of a query with every copy that the parser makes; never less than there will be.

    Raises `QueryError` for signs beyond ASCII that are neither letters nor digits, unless they are quoted.
    """
    parts = [_Part()]
    before = ""
    for word, size in _words(sql):
        parts[-1].size += size
        if word in _BRACKETS:
            _bracket(parts, word)
        elif before != ".":  # else it is a name
            _take(parts, word)
        before = word
    while len(parts) > 1:
        _leave(parts)
    return _total(parts[0])


def _words(sql: str) -> list[tuple[str, int]]:
    """Keywords and operators in lower case, other tokens as nothing, each with the bytes up to the next one."""
    text = sql.encode(errors="replace")
    kinds = duckdb.token_type
    found = []
    for (start, kind), (end, _) in pairwise([*duckdb.tokenize(text.decode()), (len(text), None)]):
        word = None
        if kind not in (kinds.string_const, kinds.comment):
            token = text[start:end].decode(errors="replace")
            if strange := _STRANGE.search(_QUOTED_NAME.sub("", token)):
                raise QueryError(
                    f"the sign {strange.group()!a} is in the SQL and in no text",
                    number=20001,
                    hint="Write plain spaces, and put a name with such a sign in double quotes.",
                )
            # A dot between names is a number to the tokenizer.
            telling = kind in (kinds.keyword, kinds.operator) or token.strip() == "."
            word = _WORD.match(token) if telling else None
        found.append((word.group().lower() if word else "", end - start))
    return found


def _bracket(parts: list[_Part], word: str) -> None:
    if word in _OPENING:
        parts.append(_Part())
        return
    while len(parts) > 1 and parts[-1].case:  # CASE was a name
        _leave(parts)
    if len(parts) > 1:
        _leave(parts)


def _take(parts: list[_Part], word: str) -> None:
    here = parts[-1]
    if word == "case":
        parts.append(_Part(case=True))
    elif word == "end" and here.case:
        _leave(parts)
    elif word == "when" and here.case:
        if not here.whens:
            here.operand, here.operand_overs, here.size, here.overs = here.size, here.overs, 0, 0
        here.whens += 1
    elif word == "window":
        here.named = True
    elif word == "over":
        here.overs += 1


def _total(part: _Part) -> int:
    return part.size + part.operand * part.whens + part.windows * part.overs


def _leave(parts: list[_Part]) -> None:
    """Put the innermost part into the one around it."""
    part, outer = parts.pop(), parts[-1]
    size = _total(part)
    outer.size += size
    if outer.named:
        outer.windows += size
    if not part.named:
        outer.overs += part.overs + part.operand_overs * part.whens
