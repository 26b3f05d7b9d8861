"""Rules about a distribution's behaviors: path patterns, methods, error pages, the default root object, quotas."""

from __future__ import annotations

from collections.abc import Iterator

from edgewise.cdn.behavior import PATH_PATTERN_LENGTH, matches, normalise
from edgewise.cdn.template.behaviors import METHOD_SETS
from edgewise.cdn.template.distribution import ERROR_CODES
from edgewise.check import limits
from edgewise.check.distribution import Behavior, Distribution
from edgewise.check.finding import Problem, rule
from edgewise.check.patterns import covers, illegal_characters
from edgewise.check.stack import Stack

_BEHAVIORS = "DownloadDistValuesCacheBehavior"
_QUOTAS = "cloudfront-limits"
_ERRORS = "GeneratingCustomErrorResponses"


@rule(
    501,
    "error",
    "a path pattern has a character that CloudFront does not take, or is too long",
    hint="letters, digits and _ - . * $ / ~ \" ' @ : + & ?; anything else is percent-encoded in a path",
    source=_BEHAVIORS,
)
def path_pattern(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        part, pattern = behavior.part.at("PathPattern"), behavior.pattern
        if pattern is None or behavior.is_default:
            continue
        if illegal_characters(pattern):
            yield Problem(part, f"{pattern!r} has {illegal_characters(pattern)!r} in it")
        if len(pattern) > PATH_PATTERN_LENGTH:
            message = f"a path pattern has {PATH_PATTERN_LENGTH} characters at most, this has {len(pattern)}"
            yield Problem(part, message)


@rule(
    502,
    "warning",
    "a behavior is never reached",
    hint="move it before the other one, or take it out: the first match wins",
    source=_BEHAVIORS,
)
def unreachable(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        earlier: list[str] = []
        for behavior in distribution.behaviors:
            pattern = behavior.pattern
            # Quotas come first: comparing all with all is for a distribution that CloudFront would take.
            if pattern is None or len(pattern) > PATH_PATTERN_LENGTH or len(earlier) > 200:
                continue
            winner = next((one for one in earlier if covers(one, pattern)), None)
            if winner is not None:
                part = behavior.part if behavior.is_default else behavior.part.at("PathPattern")
                yield Problem(part, f"{winner}, which stands before, matches all that {pattern} matches")
            earlier.append(pattern)


@rule(
    503,
    "error",
    "a distribution has more of something than CloudFront allows",
    hint="ask AWS for a higher quota, or spread the site over several distributions",
    source=_QUOTAS,
)
def quotas(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        config = distribution.config
        for name, most in limits.QUOTAS.items():
            part = config.at(name)
            if len(part.items()) > most:
                yield Problem(part, f"{len(part.items())} {name}; a distribution has {most} at most")
        if len(distribution.groups) > limits.ORIGIN_GROUPS:
            message = (
                f"{len(distribution.groups)} origin groups; a distribution has {limits.ORIGIN_GROUPS} at most"
            )
            yield Problem(config.at("OriginGroups", "Items"), message)
        functions = {
            association.text
            for behavior in distribution.behaviors
            for association in behavior.associations
            if association.text
        }
        if len(functions) > limits.FUNCTIONS:
            message = f"{len(functions)} functions; a distribution has {limits.FUNCTIONS} at most"
            yield Problem(config, message)


@rule(
    504,
    "error",
    "a behavior's methods are none of the sets that CloudFront takes",
    hint="GET and HEAD; GET, HEAD and OPTIONS; or all seven",
    source=_BEHAVIORS,
)
def method_sets(stack: Stack) -> Iterator[Problem]:
    for behavior in stack.behaviors:
        for name, sets in (("AllowedMethods", METHOD_SETS), ("CachedMethods", METHOD_SETS[:2])):
            part = behavior.part.at(name)
            known = all(item.text is not None for item in part.items())
            if part.items() and known and frozenset(part.texts()) not in sets:
                yield Problem(part, f"CloudFront does not take {', '.join(part.texts())} as {name}")


@rule(
    505,
    "error",
    "a custom error response is for, or answers with, a status that CloudFront does not take",
    hint="ErrorCode is one of "
    + ", ".join(map(str, sorted(ERROR_CODES)))
    + "; ResponseCode one of these or 200",
    source=_ERRORS,
)
def error_codes(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        for response in distribution.config.at("CustomErrorResponses").items():
            code, answer = response.at("ErrorCode"), response.at("ResponseCode")
            if code.number is not None and code.number not in ERROR_CODES:
                yield Problem(code, f"{code.number} can have no custom error response")
            if answer.number is not None and answer.number not in {200, *ERROR_CODES}:
                yield Problem(answer, f"a custom error response cannot answer with {answer.number}")


@rule(
    506,
    "error",
    "a custom error response has a page without a status, or a status without a page",
    hint="give ResponsePagePath (from its first slash on) and ResponseCode, or neither",
    source=_ERRORS,
)
def error_page_complete(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        for response in distribution.config.at("CustomErrorResponses").items():
            page, code = response.at("ResponsePagePath"), response.at("ResponseCode")
            if not (page.is_known and code.is_known):
                continue
            if page.is_set != code.is_set:
                missing = code if page.is_set else page
                yield Problem(missing, "ResponsePagePath and ResponseCode go together")
            elif page.text and not page.text.startswith("/"):
                yield Problem(page, f"the path {page.text!r} does not start with a slash")


@rule(
    507,
    "note",
    "an error page is fetched through a behavior that runs origin triggers",
    hint="serve error pages through a behavior of their own, best from a bucket, if the function is not for them",
    source=_ERRORS,
)
def error_page_runs_functions(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        for response in distribution.config.at("CustomErrorResponses").items():
            page = response.at("ResponsePagePath")
            behavior = _behavior_of(page.text, distribution) if page.text else None
            triggers = (
                sorted(one for one in behavior.triggers if one.startswith("origin-")) if behavior else []
            )
            if behavior and triggers:
                message = (
                    f"{page.text} is fetched through {behavior.name}: {' and '.join(triggers)} runs for it"
                )
                yield Problem(page, message)


def _behavior_of(path: str, distribution: Distribution) -> Behavior | None:
    """The behavior that serves a path; None if a pattern on the way is not known."""
    for behavior in distribution.behaviors:
        if behavior.pattern is None:
            return None
        if behavior.is_default or matches(behavior.pattern, normalise(path)):
            return behavior
    return None


@rule(
    508,
    "warning",
    "the default root object has a leading slash",
    hint="write it as index.html",
    source="DefaultRootObject",
)
def default_root_object(stack: Stack) -> Iterator[Problem]:
    for distribution in stack.distributions:
        part = distribution.config.at("DefaultRootObject")
        if part.text and part.text.startswith("/"):
            message = f"CloudFront would ask the origin for /{part.text}; a bucket answers that with 403"
            yield Problem(part, message)
