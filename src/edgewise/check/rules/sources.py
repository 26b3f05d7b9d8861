"""Looking at a function's Python: what its own modules call, read and name. No rules of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from edgewise.check.finding import Place
from edgewise.check.source import Module
from edgewise.check.stack import EdgeFunction


def nodes(function: EdgeFunction) -> Iterator[tuple[Module, ast.AST]]:
    """Every node of the function's own modules."""
    for module in function.modules:
        for node in ast.walk(module.tree) if module.tree else ():
            yield module, node


def calls(function: EdgeFunction) -> Iterator[tuple[Module, ast.Call, str]]:
    """Every call, with the dotted name it is made by, as the imports give it: `threading.Thread`."""
    for module in function.modules:
        if module.tree:
            names = imported_names(module)
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call):
                    yield module, node, full_name(node.func, names)


def strings(function: EdgeFunction) -> set[str]:
    """Every text and attribute name in the function's own modules, in lower case."""
    found = set()
    for _, node in nodes(function):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value.lower())
        elif isinstance(node, ast.Attribute):
            # `request.cookies` reads them as well as `headers["cookie"]`.
            found.add(node.attr.lower().removesuffix("s"))
    return found


def removals(tree: ast.AST) -> Iterator[ast.Constant]:
    """The texts that only name what is taken away: by `del`, and by a `pop` whose result nobody takes.

    So do the test whether it is there, and a loop over written-out names.
    """
    removed: list[ast.expr] = []
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(slice=key, ctx=ast.Del()):
                removed.append(key)
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="pop"), args=[key, *_])):
                removed.append(key)
    texts = {key.value for key in removed if isinstance(key, ast.Constant)}
    names = {key.id for key in removed if isinstance(key, ast.Name)}
    yield from (key for key in removed if isinstance(key, ast.Constant))
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=ast.Constant(value=text) as left, ops=[ast.In() | ast.NotIn()]) if (
                text in texts
            ):
                yield left
            case ast.For(target=ast.Name(id=name), iter=ast.Tuple() | ast.List() | ast.Set() as listed):
                if name in names:
                    yield from (one for one in listed.elts if isinstance(one, ast.Constant))


def place(module: Module, node: ast.AST) -> Place:
    return Place(module.place, getattr(node, "lineno", 1))


def full_name(node: ast.AST, names: dict[str, str]) -> str:
    """The dotted name of an expression; empty if it has none. A call stands for what it makes."""
    attributes: list[str] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return ""
    return ".".join([names.get(node.id, node.id), *reversed(attributes)])


def imported_names(module: Module) -> dict[str, str]:
    """What each imported name stands for: `{"Thread": "threading.Thread"}`."""
    names = {}
    for node in ast.walk(module.tree) if module.tree else ():
        if isinstance(node, ast.Import):
            for alias in node.names:
                # `import a.b` binds `a`, `import a.b as c` binds all of it.
                first = alias.name.partition(".")[0]
                names[alias.asname or first] = alias.name if alias.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names
