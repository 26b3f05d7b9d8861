"""Reads a CloudFormation template into the values that the local CDN runs."""

from edgewise.cdn.template.distribution import read_distribution
from edgewise.cdn.template.document import Template, load_template, parse_template

__all__ = ["Template", "load_template", "parse_template", "read_distribution"]
