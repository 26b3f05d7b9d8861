"""The runtime's sources as they ship: comments, docstrings and what only a type checker reads stay at home.

Every statement keeps its line, so that a traceback from AWS points into the source that people read.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from functools import lru_cache

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DOCUMENTED = (ast.Module, ast.ClassDef, *_FUNCTIONS)
_FILES = 256

# Where it starts and ends (row from 0, column in bytes), and what stands there and there instead.
_Edit = tuple[tuple[int, int], tuple[int, int], bytes, bytes]


@lru_cache(_FILES)  # every change of the user's makes a new bundle of the same runtime
def lean(source: bytes) -> bytes:
    """The same Python program without comments, docstrings, `if TYPE_CHECKING:` blocks and annotations.

    `source` is UTF-8 with line ends of one byte. It relies on no `__doc__` and on no annotation, and TYPE_CHECKING is
    False in it. Blocks and docstrings leave an empty one behind.
    """
    lines = _without_comments(source)
    for find in (_type_checks, _docstrings_and_annotations):
        # The last one first, as it moves what follows it on its line.
        for edit in sorted(find(ast.parse(b"".join(lines)), lines), reverse=True):
            _apply(edit, lines)
    return b"".join(lines)


def _without_comments(source: bytes) -> list[bytes]:
    lines = list(io.BytesIO(source))
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1].decode()[:column].rstrip().encode() + b"\n"
    return lines


def _type_checks(tree: ast.Module, _: list[bytes]) -> Iterator[_Edit]:
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield _start(node.body[0]), _end(node.body[-1]), b"pass", b""


def _docstrings_and_annotations(tree: ast.Module, lines: list[bytes]) -> Iterator[_Edit]:
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False):
            yield _start(node.body[0]), _end(node.body[0]), b'"""', b'"""'
        if isinstance(node, ast.arg) or (isinstance(node, ast.AnnAssign) and node.value):
            yield from _annotation(b":", node.annotation, lines)
        elif isinstance(node, _FUNCTIONS):
            yield from _annotation(b"->", node.returns, lines)


def _annotation(sign: bytes, node: ast.expr | None, lines: list[bytes]) -> Iterator[_Edit]:
    """One that follows its sign at once, on one line; those in parentheses and longer ones are few and may stay."""
    if node is not None and node.lineno == node.end_lineno:
        row, column = _start(node)
        before = lines[row][:column].rstrip()
        if before.endswith(sign):
            yield (row, len(before.removesuffix(sign).rstrip())), _end(node), b"", b""


def _start(node: ast.stmt | ast.expr) -> tuple[int, int]:
    return node.lineno - 1, node.col_offset


def _end(node: ast.stmt | ast.expr) -> tuple[int, int]:
    return (node.end_lineno or 0) - 1, node.end_col_offset or 0


def _apply(edit: _Edit, lines: list[bytes]) -> None:
    """Put the new text at both ends of the old, and nothing but line ends between."""
    (first, start), (last, end), head, tail = edit
    new = lines[first][:start] + head + b"\n" * (last - first) + tail + lines[last][end:]
    lines[first : last + 1] = new.splitlines(keepends=True)
