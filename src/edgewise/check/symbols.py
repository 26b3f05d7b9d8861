"""Which names a Python module defines at its top level, without running it."""

from __future__ import annotations

import ast
import symtable

from edgewise.check.source import Module

# What may make names that no reader of the code can see.
_DYNAMIC = frozenset({"exec", "globals", "setattr", "vars"})


def may_define(module: Module, name: str) -> bool:
    """Whether a module has a name after its import; True where reading alone cannot tell."""
    if module.tree is None or _is_dynamic(module.tree, name):
        return True
    try:
        table = symtable.symtable(ast.unparse(module.tree), module.name, "exec")
    except (SyntaxError, ValueError, RecursionError):
        return True
    if name not in table.get_identifiers():
        return False
    symbol = table.lookup(name)
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()


def _is_dynamic(tree: ast.Module, name: str) -> bool:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                return True
            case ast.Name(id=used) if used in _DYNAMIC:
                return True
            case ast.FunctionDef(name="__getattr__") | ast.Global():
                return True
    return False
