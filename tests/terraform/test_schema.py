"""The configurations against the AWS provider's schema, where neither Terraform nor the provider need be there."""

from __future__ import annotations

import re

import pytest

from edgewise.terraform import Configuration
from edgewise.terraform.types.catalogue import KINDS

from .reading import NEWER, SCHEMA, dangling, misfits, resources


def test_every_argument_and_block_is_the_providers(configurations: dict[str, Configuration]) -> None:
    for name, configuration in configurations.items():
        if name.endswith("-attach") and name != "golden-images-attach":
            # The same blocks as without.
            continue
        bodies = resources(configuration.files)
        found = [misfit for address, body in bodies.items() for misfit in misfits(address, body)]
        found += dangling(configuration.files, bodies)
        assert not found, f"{name}: {found}"


@pytest.mark.parametrize(
    ("body", "misfit"),
    [
        ('name = "q"\n colour = 1', "colour is no argument"),
        ('name = "q"\n arn = "a"', "arn is no argument"),
        ('name = "q"\n tags {\n }', "tags is no block"),
        ('timeouts = "1m"', "timeouts is no argument"),
    ],
)
def test_the_check_sees_what_terraform_would(body: str, misfit: str) -> None:
    (found,) = resources({"main.tf": f'resource "aws_sqs_queue" "q" {{\n {body}\n}}\n'}).items()
    assert [one for one in misfits(*found) if misfit in one]


def test_the_check_sees_what_is_missing() -> None:
    text = (
        'resource "aws_cloudfront_distribution" "d" {\n enabled = true\n origin {\n origin_id = "a"\n }\n}\n'
    )
    (found,) = resources({"main.tf": text}).items()
    missing = {one.partition(": ")[2] for one in misfits(*found)}
    assert {"domain_name is missing", "default_cache_behavior is missing"} <= missing
    assert list(dangling({"main.tf": "a = aws_sqs_queue.q.url"}, {}))
    assert list(dangling({"main.tf": "a = aws_sqs_queue.q.colour"}, {"aws_sqs_queue.q": {}}))


def test_the_extract_has_every_type_that_is_written() -> None:
    assert {kind.resource for kind in KINDS.values()} <= SCHEMA.keys()


def test_a_newer_provider_is_asked_for_where_it_is_needed(configurations: dict[str, Configuration]) -> None:
    for name, configuration in configurations.items():
        newer = any(argument in text for _, argument in NEWER for text in configuration.files.values())
        asked = re.search(r' version += "(>= [0-9.]+)"', configuration.files["main.tf"])
        assert asked and asked[1] == (">= 6.29" if newer else ">= 5.100"), name
