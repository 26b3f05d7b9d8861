"""Rules about how a Python function changes the request or the response it is given, as far as its text shows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from edgewise.cdn.distribution import TRIGGERS
from edgewise.cdn.rules import READ_ONLY
from edgewise.check.eventflow import EventFlow, bound_by
from edgewise.check.finding import Problem, rule
from edgewise.check.rules.sources import nodes, place, strings
from edgewise.check.source import Module
from edgewise.check.stack import EdgeFunction, Stack

_RESTRICTIONS = "edge-function-restrictions-all"
_FIXED_AT_VIEWER_RESPONSE = frozenset({"body", "bodyencoding", "status", "statusdescription"})


def _changed(function: EdgeFunction) -> Iterator[tuple[Module, ast.AST, ast.expr, str]]:
    """Every key that is set or deleted: where, what it is in, and the key in lower case."""
    set_back: set[ast.expr] = set()
    for module, node in nodes(function):
        match node:
            case ast.Assign(targets=targets, value=ast.Subscript() as value):
                # An assignment comes before its targets.
                set_back |= {target for target in targets if _text(target) == _text(value)}
            case ast.Subscript(value=owner, slice=ast.Constant(value=str(key)), ctx=ast.Store() | ast.Del()):
                if node not in set_back:
                    yield module, node, owner, key.lower()
            case ast.Call(
                func=ast.Attribute(value=owner, attr="pop"), args=[ast.Constant(value=str(key)), *_]
            ):
                yield module, node, owner, key.lower()


def _written(function: EdgeFunction) -> Iterator[tuple[Module, ast.AST, str, str]]:
    """The same, with the text of what the key is in, in lower case."""
    for module, node, owner, key in _changed(function):
        yield module, node, _text(owner), key


def _text(owner: ast.expr) -> str:
    """An expression as it is written, in lower case; empty if it is too deep for that."""
    try:
        return ast.unparse(owner).lower()
    except RecursionError:
        return ""


@rule(
    621,
    "warning",
    "the code sets or deletes a header that is read-only at its trigger",
    hint="leave the header as it came, also when the headers are made anew; Host can be changed at origin-request",
    source=_RESTRICTIONS,
)
def read_only_header(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        triggers = stack.code_triggers(function) & set(TRIGGERS)
        # Code that serves several triggers tells them apart by itself.
        fixed = [READ_ONLY[trigger] for trigger in TRIGGERS if trigger in triggers]
        changes = [one for one in _changed(function) if fixed and all(one[3] in names for names in fixed)]
        goes_on = _what_goes_on(triggers)
        if not changes or (goes_on == {"request"} and _answers(function)):
            continue
        # A response that is made here, and headers of a call of one's own, are not the event's.
        flow = EventFlow(function.modules, function.handler.rpartition(".")[2])
        for module, node, owner, key in changes:
            part, _, inside = (flow.of(owner) or "").partition(" ")
            if part in goes_on and inside == "headers":
                where = " and ".join(sorted(triggers))
                message = f"{key} is read-only at {where}: if the {part} goes on, the visitor gets 502"
                yield Problem(function.properties.at("Code"), message, place=place(module, node))


def _answers(function: EdgeFunction) -> bool:
    """Whether the handler returns nothing but responses that are written out: then no request goes on."""
    name = function.handler.rpartition(".")[2]
    tree = function.modules[0].tree
    for handler in tree.body if tree else ():
        if isinstance(handler, ast.FunctionDef) and handler.name == name and not handler.decorator_list:
            inner = list(ast.walk(handler))
            returned = [node.value for node in inner if isinstance(node, ast.Return)]
            return bool(returned) and all(_is_response(value, inner) for value in returned)
    return False


def _is_response(value: ast.expr | None, inner: list[ast.AST]) -> bool:
    """Whether an expression is a response that is written out, or a name that holds nothing else."""
    held = [value]
    if isinstance(value, ast.Name):
        held = [given for node in inner for name, given in bound_by(node) if name == value.id]
    return bool(held) and all(isinstance(one, ast.Dict) and _has_status(one) for one in held)


def _has_status(made: ast.Dict) -> bool:
    return any(isinstance(key, ast.Constant) and key.value == "status" for key in made.keys)


def _what_goes_on(triggers: AbstractSet[str]) -> set[str | None]:
    """The part of the event that a function hands on: the request at request triggers, the response at the others."""
    return {trigger.partition("-")[2] for trigger in triggers}


@rule(
    622,
    "warning",
    "the code chooses another origin and keeps the old Host",
    hint="set headers['host'] to the new origin's domain too",
    source="lambda-examples",
)
def origin_without_host(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        if "origin-request" not in function.triggers or "host" in strings(function):
            continue
        for module, node, owner, key in _written(function):
            if key == "domainname" or (key == "origin" and "headers" not in owner):
                message = "the request goes to another origin, with the Host of the configured one"
                yield Problem(function.properties.at("Code"), message, place=place(module, node))


@rule(
    623,
    "warning",
    "a viewer-response function sets the status or the body",
    hint="do it at origin-response, or answer at viewer-request; at viewer-response only headers change",
    source=_RESTRICTIONS,
)
def late_status(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        if stack.code_triggers(function) != {"viewer-response"}:
            continue
        for module, node, owner, key in _written(function):
            if key in _FIXED_AT_VIEWER_RESPONSE and "response" in owner:
                message = f"{key} cannot be changed at viewer-response"
                yield Problem(function.properties.at("Code"), message, place=place(module, node))
