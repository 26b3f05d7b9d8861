"""The site `tea` with an app that is an image, and what is in the app's region."""

from __future__ import annotations

from typing import Any

from cloud.double.stacks import Stack
from cloud.workshop import SITE, Workshop
from edgewise.cloud import history
from edgewise.cloud.standing import Result

AWAY = "eu-central-1"
BEHAVIOR = """
[[behaviors]]
path = "/api/*"
origin = "api"
"""


def site(region: str, more: str = "") -> str:
    origin = f'[origins.api]\nimage = "api"\nregion = "{region}"\n{more}\n'
    return SITE.replace("[default]", f"{origin}\n[default]") + BEHAVIOR


def image(tag: str, region: str = AWAY) -> str:
    return f"123456789012.dkr.ecr.{region}.amazonaws.com/tea-api:{tag}"


def app_stack(workshop: Workshop) -> Stack | None:
    return workshop.double.at(AWAY).formation.named("tea-app")


def code(workshop: Workshop, region: str = AWAY) -> str:
    """The image that the function runs."""
    return workshop.double.at(region).functions.functions["tea-api"].code


def permission(workshop: Workshop) -> dict[str, Any]:
    stack = app_stack(workshop)
    assert stack is not None
    return stack.kept["ApiImageInvokePermission"].properties


def origins(workshop: Workshop) -> dict[str, str]:
    (one,) = workshop.double.cloudfront.distributions.values()
    return {each["Id"]: each["DomainName"] for each in one.config["Origins"]["Items"]}


def back(workshop: Workshop) -> Result:
    workshop.images = {}
    deployment = workshop.deployment()
    entry = history.one_before(history.entries(deployment.estate.assets), workshop.standing().state)
    return deployment.carry_out(
        deployment.plan(history.package_of(deployment.estate.assets, entry), again=entry.original)
    )
