"""Rules about a Python function's code, where it is at hand. It is parsed and never run.

Only the function's own modules are looked at: the handler's and what it imports, without installed libraries.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from typing import TypeGuard

from edgewise.cdn.rules import is_disallowed
from edgewise.cdn.viewerfacts import SPELLING as VIEWER_HEADERS
from edgewise.check.finding import Place, Problem, rule
from edgewise.check.rules.sources import calls, full_name, imported_names, nodes, place, removals
from edgewise.check.source import Module, handler_file, is_compiled
from edgewise.check.stack import EdgeFunction, Stack
from edgewise.check.symbols import may_define

_PROGRAMMING = "lambda-edge-testing-debugging"
_RESTRICTIONS = "lambda-at-edge-function-restrictions"
_ENVIRONMENT = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"
_FREEZING = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"

# What Lambda itself sets, and what every Linux process has.
_THERE = re.compile(
    r"_HANDLER|_X_AMZN_\w+|AWS_(REGION|DEFAULT_REGION|EXECUTION_ENV|LAMBDA_\w+|ACCESS_KEY(_ID)?|SECRET_ACCESS_KEY"
    r"|SESSION_TOKEN|XRAY_\w+)|LAMBDA_(TASK_ROOT|RUNTIME_DIR)|LANG|LC_\w+|LD_LIBRARY_PATH|PATH|PYTHONPATH|PWD|TZ|SHLVL"
)
_CLIENTS = re.compile(r"boto3\.((session\.)?Session\.)?(client|resource)")
# Global services, which have one address wherever they are called from (botocore's endpoint rules, 1.44), and STS:
# its credentials are good everywhere. Route 53 Domains is none: its client asks for an address of each region.
_ANYWHERE = frozenset(
    {
        *("account", "artifact", "bcm-dashboards", "bcm-data-exports", "bcm-pricing-calculator"),
        *("bcm-recommended-actions", "billing", "billingconductor", "budgets", "ce", "chime", "cloudfront"),
        *("cloudfront-keyvaluestore", "codecatalyst", "freetier", "iam", "importexport", "invoicing"),
        *("networkmanager", "notificationscontacts", "organizations", "partnercentral-channel"),
        *("partnercentral-revenue-measurement", "pricing-plan-manager", "route53"),
        *("route53-recovery-control-config", "savingsplans", "shield", "sts", "support", "taxsettings"),
        "waf",
    }
)
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_THREADS = frozenset({"threading.Thread", "threading.Timer", "_thread.start_new_thread"})
_EXECUTORS = frozenset(
    {"concurrent.futures.ThreadPoolExecutor", "concurrent.futures.thread.ThreadPoolExecutor"}
)


def _python_functions(stack: Stack) -> Iterator[EdgeFunction]:
    for function in stack.edge_functions:
        if function.is_python and function.tree:
            yield function


def _problem(function: EdgeFunction, module: Module, node: ast.AST, message: str) -> Problem:
    return Problem(function.properties.at("Code"), message, place=place(module, node))


@rule(
    601,
    "error",
    "an edge function's code or its handler's module is not there",
    hint="Handler is module.function; the module is a file at the top of the folder or zip that Code names",
    source="https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html",
)
def handler_module(stack: Stack) -> Iterator[Problem]:
    for function in stack.edge_functions:
        tree, part = function.tree, function.properties.at("Handler")
        if tree is None:
            continue
        if tree.missing:
            message = f"{function.name}'s code is not there: {tree.missing} is no folder and no zip"
            yield Problem(function.properties.at("Code"), message)
        elif function.is_python and part.text and "." not in part.text:
            yield Problem(part, f"{part.text!r} is not module.function")
        elif function.is_python and part.text and not _has_module(function):
            message = (
                f"there is no module {part.text.rpartition('.')[0]!r} in {tree.where or 'the inline code'}"
            )
            yield Problem(part, f"{message}: every request would be 503")


def _has_module(function: EdgeFunction) -> bool:
    tree = function.tree
    return tree is not None and bool(
        handler_file(tree, function.handler) or is_compiled(tree, function.handler)
    )


@rule(
    602,
    "error",
    "an edge function's handler is not defined in its module",
    hint="define it at the module's top level, or name another in Handler",
    source="https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html",
)
def handler_attribute(stack: Stack) -> Iterator[Problem]:
    for function in _python_functions(stack):
        attribute = function.handler.rpartition(".")[2]
        if function.modules and not may_define(function.modules[0], attribute):
            module = function.modules[0]
            message = f"{module.name} defines no {attribute!r}: every request would be 503"
            yield Problem(function.properties.at("Handler"), message, place=Place(module.place, 1))


@rule(
    603,
    "error",
    "an edge function's code is no Python",
    hint="mend the line; the function does not start like this",
    source=_PROGRAMMING,
)
def syntax(stack: Stack) -> Iterator[Problem]:
    return _unread(stack, newer=False)


@rule(
    604,
    "warning",
    "an edge function's code cannot be read by an older Python than its own",
    hint="mend the line, or check the code with the Python that it is written for",
    source=_PROGRAMMING,
)
def newer_syntax(stack: Stack) -> Iterator[Problem]:
    return _unread(stack, newer=True)


def _unread(stack: Stack, newer: bool) -> Iterator[Problem]:
    """A problem for each module that is no Python here, of functions whose Python is newer than this one or not."""
    for function in _python_functions(stack):
        for module in function.modules:
            if module.tree is None and _is_newer(function) is newer:
                message = f"{module.name} cannot be imported: {module.error}"
                yield _problem(function, module, ast.Pass(lineno=module.line), message)


def _is_newer(function: EdgeFunction) -> bool:
    """Whether a function's Python may have a grammar that this one does not know."""
    match = re.fullmatch(r"python3\.(\d{1,3})", function.properties.at("Runtime").text or "")
    return match is not None and int(match[1]) > sys.version_info.minor


