"""What would fail at deployment or at the edge, found before either, in any CloudFormation template."""

from edgewise.cdn.template.lines import line_finder
from edgewise.check.catalogue import RULE_PACK, RULES
from edgewise.check.errors import CheckError
from edgewise.check.finding import Finding, Level, Place, Rule
from edgewise.check.run import check_template, known_rules
from edgewise.check.stack import CheckOptions, Image

__all__ = [
    "RULES",
    "RULE_PACK",
    "CheckError",
    "CheckOptions",
    "Finding",
    "Image",
    "Level",
    "Place",
    "Rule",
    "check_template",
    "known_rules",
    "line_finder",
]
