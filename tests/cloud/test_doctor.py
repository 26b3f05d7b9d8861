"""`edgewise doctor`: each thing in the way is named, with what to do, and nothing is guessed.

moto plays STS, SSM, Secrets Manager, ACM and CloudFormation. IAM's simulation and Service Quotas are not in it: there
botocore's Stubber answers, which holds both sides to the shapes of AWS's own models.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cfnlint
import pytest
from botocore.stub import Stubber

from cloud.moto_clients import ACCOUNT, CREDENTIALS, Refusing, local_clients, moto_url
from edgewise.cloud.assets import bucket_name
from edgewise.cloud.clients import Clients
from edgewise.cloud.doctor import Finding, Names, diagnose
from edgewise.cloud.doctor.account import check_quotas, check_secrets, check_stack
from edgewise.cloud.doctor.actions import _BY_NAME, _BY_TYPE, needed, without_rights
from edgewise.cloud.doctor.identity import Identity, who_am_i
from edgewise.cloud.doctor.names import check_aliases, check_certificate, check_origins, covers, look_up
from edgewise.cloud.doctor.rights import check_rights
from edgewise.cloud.doctor.zone import check_zone
from edgewise.site import Site, compile_template, load_site
from edgewise.site.model_domain import Domain, HostedZone
from support.sites import ONE_ORIGIN, TO_OPENOBSERVE, site_of

ROOT = Path(__file__).parents[2]
USER = f"arn:aws:iam::{ACCOUNT}:user/ada"
DOMAIN = "d111111abcdef8.cloudfront.net"
UTC = datetime.UTC
LOGGED = f"""{ONE_ORIGIN}{TO_OPENOBSERVE}\
region = "eu-west-1"
visitor = true
key = {{ from = "secrets-manager", name = "shop/visitors" }}
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto_url() as url:
        yield url


@pytest.fixture
def aws(url: str) -> Clients:
    return local_clients(url)


@pytest.fixture(scope="module")
def shop() -> Site:
    return load_site(ROOT / "examples" / "shop")


class Stubbed(Clients):
    """Clients of which one service's answers as a test says."""

    def __init__(self, url: str, service: str, prepare: Callable[[Stubber, str], None]) -> None:
        super().__init__(url, CREDENTIALS)
        self._service = service
        self._prepare = prepare

    def _made(self, service: str, region: str) -> Any:
        client = super()._made(service, region)
        if service == self._service:
            stubber = Stubber(client)
            self._prepare(stubber, region)
            stubber.activate()
        return client


def levels(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.check, one.level) for one in findings]


def test_who_asks_is_told_and_the_clock_agrees(aws: Clients) -> None:
    identity, findings = who_am_i(aws)
    assert identity is not None and identity.account == ACCOUNT
    assert levels(findings) == [("credentials", "ok"), ("clock", "ok")]


@pytest.mark.parametrize(
    ("off", "level", "words"),
    [(-3600, "error", "behind"), (4000, "error", "ahead of"), (120, "warning", "ahead of")],
)
def test_a_clock_that_is_off_is_told(aws: Clients, off: int, level: str, words: str) -> None:
    now = datetime.datetime.now(UTC).timestamp()
    _, findings = who_am_i(aws, lambda: now + off)
    assert levels(findings)[1] == ("clock", level)
    assert words in findings[1].message and "set the clock" in findings[1].hint


def test_credentials_that_are_over_or_not_there(url: str) -> None:
    identity, findings = who_am_i(Refusing(url, {("sts", "us-east-1"): "ExpiredToken"}))
    assert identity is None and levels(findings) == [("credentials", "error"), ("clock", "unknown")]
    assert "ExpiredToken" in findings[0].message and "Sign in" in findings[0].hint


def simulation(
    template: dict[str, Any], source: str, denied: dict[str, str]
) -> Callable[[Stubber, str], None]:
    """Answers of IAM's simulation: everything is allowed but what is denied, with IAM's word for it."""
    return answers(needed(template, "shop", ACCOUNT), source, denied)


def answers(
    wanted: dict[str, list[str]], source: str, denied: dict[str, str]
) -> Callable[[Stubber, str], None]:
    """The same for actions by their resources."""

    def prepare(stubber: Stubber, region: str) -> None:
        for resource, actions in wanted.items():
            results = [
                {
                    "EvalActionName": action,
                    "EvalDecision": denied.get(action, "allowed"),
                    "EvalResourceName": resource,
                }
                for action in actions
            ]
            asked = {"PolicySourceArn": source, "ActionNames": actions, "ResourceArns": [resource]}
            stubber.add_response("simulate_principal_policy", {"EvaluationResults": results}, asked)

    return prepare


