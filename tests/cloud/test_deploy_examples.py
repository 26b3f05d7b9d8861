"""The example sites, deployed as they are: the double takes every resource and every property of theirs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cloud.double.server import Double
from cloud.workshop import Workshop
from edgewise.cli.saving import queries_of
from edgewise.cloud.deploy import Deployment
from edgewise.cloud.estate import Estate
from edgewise.cloud.package import package
from edgewise.site import image_parameter, load_site

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["shop", "rollout", "statistics", "logging", "memory"])
def test_an_example_is_deployed_and_changes_nothing_the_second_time(
    name: str, double: Double, workshop: Workshop, tmp_path: Path
) -> None:
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name, folder, ignore=shutil.ignore_patterns(".edgewise", "__pycache__"))
    site = load_site(folder)
    deployment = Deployment(
        Estate(
            workshop.clients,
            site.name,
            folder / ".edgewise",
            tell=lambda step, sentence: None,
            sleep=lambda seconds: None,
        )
    )
    images = {
        image_parameter(one): f"123456789012.dkr.ecr.{one.region}.amazonaws.com/{one.name}:1"
        for one in site.images
    }
    made = package(site, folder / "build", deployment.estate.assets.bucket, queries_of(site), images)

    result = deployment.carry_out(deployment.plan(made))

    assert result.number == 1
    assert set(result.versions.values()) == {1}
    assert deployment.plan(made).nothing
    stack = double.formation.named(site.name)
    assert stack is not None
    assert set(stack.kept) == set(made.template["Resources"])
