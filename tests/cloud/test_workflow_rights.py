"""What the roles of workflows may do, and what not: their policies are put to the question as IAM would put them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from cloud.iam import ACCOUNT, DISTRIBUTION, Role
from cloud.workflow_sites import EVERYTHING, SITE, made
from edgewise.cli.main import app
from edgewise.cloud.errors import CloudError
from edgewise.cloud.loggroups import set_retention, subscribe, unsubscribe
from edgewise.cloud.watch import unwatch, watch
from edgewise.site import Site, load_site

REGION = "eu-west-1"
LONG = "a-site-whose-name-is-as-long-as-it-may-b"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with everything that has a right of its own."""
    return made(tmp_path_factory.mktemp("repository"), "[log]\n", EVERYTHING)


@pytest.fixture(scope="module")
def deployer(repository: Path) -> Role:
    return role(repository, "DeployRole")


def role(repository: Path, name: str, site: str = "journal") -> Role:
    return Role(repository / f".github/edgewise-roles-{site}.yaml", name, f"{site}-ci")


def iam(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


# What a call of boto3's is to IAM: the actions, each with the ARN that it is for.
def _alarm(asked: dict[str, Any]) -> list[str]:
    names = [asked["AlarmName"]] if "AlarmName" in asked else asked.get("AlarmNames", ["*"])
    return [f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}" for name in names]


def _rule(asked: dict[str, Any]) -> list[str]:
    return [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{asked.get('Rule') or asked['Name']}"]


def _group(asked: dict[str, Any]) -> list[str]:
    # With and without its streams: the reference does not say which.
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{asked['logGroupName']}"
    return [group, f"{group}:*"]


ARNS: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "cloudwatch": _alarm,
    "events": _rule,
    "logs": _group,
}


class Asked:
    """Clients that answer nothing much, and keep what IAM would be asked."""

    def __init__(self, refused: str = "") -> None:
        self.refused = refused
        self.rights: list[tuple[str, str]] = []
        self.roles: set[str] = set()

    def __call__(self, service: str, region: str) -> Any:
        return _Client(self, service)


class _Client:
    def __init__(self, asked: Asked, service: str) -> None:
        self._asked, self._service = asked, service

    def __getattr__(self, call: str) -> Callable[..., dict[str, Any]]:
        action = f"{self._service}:{''.join(map(str.capitalize, call.split('_')))}"

        def answer(**words: Any) -> dict[str, Any]:
            if call == self._asked.refused:
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, call)
            if call == "describe_log_groups":
                self._asked.rights.append((action, "*"))
                return {"logGroups": []}
            self._asked.rights += [(action, arn) for arn in ARNS[self._service](words)]
            self._asked.roles.update(re.findall(r"arn:aws:iam::\d+:role/[\w-]+", str(words)))
            # An alarm that is not wanted any more is deleted.
            return {"MetricAlarms": [{"AlarmName": "journal.edge.old"}]}

        return answer


def test_what_is_done_in_the_regions_may_be_done(repository: Path, deployer: Role) -> None:
    site = load_site(repository / "site")
    asked = Asked()
    clients: Any = asked
    watch(clients, site, iam("journal-EdgeAlarmsRole-1A2B3C"), [REGION])
    unwatch(clients, site.name, [REGION])
    set_retention(clients, site.name, None, [REGION])
    _subscribe(clients, site)

    assert len({action for action, _ in asked.rights}) >= 12
    for action, where in asked.rights:
        assert deployer.may(action, where), f"{action} on {where}"
    assert asked.roles == {iam("journal-EdgeAlarmsRole-1A2B3C"), iam("journal-EdgeLogsRole-1A2B3C")}
    assert all(
        deployer.may("iam:PassRole", one, PassedToService="events.amazonaws.com") for one in asked.roles
    )
    assert all(deployer.may("iam:PassRole", one, PassedToService="logs.amazonaws.com") for one in asked.roles)


