"""Applies the rules to a template."""

from __future__ import annotations

from collections.abc import Iterable

from edgewise.cdn import Template
from edgewise.check.catalogue import RULES
from edgewise.check.errors import CheckError
from edgewise.check.finding import Finding
from edgewise.check.stack import CheckOptions, Stack


def check_template(
    template: Template, options: CheckOptions | None = None, ignored: Iterable[str] = ()
) -> list[Finding]:
    """What the rules find, in the order of the rules' ids; `ignored` are ids of rules to leave out.

    Raises `TemplateError` when the template has no resources, `CheckError` for an id that no rule has.
    """
    left_out = {name.upper() for name in ignored}
    unknown = sorted(left_out - {rule.id for rule in RULES})
    if unknown:
        hint = "rules are named like EDGE101; docs/check.md lists them"
        raise CheckError(f"there is no rule {', '.join(unknown)}", hint=hint)
    stack = Stack(template, options or CheckOptions())
    return [finding for rule in RULES if rule.id not in left_out for finding in rule(stack)]
