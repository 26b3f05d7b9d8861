"""What a command left unfinished, and another command that comes next: nothing is done that nobody asked for."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner, Result

from cloud.dying import die
from cloud.trying import end, stage
from cloud.workshop import Workshop
from edgewise.cli.main import app
from edgewise.cloud import history

pytestmark = pytest.mark.usefixtures("on_the_double")


def run(workshop: Workshop, command: str, *options: str) -> Result:
    return CliRunner().invoke(app, [command, str(workshop.folder), "--no-verify", *options])


def test_a_promote_that_did_not_begin_is_not_begun_by_abandon(site: Workshop) -> None:
    stage(site)
    die(site, lambda: end(site, "promote"), "execute_change_set", before=True)

    asked = run(site, "abandon")

    assert getattr(asked.exception, "code", "") == "cli.deploy"
    assert "drops the unfinished promote: CloudFormation had not begun with it" in asked.output
    assert set(site.served.values()) == {1}
    assert run(site, "abandon", "--yes").exit_code == 0
    assert set(site.served.values()) == {1}
    assert len(site.double.cloudfront.distributions) == 1
    assert site.objects("lock") == []


def test_a_promote_that_was_refused_is_not_begun_by_abandon(site: Workshop) -> None:
    stage(site)
    site.double.refuse = lambda service, operation: (
        ("ExpiredToken", "The token is expired") if operation == "ExecuteChangeSet" else None
    )
    assert run(site, "promote", "--yes").exit_code == 1
    site.double.refuse = lambda service, operation: None

    assert run(site, "abandon", "--yes").exit_code == 0

    assert set(site.served.values()) == {1}


def test_a_promote_that_began_is_asked_for_before_abandon_waits_for_it(site: Workshop) -> None:
    """The answer was lost: CloudFormation has begun, and shows no event yet."""
    stage(site)
    die(site, lambda: end(site, "promote"), "execute_change_set", before=False)

    asked = run(site, "abandon")

    assert getattr(asked.exception, "code", "") == "cli.deploy"
    assert "CloudFormation has begun with the promote of this folder, and that is unfinished." in asked.output
    finished = run(site, "abandon", "--yes")
    assert "Deployed as number 2" in finished.output
    assert "no change is staged" in str(finished.exception)
    assert set(site.served.values()) == {2}


def test_a_deployment_that_did_not_begin_is_not_begun_by_rollback(site: Workshop) -> None:
    site.deploy()
    site.code("third")
    die(site, site.deploy, "execute_change_set", before=True)

    asked = run(site, "rollback")

    assert getattr(asked.exception, "code", "") == "cli.deploy"
    assert set(site.served.values()) == {2}
    assert run(site, "rollback", "--yes").exit_code == 0
    assert set(site.served.values()) == {1}


def go_back(site: Workshop, to: int) -> None:
    """All that `rollback --to` does."""
    deployment = site.deployment()
    entry = history.numbered(history.entries(deployment.estate.assets), to)
    package = history.package_of(deployment.estate.assets, entry)
    deployment.carry_out(deployment.plan(package, again=entry.original))


def test_a_deployment_that_did_not_begin_is_planned_anew_from_the_folder(site: Workshop) -> None:
    die(site, site.deploy, "execute_change_set", before=True)
    site.code("third")

    asked = run(site, "deploy")

    assert getattr(asked.exception, "code", "") == "cli.deploy"
    assert "drops the unfinished deploy: CloudFormation had not begun with it" in asked.output
    assert set(site.served.values()) == {1}
    assert site.objects("lock") == []
    assert run(site, "deploy", "--yes").exit_code == 0
    assert site.plan().nothing


def test_a_staged_change_that_did_not_begin_is_planned_anew_with_the_options(site: Workshop) -> None:
    die(site, lambda: stage(site), "execute_change_set", before=True)

    asked = run(site, "stage", "--header", "aws-cf-cd-try=yes")

    assert getattr(asked.exception, "code", "") == "cli.deploy"
    assert len(site.double.cloudfront.distributions) == 1
    assert run(site, "stage", "--header", "aws-cf-cd-try=yes", "--yes").exit_code == 0
    (policy,) = site.double.cloudfront.policies.policies.values()
    assert policy.config["TrafficConfig"]["Type"] == "SingleHeader"


def test_a_rollback_that_did_not_begin_is_not_begun_by_one_to_another_number(site: Workshop) -> None:
    site.deploy()
    site.code("third")
    site.deploy()
    die(site, lambda: go_back(site, 2), "execute_change_set", before=True)

    asked = run(site, "rollback", "--to", "1")

    assert getattr(asked.exception, "code", "") == "cli.deploy"
    assert set(site.served.values()) == {3}
    assert run(site, "rollback", "--to", "1", "--yes").exit_code == 0
    assert set(site.served.values()) == {1}


def test_a_rollback_that_began_is_asked_for_before_one_to_another_number(site: Workshop) -> None:
    site.deploy()
    site.code("third")
    site.deploy()
    die(site, lambda: go_back(site, 2), "execute_change_set", before=False)

    asked = run(site, "rollback", "--to", "1")

    assert getattr(asked.exception, "code", "") == "cli.deploy"
    assert "CloudFormation has begun with the rollback to 2 of this folder" in asked.output
    assert run(site, "rollback", "--to", "1", "--yes").exit_code == 0
    assert set(site.served.values()) == {1}


@pytest.mark.parametrize("options", [(), ("--to", "2")])
def test_a_rollback_that_began_goes_on_by_the_same_command(site: Workshop, options: tuple[str, ...]) -> None:
    site.deploy()
    site.code("third")
    site.deploy()
    die(site, lambda: go_back(site, 2), "execute_change_set", before=False)

    assert run(site, "rollback", *options).exit_code == 0

    assert set(site.served.values()) == {2}


def test_a_deployment_that_began_is_settled_though_the_next_is_not_wanted(site: Workshop) -> None:
    die(site, site.deploy, "execute_change_set", before=False)
    site.code("third")

    asked = run(site, "deploy")

    assert getattr(asked.exception, "code", "") == "cli.deploy"
    assert set(site.served.values()) == {2}
    assert site.objects("regions") == ["regions/no-alarms", "regions/no-lines"]