@rule(
    611,
    "warning",
    "the code reads an environment variable that the edge does not have",
    hint="bake the value into the code: Lambda@Edge has only the variables that Lambda itself sets",
    source=_RESTRICTIONS,
)
def missing_variable(stack: Stack) -> Iterator[Problem]:
    for function in _python_functions(stack):
        for module in function.modules:
            names = imported_names(module)
            for node in ast.walk(module.tree) if module.tree else ():
                variable = _variable(node, names)
                if variable and not _THERE.fullmatch(variable):
                    yield _problem(function, module, node, f"{variable} is not set at the edge")


def _variable(node: ast.AST, names: dict[str, str]) -> str | None:
    """The name of the environment variable that a node reads."""
    match node:
        case ast.Subscript(value=owner, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
            return name if full_name(owner, names) == "os.environ" else None
        case ast.Call(func=called, args=[ast.Constant(value=str(name)), *_]):
            return name if full_name(called, names) in ("os.environ.get", "os.getenv") else None
    return None


@rule(
    612,
    "warning",
    "a viewer trigger's code reads a CloudFront header that is not there yet",
    hint="read it at origin-request, where a cache or origin request policy asks for it",
    source="adding-cloudfront-headers",
)
def header_of_later(stack: Stack) -> Iterator[Problem]:
    for function in _python_functions(stack):
        if any(not trigger.startswith("viewer-") for trigger in stack.code_triggers(function)):
            continue
        for module, node, name in _header_names(function):
            if name in VIEWER_HEADERS:
                message = f"{name} is added after viewer-request, and viewer-response does not see it either"
                yield _problem(function, module, node, message)


@rule(
    613,
    "warning",
    "the code reads or sets a header that is hidden from functions",
    hint="the scheme is in CloudFront-Forwarded-Proto (origin triggers), the request id in the event's config",
    source="edge-function-restrictions-all",
)
def hidden_header(stack: Stack) -> Iterator[Problem]:
    for function in _python_functions(stack):
        for module, node, name in _header_names(function):
            # Other hidden names, such as keep-alive, are words that stand for much else.
            if is_disallowed(name) and name.startswith("x-"):
                message = f"{name} is never in an event, and a function that adds it gets 502"
                yield _problem(function, module, node, message)


def _header_names(function: EdgeFunction) -> Iterator[tuple[Module, ast.AST, str]]:
    """Every text that can be the name of a header which is read or set, in lower case.

    To take a header off that a visitor may have made up is neither.
    """
    taken_off = {id(node) for module in function.modules if module.tree for node in removals(module.tree)}
    for module, node in nodes(function):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in taken_off:
            continue
        if _HEADER.fullmatch(node.value):
            yield module, node, node.value.lower()


@rule(
    614,
    "warning",
    "the code reads a CloudFront header that no policy asks for",
    hint="list the header in the behavior's cache policy, or in its origin request policy",
    source="adding-cloudfront-headers",
)
def header_not_asked_for(stack: Stack) -> Iterator[Problem]:
    for function in _python_functions(stack):
        used = {behavior for behavior, one in function.uses if (one.trigger or "").startswith("origin-")}
        policies = [(behavior.cache, behavior.forward) for behavior in used]
        if not policies or any(None in pair for pair in policies):
            continue
        asked: set[str] = set()
        for cache, forward in policies:
            asked |= {*(cache.headers if cache else ()), *(forward.header_names if forward else ())}
        for module, node, name in _header_names(function):
            if name in VIEWER_HEADERS and name not in asked:
                message = f"no policy of {function.name}'s behaviors asks for {name}"
                yield _problem(function, module, node, message)


@rule(
    615,
    "warning",
    "an AWS client is made without a region",
    hint="pass region_name: at the edge AWS_REGION is where the visitor's request happens to run",
    source=_ENVIRONMENT,
)
def client_without_region(stack: Stack) -> Iterator[Problem]:
    for function in _python_functions(stack):
        for module, node, name in calls(function):
            if not _CLIENTS.fullmatch(name) or _service(node) in _ANYWHERE:
                continue
            # The region of a session, or of a client as its second argument, is one too.
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            given = len(node.args) > 1 or any(_gives_region(one, module) for one in node.keywords)
            if not given and not (isinstance(owner, ast.Call) and _names_region(owner)):
                message = (
                    f"{name.rpartition('.')[2]} talks to the region where the function runs, which varies"
                )
                yield _problem(function, module, node, message)


def _service(call: ast.Call) -> object:
    """The service that a client is for, if it is written out."""
    named = [keyword.value for keyword in call.keywords if keyword.arg == "service_name"]
    first = [*call.args, *named][:1]
    return first[0].value if first and isinstance(first[0], ast.Constant) else None


def _names_region(call: ast.Call) -> bool:
    return any(keyword.arg in ("region_name", None) for keyword in call.keywords)


def _gives_region(keyword: ast.keyword, module: Module) -> bool:
    """Whether an argument of a client names the region, or may do so: a `config` from elsewhere is believed."""
    if keyword.arg != "config":
        return keyword.arg in ("region_name", None)
    made = [keyword.value]
    if isinstance(keyword.value, ast.Name):
        name = keyword.value.id
        made = [
            node.value
            for node in ast.walk(module.tree or ast.Module([], []))
            if isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
        ]
    return not made or any(not _is_config(one) or _names_region(one) for one in made)


def _is_config(made: ast.expr) -> TypeGuard[ast.Call]:
    """Whether an expression is botocore's `Config(…)`, with nothing merged into it."""
    return isinstance(made, ast.Call) and full_name(made.func, {}).rpartition(".")[2] == "Config"


@rule(
    616,
    "warning",
    "the code starts a background thread",
    hint="finish the work before the handler returns: the environment is frozen then, and may never wake up",
    source=_FREEZING,
)
def background_thread(stack: Stack) -> Iterator[Problem]:
    for function in _python_functions(stack):
        waited_for = {
            item.context_expr
            for _, node in nodes(function)
            if isinstance(node, ast.With | ast.AsyncWith)
            for item in node.items
        }
        for module, node, name in calls(function):
            if name in _THREADS or (name in _EXECUTORS and node not in waited_for):
                yield _problem(function, module, node, f"{name} stops in the middle when the handler returns")
