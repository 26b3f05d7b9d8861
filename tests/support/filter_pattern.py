"""Filter patterns of CloudWatch Logs for lines of JSON, as far as the project uses them.

Source: "Using filter patterns to match terms in JSON log events" in the CloudWatch Logs user guide: a pattern stands in
braces; `$.name` is a property; a text in quotes is compared as a whole, letter by letter, and `*` stands for any text;
conditions, in parentheses, are joined by `||` or `&&`. A line that is no JSON object matches none.
"""

from __future__ import annotations

import json
import re

_CONDITION = re.compile(r'\$\.([A-Za-z_][A-Za-z0-9_]*) = "([^"]*)"')


def matches(pattern: str, line: str) -> bool:
    """Whether a metric filter with this pattern counts the line. ValueError for a form that is not known here."""
    inner = re.fullmatch(r"\{ (.+) \}", pattern)
    if inner is None:
        raise ValueError(f"not a pattern in braces: {pattern}")
    terms = inner[1].split(" || ")
    if len(terms) > 1 and not all(one.startswith("(") and one.endswith(")") for one in terms):
        raise ValueError(f"conditions without parentheses: {pattern}")
    try:
        value = json.loads(line)
    except ValueError:
        return False
    return isinstance(value, dict) and any(_holds(one.strip("()"), value) for one in terms)


def _holds(term: str, value: dict[str, object]) -> bool:
    condition = _CONDITION.fullmatch(term)
    if condition is None:
        raise ValueError(f"not a condition: {term}")
    found = value.get(condition[1])
    wanted = ".*".join(map(re.escape, condition[2].split("*")))
    return isinstance(found, str) and re.fullmatch(wanted, found, re.DOTALL) is not None
