"""The file `main.tf`: what the configuration is, what it needs, and the facts that others name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from edgewise.terraform.blocks import Attribute, Block, text_of_blocks
from edgewise.terraform.names import snake
from edgewise.terraform.values import Line, Reference, aligned, indented

# The oldest provider that has every argument used here, and arguments that ask for a newer one.
_PROVIDER = "5.100"
_NEWER = {"invoked_via_function_url": "6.29"}
_TERRAFORM = ">= 1.5"
# Of the example of a module's call.
_DISTRIBUTION = "aws_cloudfront_distribution.site.id"
_USE = """\
#
# The site {site}. Deploy it with credentials of your account:
#
#   terraform init
#   terraform plan
#   terraform apply
#
# Terraform keeps what it made in terraform.tfstate: say in a file of your own, such as backend.tf, where that is to be.
# The files here that Edgewise made are written anew by `edgewise synth`; yours it leaves alone.
"""
_USE_AS_MODULE = """\
#
# The parts of the site {site} that run at the edge, as a module for a distribution of yours. Give it a provider of
# each region that it has parts in, first of us-east-1, where Lambda@Edge functions live, and attach what its outputs
# name:
#
{call}
#
# The files here that Edgewise made are written anew by `edgewise synth`; yours it leaves alone.
"""


def main_file(
    site: str, regions: Sequence[str], others: str, asked: Sequence[str], *, is_module: bool
) -> str:
    """The text of `main.tf` but its first line.

    `others` is the text of the other files, which says what is needed, `asked` the variables without a value.
    """
    use = (_USE_AS_MODULE if is_module else _USE).format(site=site, call=_call(regions, asked))
    return f"{use}\n{text_of_blocks(_blocks(regions, others, is_module=is_module))}"


def _call(regions: Sequence[str], asked: Sequence[str]) -> str:
    """The module's call as a comment: each provider and each variable that it asks for."""
    aliases = [f"aws.{snake(region)}" for region in regions]
    providers = {"aws": "aws.us_east_1", **dict(zip(aliases, aliases, strict=True))}
    values = {name: _DISTRIBUTION if name == "distribution_id" else f"var.{name}" for name in asked}
    lines = ['source = "./edge"', "", "providers = {", *indented(_entries(providers)), "}"]
    if values:
        lines += ["", *_entries(values)]
    call = ['module "edge" {', *indented(lines), "}"]
    return "\n".join(f"#   {line}".rstrip() for line in call)


def _entries(values: Mapping[str, str]) -> list[str]:
    return aligned(Line(name, [value]) for name, value in values.items())


def _blocks(regions: Sequence[str], others: str, *, is_module: bool) -> Iterator[Block]:
    oldest = next((version for argument, version in _NEWER.items() if argument in others), _PROVIDER)
    source: dict[str, Any] = {"source": "hashicorp/aws", "version": f">= {oldest}"}
    if is_module and regions:
        source["configuration_aliases"] = [Reference(f"aws.{snake(region)}") for region in regions]
    yield Block(
        "terraform",
        (),
        [
            Attribute("required_version", _TERRAFORM),
            Block("required_providers", (), [Attribute("aws", source)]),
        ],
    )
    if not is_module:
        yield from _providers(regions)
    yield from _facts(others)


def _providers(regions: Sequence[str]) -> Iterator[Block]:
    home = [Attribute("region", "us-east-1")]
    yield Block(
        "provider", ("aws",), home, "Lambda@Edge functions, and what CloudFront takes, are in us-east-1."
    )
    for region in regions:
        items = [Attribute("alias", snake(region)), Attribute("region", region)]
        yield Block("provider", ("aws",), items)


def _facts(others: str) -> Iterator[Block]:
    facts = {
        "account_id": ("aws_caller_identity", "account_id"),
        "partition": ("aws_partition", "partition"),
    }
    used = {name: fact for name, fact in facts.items() if f"local.{name}" in others}
    if "data.aws_partition" in others:
        used.setdefault("partition", facts["partition"])
    for source, _ in used.values():
        yield Block("data", (source, "current"))
    if used:
        values = [
            Attribute(name, Reference(f"data.{source}.current.{attribute}"))
            for name, (source, attribute) in used.items()
        ]
        yield Block("locals", (), values)
