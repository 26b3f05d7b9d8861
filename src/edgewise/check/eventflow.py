"""Which names in a function's Python hold the event's request or response, as far as its text shows.

Names are followed through assignments, loops and calls of the code's own functions, in no order. A name that is also
given something else is not followed: what this finds is meant to be certain, not complete.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal

from edgewise.check.source import Module

# What a name or an expression is: the event (or what leads into it), its request or response, or the headers of one.
Origin = Literal["event", "request", "response", "request headers", "response headers"]

_PARTS: dict[Origin, Origin] = {"request": "request headers", "response": "response headers"}

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Scope = _Function | ast.Module
# Methods whose result is a part of what they are called on, and no copy.
_LOOKS_INSIDE = frozenset({"get", "setdefault"})
# Calls lead at most this deep; each round follows one more.
_ROUNDS = 8


class EventFlow:
    """What the names in a function's modules hold; `handler` is the name that is called with the event."""

    def __init__(self, modules: tuple[Module, ...], handler: str) -> None:
        self._handler = handler
        self._known: dict[tuple[_Scope, str], Origin] = {}
        self._bindings: list[tuple[_Scope, str, ast.expr | None]] = []
        self._calls: list[ast.Call] = []
        self._functions: dict[str, list[_Function]] = {}
        self._scopes: dict[ast.AST, tuple[_Scope, ...]] = {}
        for module in modules:
            if module.tree:
                self._walk(module.tree, (module.tree,))
        self._follow()

    def of(self, node: ast.expr) -> Origin | None:
        """What an expression of these modules is; None if it is neither, or if that is not certain."""
        keys: list[ast.expr] = []
        while not isinstance(node, ast.Name):
            match node:
                case ast.Subscript(value=owner, slice=key):
                    pass
                case ast.Call(func=ast.Attribute(value=owner, attr=method), args=[key, *_]):
                    if method not in _LOOKS_INSIDE:
                        return None
                case _:
                    return None
            keys.append(key)
            node = owner
        origin = self._of_name(node)
        for key in reversed(keys):
            origin = _inside(origin, key)
        return origin

    def _of_name(self, node: ast.Name) -> Origin | None:
        scopes = self._scopes.get(node, ())
        bound = next((scope for scope in scopes if (scope, node.id) in self._bound), None)
        return None if bound is None else self._known.get((bound, node.id))

    def _walk(self, node: ast.AST, scopes: tuple[_Scope, ...]) -> None:
        """Note each name's scopes (innermost first), what is bound in each scope, and the calls."""
        pending: list[tuple[ast.AST, tuple[_Scope, ...]]] = [(node, scopes)]
        while pending:
            node, scopes = pending.pop()
            self._scopes[node] = scopes
            self._bindings.extend((scopes[0], name, value) for name, value in bound_by(node))
            if isinstance(node, ast.Call):
                self._calls.append(node)
            inner = scopes
            if isinstance(node, _Function):
                self._functions.setdefault(node.name, []).append(node)
                self._bindings.extend((node, name, None) for name in _parameters(node))
                inner = (node, *scopes)
            pending.extend((child, inner) for child in ast.iter_child_nodes(node))

    def _follow(self) -> None:
        self._bound = {(scope, name) for scope, name, _ in self._bindings}
        given: dict[tuple[_Scope, str], list[ast.expr | None]] = {}
        for scope, name, value in self._bindings:
            given.setdefault((scope, name), []).append(value)
        arguments = self._arguments()
        for _ in range(_ROUNDS):
            found = {
                place: origin
                for place, values in given.items()
                if (origin := self._held(place, values, arguments.get(place, [])))
            }
            if found == self._known:
                break
            self._known = found

    def _held(
        self, place: tuple[_Scope, str], values: list[ast.expr | None], arguments: list[ast.expr]
    ) -> Origin | None:
        scope, name = place
        if isinstance(scope, _Function) and values[0] is None and len(values) == 1:
            if name == "event" or (scope.name == self._handler and _parameters(scope)[:1] == [name]):
                return "event"
            origins = {self.of(value) for value in arguments} - {None}
        else:
            origins = {None if value is None else self.of(value) for value in values}
        return origins.pop() if len(origins) == 1 else None

    def _arguments(self) -> dict[tuple[_Scope, str], list[ast.expr]]:
        """What the calls give to each parameter of the code's own functions, found by name."""
        found: dict[tuple[_Scope, str], list[ast.expr]] = {}
        for call in self._calls:
            is_method = isinstance(call.func, ast.Attribute)
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            named = [(word.arg, word.value) for word in call.keywords if word.arg]
            for function in self._functions.get(name, ()):
                parameters = _parameters(function)
                if is_method and parameters[:1] == ["self"]:
                    del parameters[0]
                for parameter, value in [*zip(parameters, call.args, strict=False), *named]:
                    found.setdefault((function, parameter), []).append(value)
        return found


def _inside(owner: Origin | None, key: ast.expr) -> Origin | None:
    """What is under a key."""
    name = key.value if isinstance(key, ast.Constant) else None
    for part, headers in _PARTS.items():
        if owner == "event" and name == part:
            return part
        if owner == part and name == "headers":
            return headers
    return owner if owner == "event" else None


def _parameters(function: _Function) -> list[str]:
    arguments = function.args
    return [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def bound_by(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that a node binds and what to; None is anything."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _pairs(target, value)
        case (
            ast.AnnAssign(target=target, value=ast.expr() as value)
            | ast.NamedExpr(target=target, value=value)
        ):
            yield from _pairs(target, value)
        case ast.For(target=ast.Name(id=name), iter=value):
            # A member, under a key that is not known: `for record in event["Records"]`.
            yield name, ast.Subscript(value, ast.Constant(None), ast.Load())
        case (
            ast.For(target=target)
            | ast.AsyncFor(target=target)
            | ast.AugAssign(target=target)
            | ast.comprehension(target=target)
        ):
            yield from _pairs(target, None)
        case ast.withitem(optional_vars=ast.expr() as target):
            yield from _pairs(target, None)


def _pairs(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    """A target's names with their values: `a, b = x, y` binds a to x."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List):
        values = value.elts if isinstance(value, ast.Tuple | ast.List) else []
        matched = values if len(values) == len(target.elts) else [None] * len(target.elts)
        for one, given in zip(target.elts, matched, strict=True):
            yield from _pairs(one, given)