def _subscribe(clients: Any, site: Site) -> None:
    assert site.log and site.log.subscription
    subscribe(clients, site.name, site.log.subscription, iam("journal-EdgeLogsRole-1A2B3C"), [REGION])


def test_lines_may_go_to_a_destination_which_needs_no_role(tmp_path: Path) -> None:
    destination = f"arn:aws:logs:{{region}}:{ACCOUNT}:destination:lines"
    table = f'[log.subscription]\ndestination = "{destination}"\nregions = ["{REGION}"]\n'
    deployer = role(made(tmp_path, "[log]\n", f"[log]\n{table}"), "DeployRole")
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/us-east-1.journal-viewer"
    for where in (group, f"{group}:*", destination.replace("{region}", REGION)):
        assert deployer.may("logs:PutSubscriptionFilter", where), where


def test_what_an_earlier_site_file_placed_may_be_taken_away(tmp_path: Path) -> None:
    deployer, asked = role(made(tmp_path), "DeployRole"), Asked()
    clients: Any = asked
    unwatch(clients, "journal", [REGION])
    unsubscribe(clients, "journal", [REGION])
    for action, where in asked.rights:
        assert deployer.may(action, where), f"{action} on {where}"
    for verb in ("Delete", "Get", "Update"):
        policy = f"arn:aws:cloudfront::{ACCOUNT}:continuous-deployment-policy/E1"
        assert deployer.may(f"cloudfront:{verb}ContinuousDeploymentPolicy", policy)


def test_alarms_tell_home_before_old_ones_are_looked_for(repository: Path) -> None:
    asked = Asked(refused="describe_alarms")
    clients: Any = asked
    with pytest.raises(CloudError, match="no"):
        watch(clients, load_site(repository / "site"), iam("journal-EdgeAlarmsRole-1A2B3C"), [REGION])
    assert "events:PutTargets" in {action for action, _ in asked.rights}


def test_a_record_of_the_domain_is_waited_for(deployer: Role) -> None:
    assert deployer.may("route53:GetChange", "arn:aws:route53:::change/C0123456789")


@pytest.mark.parametrize(
    ("action", "where"),
    [
        ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/{LONG[:25]}-AppImageRoleOfAnAppWithAL-1A2B3C4D5E6F"),
        ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/{LONG[:38]}-FunctionRole-1A2B3C4D5E6F"),
        ("s3:CreateBucket", f"arn:aws:s3:::{LONG[:36]}-filesbucket-1a2b3c4d5e6f"),
        ("s3:PutObject", f"arn:aws:s3:::{LONG[:36]}-filesbucket-1a2b3c4d5e6f/index.html"),
        ("lambda:CreateFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{LONG}-viewer"),
    ],
)
def test_names_that_cloudformation_cuts_are_meant_too(long: Path, action: str, where: str) -> None:
    assert role(long, "DeployRole", LONG).may(action, where)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("long"), 'name = "journal"', f'name = "{LONG}"')


