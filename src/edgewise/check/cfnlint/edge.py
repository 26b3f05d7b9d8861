"""Edgewise's rules for cfn-lint, which knows none of them: `cfn-lint template.yaml -a "$(edgewise check --rules)"`.

Thin wrappers: every rule is in `edgewise.check`, which has to be installed where cfn-lint is. This is the only
module that imports cfn-lint, and nothing of ours imports this one.
"""

from __future__ import annotations

from pathlib import Path

from cfnlint.rules import CloudFormationLintRule, RuleMatch  # type: ignore[import-untyped]
from cfnlint.template import Template as LintTemplate  # type: ignore[import-untyped]

from edgewise.cdn import Template
from edgewise.cdn.errors import TemplateError
from edgewise.check import RULES, CheckOptions, Place, Rule
from edgewise.check.stack import Stack

# The stack of the template that is being linted: sixty rules need not read it sixty times.
_last: list[tuple[LintTemplate, Stack | None]] = []


def _stack(cfn: LintTemplate) -> Stack | None:
    if not _last or _last[0][0] is not cfn:
        template = Template(cfn.template, Path(cfn.filename or "template"))
        try:
            _last[:] = [(cfn, Stack(template, CheckOptions()))]
        except TemplateError:
            # No resources, or one without a type: cfn-lint has its own rules for that.
            _last[:] = [(cfn, None)]
    return _last[0][1]


def _wrapper(rule: Rule) -> type[CloudFormationLintRule]:
    def match(self: CloudFormationLintRule, cfn: LintTemplate) -> list[RuleMatch]:
        stack = _stack(cfn)
        return [
            RuleMatch(list(found.path), _text(found.message, found.hint, found.place))
            for found in (rule(stack) if stack else ())
        ]

    return type(
        rule.id,
        (CloudFormationLintRule,),
        {
            "id": rule.cfn_lint_id,
            "shortdesc": f"{rule.id}: {rule.title}",
            "description": f"{rule.title[0].upper()}{rule.title[1:]}: {rule.hint}",
            "source_url": rule.source,
            "tags": ["cloudfront", "lambda", "edge"],
            "match": match,
        },
    )


def _text(message: str, hint: str, place: Place | None) -> str:
    where = f"{place.file}:{place.line}: " if place else ""
    return f"{where}{message} ({hint})"


# cfn-lint takes the classes that it finds among a module's names.
globals().update({rule.id: _wrapper(rule) for rule in RULES})
