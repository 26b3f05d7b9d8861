"""The sources as they ship are the same program on the same lines, whatever is written in them."""

from __future__ import annotations

import ast
import io
import os
import tokenize
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import edgewise.edge
from edgewise.site.lean import lean

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
RUNTIME = sorted(Path(edgewise.edge.__file__).parent.rglob("*.py"))
# Much older and odder Python than the runtime's.
OTHERS = [Path(os.__file__).with_name(name) for name in ("ast.py", "os.py", "typing.py", "tokenize.py")]


class Bare(ast.NodeTransformer):
    """Leaves annotations out."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        return ast.copy_location(ast.Assign([node.target], node.value), node) if node.value else node


def program(source: bytes) -> tuple[str, list[tuple[str, int]]]:
    """What a source does, and the line of each of its parts; of docstrings and type checks only that they are there."""
    tree = Bare().visit(ast.parse(source))
    for statement in tree.body:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            statement.body = [ast.copy_location(ast.Pass(), statement.body[0])]
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            assert isinstance(node.body[0], ast.Expr)
            node.body[0].value = ast.copy_location(ast.Constant(""), node.body[0])
    lines = [(type(node).__name__, node.lineno) for node in ast.walk(tree) if hasattr(node, "lineno")]
    return ast.dump(tree), lines


def check(source: bytes) -> None:
    made = lean(source)
    assert program(made) == program(source)
    assert not [one for one in tokenize.tokenize(io.BytesIO(made).readline) if one.type == tokenize.COMMENT]
    assert lean(made) == made


@pytest.mark.parametrize("file", RUNTIME, ids=lambda file: file.stem)
def test_the_runtime_stays_what_it_is(file: Path) -> None:
    check(file.read_bytes())


@pytest.mark.parametrize("file", OTHERS, ids=lambda file: file.stem)
def test_so_does_other_python(file: Path) -> None:
    check(file.read_bytes())


text = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0\f"), max_size=12)
comment = text.map("# {}".format)
docstring = st.one_of(
    text.map(repr),
    st.lists(text.map(lambda one: one.replace("\\", "").replace('"', "'")), min_size=1, max_size=3).map(
        lambda parts: '"""' + "\n    # ".join(parts) + ' """'
    ),
    st.just('("one"  # two\n  "three")'),
)
signature = st.one_of(
    st.just("(a: (int) = 1, b: # c\n  (int)=2) -> (int)"),
    text.map(
        lambda one: (
            f"(é: {one!r} = 1, *args: int, b: list[\n  int  # {one}\n  ] = [], **c: 'd') -> dict[\n {one!r},\n 1]"
        )
    ),
    st.just("(a, /, b: lambda x: x, *, c: int) -> (\n  # why\n  int)"),
)
plain = st.one_of(
    text.map(lambda one: f"x = {one!r}  # {one}"),
    st.just('x = """\n# not a comment\n"""'),
    st.just('x = f"""\n# {1} is none\n"""  # é is one'),
    st.just("x = [  # first\n# second\n1]"),
    st.just("pass"),
    st.just("x: (int) = 1; y: list[\n  int  # why\n] = []; z: int"),
)


@st.composite
def sources(draw: st.DrawFn) -> bytes:
    """Functions, classes and a block for type checkers, with docstrings and comments wherever they may stand."""
    parts = [draw(st.one_of(docstring, comment, plain))]
    if draw(st.booleans()):
        parts += ["TYPE_CHECKING = False", f"if TYPE_CHECKING: {draw(comment)}", f" import a {draw(comment)}"]
        parts += [" class B:", f"  {draw(text)!r}"]
    for keyword in draw(st.lists(st.sampled_from(["def f", "async def é", "class C"]), max_size=3)):
        keyword += ":" if keyword == "class C" else f"{draw(signature)}:"
        parts.append(f"{keyword}{draw(st.sampled_from(['', '  # why']))}\n    {draw(docstring)}")
        parts += [f"    {line}" for line in draw(st.lists(st.one_of(comment, plain), max_size=2))]
        parts.append(f"{keyword} {draw(text)!r}; x = 1 {draw(comment)}")
    return "\n".join([*parts, draw(st.sampled_from(["", "\n", "# end"]))]).encode()


@given(sources())
def test_any_program_stays_what_it_is(source: bytes) -> None:
    check(source)
