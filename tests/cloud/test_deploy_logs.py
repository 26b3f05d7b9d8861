"""A site with CloudFront's own logs is deployed, and a change of its fields changes two things and no more."""

from __future__ import annotations

from pathlib import Path

from cloud.double.server import Double
from cloud.workshop import Workshop
from edgewise.cloud.deploy import Deployment
from edgewise.cloud.estate import Estate
from edgewise.cloud.package import Package, package
from edgewise.realtime import TELLING
from edgewise.site import load_site

SITE = """\
name = "busy"
[origins.app]
domain = "app.example.com"
[default]
origin = "app"
functions = false
[standard_log]
[real_time_log]
url = "https://logs.example.com"
access_key = { from = "secrets-manager", name = "arn:aws:secretsmanager:us-east-1:111122223333:secret:busy/k-AbCdEf" }
"""
FIELDS = f"fields = {[*TELLING, 'sc-status']}\n"
PLAIN = SITE.partition("[standard_log]")[0]
GROUP = '[standard_log]\nto = "cloudwatch"\n'
STREAM = '[standard_log]\nto = "firehose"\nstream_arn = "arn:aws:firehose:us-east-1:123456789012:deliverystream/{}"\n'


def deployment_of(workshop: Workshop, folder: Path) -> Deployment:
    return Deployment(
        Estate(
            workshop.clients,
            "busy",
            folder / ".edgewise",
            tell=lambda step, sentence: None,
            sleep=lambda seconds: None,
        )
    )


def test_a_standard_log_comes_and_goes_and_comes_back(
    double: Double, workshop: Workshop, tmp_path: Path
) -> None:
    # What stays on AWS, and what cannot be changed where it is, must not be in the way of the next.
    groups = set()
    for table in (GROUP, "", GROUP, STREAM.format("one"), STREAM.format("two"), GROUP):
        (tmp_path / "edgewise.toml").write_text(PLAIN + table)
        deployment = deployment_of(workshop, tmp_path)
        made = package(load_site(tmp_path), tmp_path / "build", deployment.estate.assets.bucket)
        deployment.carry_out(deployment.plan(made))
        stack = double.formation.named("busy")
        assert stack is not None and stack.status.endswith("_COMPLETE")
        assert ("AccessLogDelivery" in stack.kept) == bool(table)
        groups |= {one.physical for name, one in stack.kept.items() if name == "AccessLogGroup"}
    assert len(groups) == 3


def test_the_function_and_the_configuration_change_together(
    double: Double, workshop: Workshop, tmp_path: Path
) -> None:
    (tmp_path / "edgewise.toml").write_text(SITE)
    deployment = deployment_of(workshop, tmp_path)

    def made() -> Package:
        return package(load_site(tmp_path), tmp_path / "build", deployment.estate.assets.bucket)

    first = made()
    deployment.carry_out(deployment.plan(first))
    assert deployment.plan(first).nothing
    stack = double.formation.named("busy")
    assert stack is not None and {"RealTimeDelivery", "AccessLogDelivery"} <= set(stack.kept)
    (tmp_path / "edgewise.toml").write_text(SITE + FIELDS)
    plan = deployment.plan(made())
    assert {one.resource for one in plan.changes} == {"RealTimeLog", "RealTimeTransformFunction"}
