"""All rules, in the order of their ids."""

from __future__ import annotations

from pathlib import Path

from edgewise.check.finding import Rule
from edgewise.check.rules import (
    access,
    associations,
    behaviors,
    caching,
    code,
    forwarding,
    functions,
    images,
    messages,
    names,
    origin_settings,
    origins,
    own_logs,
    packages,
    placeholders,
    policies,
    refused,
    regions,
    rollouts,
    statistics,
)

_MODULES = (
    functions,
    packages,
    associations,
    origins,
    origin_settings,
    placeholders,
    access,
    images,
    forwarding,
    policies,
    caching,
    behaviors,
    refused,
    regions,
    names,
    code,
    messages,
    rollouts,
    statistics,
    own_logs,
)

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (value for module in _MODULES for value in vars(module).values() if isinstance(value, Rule)),
        key=lambda each: each.id,
    )
)

# The folder that `cfn-lint -a` takes.
RULE_PACK = Path(__file__).parent / "cfnlint"
