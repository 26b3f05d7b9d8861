"""Whether a command of the stock AWS command line is one: services, operations and options by botocore's models.

What the command line adds to them is in `_CUSTOM`, from its reference.
"""

from __future__ import annotations

from functools import cache

import botocore.session
from botocore import xform_name

_EVERYWHERE = {
    "--cli-binary-format",
    "--endpoint-url",
    "--no-cli-pager",
    "--no-paginate",
    "--output",
    "--profile",
    "--query",
    "--region",
}
# Paging, which the command line adds to operations that know it.
_PAGING = {"--max-items", "--starting-token", "--page-size"}
# Commands that are no operations, with the options of theirs that are used here.
_CUSTOM = {
    ("cloudformation", "deploy"): {
        "--capabilities",
        "--parameter-overrides",
        "--s3-bucket",
        "--stack-name",
        "--template-file",
    },
    ("cloudformation", "package"): {"--output-template-file", "--s3-bucket", "--template-file"},
    ("configure", None): set(),
    ("ecr", "get-login-password"): set(),
    ("logs", "tail"): {"--follow", "--since"},
    ("s3", "cp"): {"--recursive"},
    ("s3", "ls"): {"--recursive"},
    ("s3", "mb"): set(),
    ("s3", "rb"): {"--force"},
    ("s3", "rm"): {"--recursive"},
    ("s3", "sync"): {"--delete"},
    ("sso", "login"): set(),
}
# An option that the command line has instead of a structure.
_INSTEAD = {("cloudfront", "CreateInvalidation"): ("--invalidation-batch", "--paths")}


def trouble(words: list[str]) -> str | None:
    """What is wrong with `aws WORDS`, or None."""
    service, operation = words[0], next((one for one in words[1:2] if not one.startswith("-")), None)
    options = {one.partition("=")[0] for one in words if one.startswith("--")} - _EVERYWHERE
    if (service, operation) in _CUSTOM:
        return _unknown(options, _CUSTOM[service, operation])
    if service not in _session().get_available_services():
        return f"there is no service {service}"
    if operation == "wait":
        return _wait(service, words[2], options)
    known = _operations(service)
    if operation not in known:
        return f"{service} has no operation {operation}"
    accepted, required = _options(service, known[operation])
    if missing := sorted(required - options):
        return f"{service} {operation} needs {', '.join(missing)}"
    return _unknown(options, accepted | _PAGING)


def _wait(service: str, waiter: str, options: set[str]) -> str | None:
    model = _session().get_waiter_model(service)
    names = {xform_name(name, "-"): name for name in model.waiter_names}
    if waiter not in names:
        return f"{service} has no waiter {waiter}"
    accepted, _ = _options(service, model.get_waiter(names[waiter]).operation)
    return _unknown(options, accepted)


def _unknown(options: set[str], accepted: set[str]) -> str | None:
    unknown = sorted(options - accepted)
    return f"it has no {', '.join(unknown)}" if unknown else None


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def _operations(service: str) -> dict[str | None, str]:
    return {xform_name(name, "-"): name for name in _session().get_service_model(service).operation_names}


@cache
def _options(service: str, operation: str) -> tuple[set[str], set[str]]:
    """All options of an operation, and those that it needs."""
    shape = _session().get_service_model(service).operation_model(operation).input_shape
    if shape is None:
        return set(), set()
    accepted = {"--" + xform_name(name, "-") for name in shape.members}
    required = {"--" + xform_name(name, "-") for name in shape.required_members}
    if (service, operation) in _INSTEAD:
        replaced, option = _INSTEAD[service, operation]
        accepted, required = accepted | {option}, required - {replaced} | {option}
    return accepted | {f"--no-{one[2:]}" for one in accepted}, required
