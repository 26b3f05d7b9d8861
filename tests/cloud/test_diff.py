"""`edgewise diff`: all that a deployment's plan would say, as lines, and what somebody changed by other means."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from cloud.elsewhere import AWAY, app_stack, image
from cloud.workshop import Workshop
from edgewise.cli.main import app

pytestmark = pytest.mark.usefixtures("on_the_double")


def diff(workshop: Workshop, *options: str) -> str:
    result = CliRunner().invoke(app, ["diff", str(workshop.folder), *options])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_it_shows_the_lines_that_change(workshop: Workshop) -> None:
    workshop.deploy()
    assert diff(workshop) == ""
    text = (workshop.folder / "edgewise.toml").read_text()
    workshop.site_file(text.replace("app.tea.example.com", "web.tea.example.com"))

    output = diff(workshop)

    assert "-            DomainName: app.tea.example.com" in output
    assert "+            DomainName: web.tea.example.com" in output


def test_an_image_that_another_would_take_the_place_of_is_a_line(away: Workshop) -> None:
    away.deploy()
    assert diff(away) == ""

    output = diff(away, "--image", f"api={image('2')}")

    assert output.startswith(f"--- deployed in {AWAY}\n+++ site in {AWAY}\n")
    assert f"-ApiImage = {image('1')}\n" in output
    assert f"+ApiImage = {image('2')}\n" in output


def test_values_that_cloudformation_tells_in_another_order_are_no_difference(away: Workshop) -> None:
    away.deploy()
    stack = app_stack(away)
    assert stack is not None
    assert len(stack.values) > 1
    stack.values = dict(reversed(stack.values.items()))

    assert diff(away) == ""


def test_a_site_that_is_nowhere_yet_is_all_new_lines(away: Workshop) -> None:
    refused = CliRunner().invoke(app, ["diff", str(away.folder)])
    assert "edgewise diff --image api=" in str(getattr(refused.exception, "hint", ""))

    lines = diff(away, "--image", f"api={image('1')}").splitlines()

    assert f"+ApiImage = {image('1')}" in lines
    assert any(line.endswith("Domain = (known when the app is there)") for line in lines)
    assert not [line for line in lines if line.startswith("-") and not line.startswith("---")]


def test_what_was_changed_by_other_means_is_told(away: Workshop) -> None:
    away.deploy()
    away.double.at(AWAY).functions.functions["tea-api"].code = image("9")
    (distribution,) = away.double.cloudfront.distributions.values()
    distribution.config["Enabled"] = False

    output = diff(away)

    assert "Changed outside of the stack: the function tea-api runs" in output
    assert f"and the stack says {image('1')}." in output
    assert "is turned off, and the stack does not know." in output
    told = [json.loads(line) for line in diff(away, "--json").splitlines()]
    assert [(one["stack"], one["region"], one["lines"]) for one in told if one["event"] == "diff"] == [
        ("tea-app", AWAY, []),
        ("tea", "us-east-1", []),
    ]
    assert len([one["text"] for one in told if one["event"] == "drift"]) == 2


def test_a_policy_that_a_deployment_would_take_off_is_told(workshop: Workshop) -> None:
    workshop.deploy()
    (distribution,) = workshop.double.cloudfront.distributions.values()
    distribution.config["ContinuousDeploymentPolicyId"] = "policy-0001"

    assert "Taken off by a deployment: the policy policy-0001 of a staged change." in diff(workshop)
