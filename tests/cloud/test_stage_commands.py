"""The commands of a staged change as a person types them, against the double."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cloud import elsewhere
from cloud.dying import die
from cloud.edge_lines import record
from cloud.edge_page import answering
from cloud.moto_clients import write_lines
from cloud.trying import end, found, stage
from cloud.workshop import SITE, Workshop
from edgewise.cli.deploying.desk import Desk
from edgewise.cli.deploying.trial import look, seek_of
from edgewise.cli.main import app
from edgewise.cloud.traffic import by_header
from edgewise.cloud.verify import Expected

pytestmark = pytest.mark.usefixtures("on_the_double")


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
    die(site, lambda: end(site, "promote"), "describe_stack_events", before=True)

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


def test_ctrl_c_while_it_looks_has_the_status_of_ctrl_c(
    site: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(deployed: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("edgewise.cloud.staged.what_is_staged", interrupted)

    assert run(site, "stage").exit_code == 130


def seeking(workshop: Workshop) -> Callable[[], Any]:
    """The id of the request by whose record the command would see that the staged change was met."""
    staged = found(workshop)
    expected = Expected.of(staged.settings_hash, staged.versions)
    seek = seek_of(Desk(workshop.folder, as_json=False), staged, expected)
    return lambda: (seek(0) or {}).get("request_id")


def test_a_record_of_the_staged_change_is_told_from_all_others(site: Workshop) -> None:
    stage(site)
    staged, seek = found(site), seeking(site)
    own = {"distribution_id": staged.distribution, "settings_hash": staged.settings_hash}

    def recorded(request_id: str, **fields: str) -> Any:
        group = "/aws/lambda/us-east-1.tea-viewer"
        write_lines(site.clients, "ap-south-1", group, [record(request_id, **{**own, **fields})])
        return seek()

    assert not staged.has_own_settings
    assert recorded("everybody", distribution_id="E0000000000001", function_version="1") is None
    assert recorded("staged-before", function_version="1") is None
    assert recorded("other-settings", settings_hash="0000", function_version="2") is None
    assert recorded("staged", function_version="2") == "staged"


def test_settings_that_nobody_else_has_tell_it_too(site: Workshop) -> None:
    site.site_file(SITE.replace('delivery = "stdout"', 'delivery = "stdout"\nheaders = ["x-tea"]'))
    stage(site)
    staged = found(site)
    assert staged.has_own_settings
    line = record("staged", settings_hash=staged.settings_hash, function_version="2")
    write_lines(site.clients, "ap-south-1", "/aws/lambda/us-east-1.tea-viewer", [line])

    assert seeking(site)() == "staged"


def test_what_somebody_changed_of_a_staged_change_is_told(site: Workshop) -> None:
    stage(site)
    (policy,) = site.double.cloudfront.policies.policies.values()
    policy.config["TrafficConfig"]["SingleWeightConfig"]["Weight"] = 0.07

    shared = done(site, "stage")
    del policy.config["TrafficConfig"]
    nobody = done(site, "stage")
    policy.config["Enabled"] = False
    off = done(site, "stage")
    planned = done(site, "stage", "--percent", "10", "--plan-only")

    told = "Changed outside of the stack: "
    now = "7 % of the visitors, 60 minutes each, and the stack says 5 % of the visitors, 60 minutes each."
    assert f"{told}the staged change is for {now}" in shared
    assert f"{told}the staged change is for nobody, and the stack says 5 %" in nobody
    for output in (off, planned):
        assert f"{told}the policy policy-0001 is turned off, so that nobody meets the staged change" in output


def looked(workshop: Workshop, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command says of a site that answers whoever asks, after its change is staged."""
    desk = Desk(workshop.folder, as_json=False)
    with answering() as page:
        look(desk, found(workshop), page.url)
    return capsys.readouterr().out


def test_that_a_visitor_met_it_is_seen_in_the_logs(
    site: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    stage(site)
    staged = found(site)
    own = {"distribution_id": staged.distribution, "settings_hash": staged.settings_hash}
    line = record("a-visitor", **own, function_version="2", region="ap-south-1")
    write_lines(site.clients, "ap-south-1", "/aws/lambda/us-east-1.tea-viewer", [line])

    assert looked(site, capsys).splitlines() == [
        "a request met the staged change, recorded by version 2 in ap-south-1"
    ]


def test_by_a_header_one_request_is_enough(site: Workshop, capsys: pytest.CaptureFixture[str]) -> None:
    stage(site, by_header("aws-cf-cd-try=yes"))
    staged, desk = found(site), Desk(site.folder, as_json=False)
    line = record("id1==", settings_hash=staged.settings_hash, function_version="2", region="ap-south-1")
    write_lines(site.clients, "ap-south-1", "/aws/lambda/us-east-1.tea-viewer", [line])

    with answering() as page:
        look(desk, staged, page.url)

    assert (len(page.asked), page.header) == (1, "yes")
    assert "answers 200, recorded by version 2 in ap-south-1" in capsys.readouterr().out


def test_where_requests_leave_no_records_that_is_said(
    site: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    site.site_file(SITE.replace('delivery = "stdout"', 'delivery = "stdout"\nsample = 0.5'))
    stage(site)

    output = looked(site, capsys)

    assert "answers 200; no record of it was looked for" in output
    assert "It could not be shown that the staged change answers" in output