def test_what_may_not_be_done_is_named_with_its_resource(url: str, shop: Site) -> None:
    template = compile_template(shop, code_hash="0")
    denied = {"iam:PassRole": "implicitDeny", "cloudformation:ExecuteChangeSet": "explicitDeny"}
    aws = Stubbed(url, "iam", simulation(template, USER, denied))
    findings = list(check_rights(aws, Identity(ACCOUNT, USER), template, "shop"))
    assert levels(findings) == [("rights", "error")] * 2
    assert (
        f"may not cloudformation:ExecuteChangeSet on arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/shop/*"
        in (findings[0].message)
    )
    assert "iam:PassRole" in findings[1].message
    allowed = Stubbed(url, "iam", simulation(template, USER, {}))
    [fine] = check_rights(allowed, Identity(ACCOUNT, USER), template, "shop")
    assert fine.level == "ok"


def test_a_session_is_judged_by_its_role_with_its_path(url: str, shop: Site) -> None:
    template = compile_template(shop, code_hash="0")
    role = f"arn:aws:iam::{ACCOUNT}:role/team/deployer"

    def prepare(stubber: Stubber, region: str) -> None:
        told = {"Path": "/team/", "RoleName": "deployer", "RoleId": "A" * 20, "Arn": role}
        created = {"CreateDate": datetime.datetime(2026, 1, 1, tzinfo=UTC)}
        stubber.add_response("get_role", {"Role": {**told, **created}}, {"RoleName": "deployer"})
        simulation(template, role, {})(stubber, region)

    session = Identity(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/ada")
    [fine] = check_rights(Stubbed(url, "iam", prepare), session, template, "shop")
    assert fine.level == "ok" and role in fine.message


def test_root_and_a_simulation_that_is_not_allowed(url: str, shop: Site) -> None:
    template = compile_template(shop, code_hash="0")
    root = Identity(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
    [warned] = check_rights(local_clients(url), root, template, "shop")
    assert warned.level == "warning"
    refusing = Refusing(url, {("iam", "us-east-1"): "AccessDenied"})
    session = Identity(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/ada")
    [unknown] = check_rights(refusing, session, template, "shop")
    assert unknown.level == "unknown" and "AccessDenied" in unknown.message


def test_the_actions_are_iams_and_every_type_of_our_templates_has_its_own(shop: Site) -> None:
    known = json.loads((Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json").read_text())
    names = {f"{service}:{action}" for service in known for action in known[service]["Actions"]}
    every_type = {"Resources": {kind: {"Type": kind} for kind in (*_BY_TYPE, *(row[0] for row in _BY_NAME))}}
    actions = {one for each in needed(every_type, "shop", ACCOUNT).values() for one in each}
    assert len(actions) > 80 and not {one for one in actions if one.lower() not in names}
    # CloudFront asks for both in the name of whoever associates a function ("Set up IAM permissions and roles").
    assert {"lambda:EnableReplication", "lambda:DisableReplication"} <= actions
    assert "lambda:InvokeFunction" in str(
        needed({"Resources": {"Own": {"Type": "Custom::Own"}}}, "shop", ACCOUNT)
    )
    for site in (shop, load_site(ROOT / "examples" / "rollout")):
        assert without_rights(compile_template(site, code_hash="0")) == []


def test_the_bucket_of_the_code_is_asked_for_by_its_own_name() -> None:
    """That of a long name is shortened."""
    site = "a-site-whose-name-is-as-long-as-it-may-be"[:40]
    asked = needed({"Resources": {}}, site, ACCOUNT)
    assert "s3:PutBucketTagging" in asked[f"arn:aws:s3:::{bucket_name(site, ACCOUNT)}"]


def test_an_app_elsewhere_is_asked_for_in_its_region_with_its_own_stack() -> None:
    template = {"Resources": {"Url": {"Type": "AWS::Lambda::Url"}}}
    asked = needed(template, "shop", ACCOUNT, "eu-central-1")

    assert (
        "cloudformation:ExecuteChangeSet"
        in asked[f"arn:aws:cloudformation:eu-central-1:{ACCOUNT}:stack/shop-app/*"]
    )
    assert "ecr:BatchGetImage" in asked[f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/shop-app"]
    assert not any("us-east-1" in one or ":s3:" in one for one in asked)


def test_what_knows_no_resource_is_asked_for_of_the_site_and_of_its_apps(url: str) -> None:
    site = {"Resources": {"Site": {"Type": "AWS::CloudFront::Distribution"}}}
    app = {"Resources": {"App": {"Type": "AWS::Lambda::Function", "Properties": {"VpcConfig": {}}}}}
    of_site, of_app = needed(site, "shop", ACCOUNT), needed(app, "shop", ACCOUNT, "eu-west-1")
    wanted = {**of_site, **of_app, "*": sorted({*of_site["*"], *of_app["*"]})}
    denied = {"cloudfront:CreateDistribution": "implicitDeny", "ec2:DescribeVpcs": "implicitDeny"}
    aws = Stubbed(url, "iam", answers(wanted, USER, denied))
    first, second = check_rights(aws, Identity(ACCOUNT, USER), site, "shop", {"eu-west-1": app})
    assert "may not cloudfront:CreateDistribution on *" in first.message
    assert "may not ec2:DescribeVpcs on *" in second.message


def test_a_type_whose_actions_are_not_known_is_named(url: str) -> None:
    template = {"Resources": {"Moon": {"Type": "AWS::Moon::Base"}}}
    aws = Stubbed(url, "iam", simulation(template, USER, {}))
    fine, strange = check_rights(aws, Identity(ACCOUNT, USER), template, "shop")
    assert fine.level == "ok"
    assert strange.level == "unknown" and "AWS::Moon::Base" in strange.message


def test_quotas_of_a_new_account_are_named_with_their_regions(url: str) -> None:
    told = {"us-east-1": 1000.0, "eu-west-1": 10.0, "sa-east-1": 10.0}

    def prepare(stubber: Stubber, region: str) -> None:
        quota = {"Quota": {"QuotaName": "Concurrent executions", "Value": told[region]}}
        asked = {"ServiceCode": "lambda", "QuotaCode": "L-B99A9384"}
        stubber.add_response("get_service_quota", quota, asked)

    [warned] = check_quotas(Stubbed(url, "service-quotas", prepare), told)
    assert (warned.level, "at most 10 functions" in warned.message) == ("warning", True)
    assert "eu-west-1, sa-east-1" in warned.message and "us-east-1," not in warned.message
    [fine] = check_quotas(Stubbed(url, "service-quotas", prepare), ["us-east-1"])
    assert fine.level == "ok"
    refusing = Refusing(url, {("service-quotas", "us-east-1"): "AccessDeniedException"})
    assert levels(list(check_quotas(refusing, ["us-east-1"]))) == [("quotas", "unknown")]


def test_secrets_that_are_not_there(aws: Clients, url: str, tmp_path: Path) -> None:
    site = site_of(tmp_path, LOGGED)
    missing = list(check_secrets(aws, site))
    assert [one.level for one in missing] == ["error", "error"]
    assert "/shop/token of ssm in eu-west-1 is not there" in missing[0].message
    aws("ssm", "eu-west-1").put_parameter(Name="/shop/token", Value="s3cret", Type="SecureString")
    aws("secretsmanager", "eu-west-1").create_secret(Name="shop/visitors", SecretString="s3cret")
    found = list(check_secrets(aws, site))
    assert [one.level for one in found] == ["ok", "ok"] and "s3cret" not in str(found)
    refusing = Refusing(url, {("ssm", "eu-west-1"): "AccessDeniedException"})
    assert next(check_secrets(refusing, site)).level == "unknown"


def test_the_state_of_the_stack(url: str, aws: Clients, shop: Site) -> None:
    domain, [absent] = check_stack(aws, shop)
    assert (domain, absent.level) == ("", "ok") and "not deployed yet" in absent.message
    refusing = Refusing(url, {("cloudformation", "us-east-1"): "AccessDenied"})
    assert check_stack(refusing, shop)[1][0].level == "unknown"


@pytest.mark.parametrize(
    ("status", "level"),
    [
        ("UPDATE_COMPLETE", "ok"),
        ("UPDATE_IN_PROGRESS", "warning"),
        ("ROLLBACK_COMPLETE", "error"),
        ("UPDATE_ROLLBACK_FAILED", "error"),
    ],
)
def test_a_stack_that_stands_in_the_way(url: str, shop: Site, status: str, level: str) -> None:
    def prepare(stubber: Stubber, region: str) -> None:
        made = {"StackName": "shop", "StackId": "arn", "StackStatus": status}
        outputs = [{"OutputKey": "DomainName", "OutputValue": DOMAIN}]
        created = datetime.datetime(2026, 1, 1, tzinfo=UTC)
        stubber.add_response(
            "describe_stacks", {"Stacks": [{**made, "CreationTime": created, "Outputs": outputs}]}
        )
        stubber.add_response("get_template", {"TemplateBody": "{}"})
        stubber.add_response("list_stack_resources", {"StackResourceSummaries": []})

    domain, [told] = check_stack(Stubbed(url, "cloudformation", prepare), shop)
    assert (domain, told.level) == (DOMAIN, level) and status in told.message


def dns(**known: Names) -> Callable[[str], Names]:
    return lambda name: known.get(name.replace(".", "_").replace("-", "_"), Names(False))


def test_where_names_lead() -> None:
    there = Names(True, "app.example.com", frozenset({"192.0.2.1"}))
    cloudfront = Names(True, DOMAIN, frozenset({"198.51.100.7", "198.51.100.8"}))
    config = {
        "Origins": [
            {"Id": "app", "DomainName": "app.example.com"},
            {"Id": "gone", "DomainName": "gone.example.com"},
            {"Id": "slow", "DomainName": "slow.example.com"},
            {"Id": "bucket", "DomainName": {"Fn::GetAtt": ["Bucket", "RegionalDomainName"]}},
        ],
        "Aliases": [
            "cname.example.com",
            "flat.example.com",
            "old.example.com",
            "new.example.com",
            "*.star.example.com",
        ],
    }
    look = dns(
        app_example_com=there,
        slow_example_com=Names(None),
        cname_example_com=cloudfront,
        flat_example_com=Names(True, "flat.example.com", frozenset({"198.51.100.8"})),
        old_example_com=there,
        edgewise_star_example_com=cloudfront,
        **{DOMAIN.replace(".", "_"): cloudfront},
    )
    assert [one.level for one in check_origins(config, look)] == ["ok", "error", "unknown"]
    found = list(check_aliases(config, DOMAIN, look))
    assert [one.level for one in found] == ["ok", "ok", "warning", "warning", "ok"]
    assert "leads to app.example.com" in found[2].message and DOMAIN in found[2].hint
    assert "is not in the DNS" in found[3].message
    assert all(one.level == "ok" for one in check_aliases(config, "", look))


def test_where_names_lead_is_told_without_credentials() -> None:
    known = {"www.example.com": Names(True, "old.example.net"), "new.example.com": Names(False)}
    found = list(check_aliases({"Aliases": list(known)}, None, known.__getitem__))
    assert levels(found) == [("dns", "unknown")] * 2
    assert "www.example.com leads to old.example.net" in found[0].message
    assert "new.example.com is not in the DNS" in found[1].message


def test_this_machines_dns_is_asked() -> None:
    assert look_up("localhost").addresses & {"127.0.0.1", "::1"}
    assert look_up("no-such-name.invalid").is_known in (False, None)
    assert look_up("x" * 70 + ".example.com").is_known in (False, None)


@pytest.mark.parametrize(
    ("pattern", "name", "covered"),
    [
        ("www.example.com", "WWW.example.com", True),
        ("*.example.com", "www.example.com", True),
        ("*.example.com", "a.www.example.com", False),
        ("*.example.com", "example.com", False),
        ("*.example.com", ".example.com", False),
        ("example.com", "www.example.com", False),
    ],
)
def test_what_a_certificate_covers(pattern: str, name: str, covered: bool) -> None:
    assert covers(pattern, name) == covered


def certificate(aws: Clients, aliases: list[str], arn: str | None, days: int = 0) -> list[Finding]:
    config: dict[str, Any] = {"Aliases": aliases}
    if arn:
        config["ViewerCertificate"] = {"AcmCertificateArn": arn}
    return list(check_certificate(aws, config, datetime.datetime.now(UTC) + datetime.timedelta(days)))


def test_the_certificate_is_looked_at(url: str, aws: Clients) -> None:
    wanted = {"DomainName": "example.com", "SubjectAlternativeNames": ["*.example.com"]}
    arn = aws("acm").request_certificate(**wanted, ValidationMethod="DNS")["CertificateArn"]
    assert "is in eu-west-1" in certificate(aws, [], arn.replace("us-east-1", "eu-west-1"))[0].message
    assert "no certificate" in certificate(aws, ["www.example.com"], None)[0].message
    assert certificate(aws, [], None) == []
    missing = certificate(aws, ["www.example.com"], f"{arn[:-4]}0000")
    assert levels(missing) == [("certificate", "unknown")]

    def prepare(stubber: Stubber, region: str) -> None:
        ends = datetime.datetime.now(UTC) + datetime.timedelta(days=200)
        for status in ("PENDING_VALIDATION", "ISSUED", "ISSUED", "ISSUED"):
            told = {**wanted, "Status": status, "NotAfter": ends}
            stubber.add_response("describe_certificate", {"Certificate": told}, {"CertificateArn": arn})

    stubbed = Stubbed(url, "acm", prepare)
    assert "PENDING_VALIDATION" in certificate(stubbed, ["www.example.com"], arn)[0].message
    assert levels(certificate(stubbed, ["www.example.com", "example.com"], arn)) == [("certificate", "ok")]
    assert "does not cover a.b.example.com" in certificate(stubbed, ["a.b.example.com"], arn)[0].message
    assert "ends on" in certificate(stubbed, ["example.com"], arn, days=190)[0].message


def test_all_of_it_in_one_go(aws: Clients, shop: Site) -> None:
    there = Names(True, "app.shop.example.com", frozenset({"192.0.2.1"}))
    found = list(diagnose(aws, shop, edge_regions=["us-east-1"], look=lambda name: there))
    checks = [one.check for one in found]
    assert checks[:3] == ["versions", "credentials", "clock"]
    assert {"rights", "stack", "quotas", "origins"} <= set(checks)


def run(url: str, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgewise", "doctor", str(ROOT / "examples" / "shop"), *words]
    variables = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "AWS_ENDPOINT_URL": url, **environ}
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=90, check=False)


def test_the_command(url: str) -> None:
    done = run(url, "--json", **CREDENTIALS)
    told = {one["check"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert told["credentials"]["level"] == "ok" and ACCOUNT in told["credentials"]["message"]
    # Its origin is an example's, which no DNS has.
    assert done.returncode == (told["origins"]["level"] == "error") and "Traceback" not in done.stderr
    nobody = run(url, HOME="/nonexistent", AWS_EC2_METADATA_DISABLED="true")
    assert nobody.returncode == 1
    assert "error    credentials: there are no credentials" in nobody.stdout
    for skipped in ("clock", "rights", "stack", "quotas"):
        assert f"\n?        {skipped}: " in nobody.stdout
    assert "origins: " in nobody.stdout
    stranger = run(url, HOME="/nonexistent", AWS_PROFILE="nope")
    assert "error    credentials: there is no profile nope" in stranger.stdout
    assert "\n?        rights: " in stranger.stdout


def test_the_zone_of_the_names_is_looked_at(aws: Clients, shop: Site) -> None:
    route53 = aws("route53")
    made = {
        name: route53.create_hosted_zone(
            Name=name,
            CallerReference=name,
            HostedZoneConfig={"PrivateZone": is_private, "Comment": ""},
            **vpc,
        )["HostedZone"]["Id"].removeprefix("/hostedzone/")
        for name, is_private, vpc in (
            ("example.com", False, {}),
            ("inner.example.com", True, {"VPC": {"VPCRegion": "us-east-1", "VPCId": "vpc-1"}}),
        )
    }

    def found(names: list[str], zone: str, zone_id: str, *, is_deployed: bool = False) -> list[Finding]:
        # moto's ids are not as Route 53's, which a site file would have to name.
        domain = Domain(tuple(names), None, HostedZone(zone, zone_id), "TLSv1.2_2021")
        return list(check_zone(aws, replace(shop, domain=domain), is_deployed=is_deployed))

    names, zone = ["www.example.com", "*.example.com"], made["example.com"]
    assert levels(found(names, "example.com", zone)) == [("zone", "ok")]
    for name, kind in (("www.example.com", "CNAME"), ("*.example.com", "A"), ("example.com", "TXT")):
        value = '"text"' if kind == "TXT" else "192.0.2.1" if kind == "A" else "old.example.com"
        record = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
        change = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change)
    taken = found([*names, "example.com"], "example.com", zone)
    assert [one.level for one in taken] == ["ok", "error", "error"]
    assert "www.example.com has a record already: CNAME" in taken[1].message
    assert levels(found(names, "example.com", zone, is_deployed=True)) == [("zone", "ok")]
    (private,) = found(["a.inner.example.com"], "inner.example.com", made["inner.example.com"])
    assert private.level == "error" and "private" in private.message
    (other,) = found(["www.example.org"], "example.org", zone)
    assert other.level == "error" and "is example.com, not example.org" in other.message
    (missing,) = found(names, "example.com", "Z0000000000000")
    assert missing.level == "error" and "no zone" in missing.message
