"""Rules about what cannot be read as it stands: what a macro makes, what leads nowhere, what CloudFront refuses."""

from __future__ import annotations

from collections.abc import Iterator

from edgewise.cdn.template.intrinsics import ANCHORS_HINT, TOO_MANY_VALUES
from edgewise.cdn.template.lines import path_of
from edgewise.check.expressions import Expressions
from edgewise.check.finding import Problem, Rule, rule
from edgewise.check.part import Path
from edgewise.check.refusals import refusals
from edgewise.check.rules import associations, behaviors, code, functions, origins, policies
from edgewise.check.stack import Stack

_MACROS = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html"
_FUNCTIONS = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html"
)
_DISTRIBUTION = "AWS::CloudFront::Distribution"
# The resources that a distribution and its functions are read from.
_LOOKED_AT = ("AWS::CloudFront::", "AWS::Lambda::", "AWS::S3::BucketPolicy")

# Rules of their own for what the readers refuse too. They say it better, and all of it.
_TOLD_ELSEWHERE: tuple[Rule, ...] = (
    *(functions.timeout, functions.memory, code.handler_module),
    *(associations.event_type, associations.one_function_per_event, associations.include_body),
    *(origins.reserved_custom_header, origins.origin_ranges, origins.failover_codes, origins.members),
    *(policies.authorization_listed, policies.origin_request_only),
    *(behaviors.method_sets, behaviors.error_codes, behaviors.error_page_complete),
)


@rule(
    521,
    "note",
    "a part of the template is made by a macro and is not looked at",
    hint="check the template that the macro makes: `aws cloudformation get-template --template-stage Processed`",
    source=_MACROS,
)
def made_by_a_macro(stack: Stack) -> Iterator[Problem]:
    for notice in stack.template.left_out:
        path: Path = tuple(notice.key.split(".", 1))
        yield Problem(stack.evaluator.part(None, path), f"{path[-1]} is {notice.message}")


@rule(
    522,
    "note",
    "there is no distribution in the template",
    hint="check the template that has the distribution: functions are looked at through its behaviors",
    source="distribution-working-with",
)
def no_distribution(stack: Stack) -> Iterator[Problem]:
    if not stack.distributions and not stack.has_macros:
        message = f"there is no {_DISTRIBUTION}: hardly anything was checked"
        yield Problem(stack.evaluator.part(None, ("Resources",)), message)


@rule(
    523,
    "error",
    "an expression or a condition can have no value, or the values are too many",
    hint="name a parameter, a resource, a condition or a mapping's key that is there",
    source=_FUNCTIONS,
)
def expression_without_value(stack: Stack) -> Iterator[Problem]:
    if stack.has_macros:
        # What is not written out here may well be there when the macros have run.
        return
    names = [name for kind in stack.kinds if kind.startswith(_LOOKED_AT) for name in stack.of_type(kind)]
    yield from _undecided_conditions(stack, names)
    expressions = Expressions(stack.evaluator)
    for name in names:
        for path, error in expressions.mistakes(*stack.raw_properties(name)):
            yield Problem(stack.evaluator.part(None, path), error.message, error.hint)
        if expressions.is_too_much:
            yield Problem(stack.properties(name), TOO_MANY_VALUES, ANCHORS_HINT)
            return


def _undecided_conditions(stack: Stack, names: list[str]) -> Iterator[Problem]:
    """The conditions of resources that are neither true nor false, each once."""
    errors = (stack.evaluator.condition_mistake(name) for name in names)
    for key, error in {error.key or "": error for error in errors if error}.items():
        # Resources.NAME.Condition, or Conditions.NAME where another condition is to blame.
        path = path_of(key)[: 3 if key.startswith("Resources.") else 2]
        yield Problem(stack.evaluator.part(None, path), error.message, error.hint)


@rule(
    524,
    "error",
    "a value is none that CloudFront or Lambda takes",
    hint="see the property's page in the CloudFormation reference",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudFront.html",
)
def refused_value(stack: Stack) -> Iterator[Problem]:
    told: set[Path] | None = None
    for problem in refusals(stack):
        if told is None:
            told = {one.part.path for each in _TOLD_ELSEWHERE for one in each.find(stack)}
        path = problem.part.path
        if not any(one[: len(path)] == path for one in told):
            # Where a whole part is missing, several readers say so.
            told.add(path)
            yield problem