@pytest.mark.parametrize(
    ("action", "where"),
    [
        ("logs:DeleteLogGroup", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/ecs/release-journal-prod"),
        ("logs:DeleteLogGroup", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/my-journal-viewer"),
        ("cloudfront:UpdateDistribution", f"arn:aws:cloudfront::{ACCOUNT}:distribution/E0ANOTHER"),
        ("cloudfront:CreateInvalidation", f"arn:aws:cloudfront::{ACCOUNT}:distribution/E0ANOTHER"),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:journalist"),
        ("iam:PutRolePolicy", iam("journal-ci-PlanRole-1A2B3C4D5E6F")),
        ("iam:UpdateAssumeRolePolicy", iam("journal-ci-DeployRole-1A2B3C4D5E6F")),
        ("iam:AttachRolePolicy", iam("journal-ci-AppRole-1A2B3C4D5E6F")),
        ("iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT}:policy/journal-ci-DeployPolicy1-1A2B3C4D5E6F"),
        ("cloudformation:ExecuteChangeSet", f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/journal-ci/1"),
    ],
)
def test_what_is_not_the_sites_is_left_alone(repository: Path, action: str, where: str) -> None:
    for name in ("PlanRole", "DeployRole", "AppRole"):
        assert not role(repository, name).may(action, where), name


def test_the_sites_own_may_be_changed(deployer: Role) -> None:
    distribution = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{DISTRIBUTION}"
    assert deployer.may("cloudfront:UpdateDistribution", distribution)
    assert deployer.may("iam:PutRolePolicy", iam("journal-FunctionRole-1A2B3C4D5E6F"))
    for name in ("journal.errors", "journal-real-time-late", "journal"):
        assert deployer.may("cloudwatch:TagResource", f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{name}")
    # As "Set up IAM permissions and roles for Lambda@Edge" writes it.
    assert deployer.may(
        "lambda:EnableReplication*", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:journal-viewer"
    )


def test_roles_are_passed_to_services_that_they_are_made_for(deployer: Role) -> None:
    role_ = iam("journal-FunctionRole-1A2B3C4D5E6F")
    assert deployer.may("iam:PassRole", role_, PassedToService="lambda.amazonaws.com")
    assert not deployer.may("iam:PassRole", role_, PassedToService="ec2.amazonaws.com")
    assert not deployer.may("iam:PassRole", role_)
    ci = iam("journal-ci-DeployRole-1A2B3C4D5E6F")
    assert not deployer.may("iam:PassRole", ci, PassedToService="lambda.amazonaws.com")


def test_a_pull_request_may_change_nothing(repository: Path) -> None:
    for one in role(repository, "PlanRole").statements():
        for action in one["Action"]:
            assert action.partition(":")[2].startswith(("Describe", "Get", "List")), action


def test_resources_bear_the_sites_name_or_have_a_number_or_are_all(repository: Path) -> None:
    # What AWS gives a number instead of a name, and Glue's one catalog.
    numbered = (
        ":cloudfront:",
        ":acm:",
        ":delivery:*",
        ":catalog",
        "hostedzone/Z0123456789ABCDEFGHIJ",
        ":change/*",
    )
    # Before the name there is a service's folder at most, and for copies at the edge the region of the original.
    named = re.compile(r"(.*:|:::)([\w-]+[/:])?(/aws/(vendedlogs/)?\w+/(us-east-1\.)?)?journal([-_./]|$)")
    for name in ("PlanRole", "DeployRole", "AppRole"):
        asked = role(repository, name)
        for one in asked.statements():
            for where in map(asked.arn, one["Resource"] if one["Effect"] == "Allow" else ()):
                assert "EXAMPLE" not in where.replace(DISTRIBUTION, "")
                if where != "*" and not any(part in where for part in numbered):
                    assert named.match(where), where


def test_no_stack_of_another_site_is_meant(repository: Path) -> None:
    stacks = {
        where["Fn::Sub"].rpartition(":")[2]
        for one in role(repository, "DeployRole").statements()
        for where in one["Resource"]
        if any(action.startswith("cloudformation:") for action in one["Action"])
    }
    assert stacks == {"stack/journal-app/*", "stack/journal/*"}


def test_every_site_of_a_repository_has_roles_of_its_own(tmp_path: Path) -> None:
    first = made(tmp_path)
    second = first / "almanac"
    (second / "app").mkdir(parents=True)
    (second / "files").mkdir()
    (second / "app/Dockerfile").write_text("FROM scratch\n")
    (second / "edgewise.toml").write_text(SITE.replace("journal", "almanac"))
    result = CliRunner().invoke(app, ["ci", str(second)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    workflows = sorted(one.name for one in (first / ".github/workflows").iterdir())
    assert workflows == ["app-almanac-app.yml", "app-journal-app.yml", "edge-almanac.yml", "edge-journal.yml"]
    almanac = (first / ".github/workflows/edge-almanac.yml").read_text()
    assert "vars.EDGEWISE_ALMANAC_DEPLOY_ROLE" in almanac and "JOURNAL" not in almanac
