"""The commands of a staged change as a person types them, against the double."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cloud import elsewhere
from cloud.double.server import KEYS
from cloud.dying import Killed, Mortal
from cloud.trying import end, stage
from cloud.workshop import Workshop
from edgewise.cli.main import app


@pytest.fixture(autouse=True)
def on_the_double(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", workshop.double.url)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    # The commands wait in earnest; the double goes on with every look.
    monkeypatch.setattr("time.sleep", lambda seconds: None)


@pytest.fixture
def site(workshop: Workshop) -> Workshop:
    """Deployed, and changed here since."""
    workshop.deploy()
    workshop.code("second")
    return workshop


def run(workshop: Workshop, command: str, *options: str) -> Result:
    return CliRunner().invoke(app, [command, str(workshop.folder), *options])


def done(workshop: Workshop, command: str, *options: str) -> str:
    result = run(workshop, command, *options)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_stage_look_promote(site: Workshop) -> None:
    output = done(site, "stage", "--header", "aws-cf-cd-try=yes", "--yes", "--no-verify")

    assert "+ staged, for whoever sends the header aws-cf-cd-try: yes; everybody else" in output
    assert "~ viewer-request of *, /files/*: function version 1 → 2 (new)" in output
    shown = done(site, "stage")
    assert shown.startswith("Staged, for whoever sends the header aws-cf-cd-try: yes:")
    assert "viewer-request of *, /files/*: function version 2" in shown
    assert "curl -H 'aws-cf-cd-try: yes' https://e" in shown

    output = done(site, "promote", "--yes", "--no-verify")

    assert "~ viewer-request of *, /files/*: function version 1 → 2" in output
    assert "Deployed as number 2" in output
    assert set(site.served.values()) == {2}


def test_stage_abandon(site: Workshop) -> None:
    output = done(site, "stage", "--percent", "15", "--session", "0", "--yes", "--no-verify", "--json")
    lines: list[dict[str, Any]] = [json.loads(line) for line in output.splitlines()]
    (staged,) = (one for one in lines if one["event"] == "staged")
    assert staged["traffic"] == {"Type": "SingleWeight", "SingleWeightConfig": {"Weight": 0.15}}
    assert {"path": "*", "trigger": "viewer-request", "version": 2} in staged["versions"]
    site.double.resources.fail["StagingDistribution"] = "CloudFront is out of sorts"

    output = done(site, "abandon", "--yes", "--no-verify")

    assert "StagingDistribution: this AWS::CloudFront::Distribution is deleted" in output
    assert f"could not delete the staging distribution {staged['distribution']}" in output
    assert "Deployed as number" not in output
    assert set(site.served.values()) == {1}
    assert site.objects("lock") == []


def test_what_could_not_be_staged_is_met_by_nobody(site: Workshop) -> None:
    planned = done(site, "stage", "--percent", "5", "--plan-only")
    assert "staged, for 5 % of the visitors, 60 minutes each" in planned
    assert len(site.double.cloudfront.distributions) == 1
    # After the primary has its policy: to go back by leaving it out does not take it away.
    site.double.resources.fail["FilesBucketPolicy"] = "the policy is not valid"

    failed = run(site, "stage", "--percent", "5", "--yes", "--no-verify")

    assert "the policy is not valid" in str(failed.exception)
    assert "it is taken off, and everybody meets what is deployed" in failed.output
    primary = site.double.cloudfront.distributions[min(site.double.cloudfront.distributions)]
    assert primary.config["ContinuousDeploymentPolicyId"] == ""
    assert set(site.served.values()) == {1}


def test_a_new_app_is_staged_with_its_image(site: Workshop) -> None:
    (site.folder / "api").mkdir()
    (site.folder / "api" / "Dockerfile").write_text("FROM scratch\n")
    site.site_file(elsewhere.site("us-east-1"))
    refused = run(site, "stage", "--percent", "5", "--yes")
    assert "edgewise stage --image api=" in str(getattr(refused.exception, "hint", ""))
    given = elsewhere.image("1", "us-east-1")

    done(site, "stage", "--percent", "5", "--yes", "--no-verify", "--image", f"api={given}")

    assert elsewhere.code(site, "us-east-1") == given


def test_an_end_that_was_interrupted_goes_on(site: Workshop) -> None:
    stage(site)
    alive = site.clients
    site.clients = Mortal(alive, "describe_stack_events", before=True)
    with pytest.raises(Killed):
        end(site, "promote")

    output = done(site, "promote", "--yes", "--no-verify")

    assert "goes on with the unfinished promote" in output
    assert "Deployed as number 2" in output
    assert set(site.served.values()) == {2}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--percent", "50"), "a share of 50 % cannot be staged"),
        (("--header", "try=yes"), "'try' is no name of a header"),
        (("--percent", "5", "--session", "90"), "visitors cannot stay on their side for 90 minutes"),
        (("--percent", "5", "--ignore", "EDGE999"), "there is no rule EDGE999"),
    ],
)
def test_what_cloudfront_does_not_take_is_refused_before_aws_is_asked(
    workshop: Workshop, options: tuple[str, ...], said: str
) -> None:
    del workshop.double.calls[:]

    refused = run(workshop, "stage", *options)

    assert said in str(refused.exception)
    assert workshop.double.calls == []


def test_an_app_apart_is_not_staged_as_the_site_file_says(workshop: Workshop) -> None:
    (workshop.folder / "far").mkdir()
    (workshop.folder / "far/Dockerfile").write_text("FROM scratch")
    site = workshop.folder / "edgewise.toml"
    far = '[origins.far]\nimage = "far"\nregion = "eu-central-1"\n'
    site.write_text(site.read_text() + far + '[origins.far.local]\ncommand = ["true", "{port}"]\n')
    del workshop.double.calls[:]

    refused = run(workshop, "stage", "--percent", "5")

    assert "the function behind the origin far is in another region" in str(refused.exception)
    assert workshop.double.calls == []


@pytest.mark.parametrize("options", [("--session", "5"), ("--header", "aws-cf-cd-try=yes", "--session", "5")])
def test_sessions_are_of_a_share(workshop: Workshop, options: tuple[str, ...]) -> None:
    refused = run(workshop, "stage", *options)

    assert refused.exit_code == 2
    assert "--session" in refused.output


def test_one_of_the_two_ways_is_enough(workshop: Workshop) -> None:
    refused = run(workshop, "stage", "--percent", "5", "--header", "aws-cf-cd-try=yes")

    assert refused.exit_code == 2
