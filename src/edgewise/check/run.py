"""Applies the rules to a template."""

from __future__ import annotations

import difflib
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
    left_out = known_rules(ignored)
    stack = Stack(template, options or CheckOptions())
    return [finding for rule in RULES if rule.id not in left_out for finding in rule(stack)]


def known_rules(ids: Iterable[str]) -> frozenset[str]:
    """These ids as the rules have them. Raises `CheckError` for one that no rule has."""
    named = frozenset(name.upper() for name in ids)
    known = [rule.id for rule in RULES]
    unknown = sorted(named.difference(known))
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, 1)
        hint = "Rules are named like EDGE101; docs/check.md lists them."
        raise CheckError(
            f"there is no rule {', '.join(unknown)}",
            hint=f"Did you mean {near[0]}? {hint}" if near else hint,
        )
    return named
