"""A site with CloudFront's own logs is deployed, and a change of its fields changes two things and no more."""

from __future__ import annotations

from pathlib import Path

from cloud.double.server import Double
from cloud.workshop import Workshop
from edgewise.cloud.deploy import Deployment
from edgewise.cloud.package import Package, package
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
FIELDS = 'fields = ["timestamp", "x-edge-request-id", "sc-status"]\n'


def test_the_function_and_the_configuration_change_together(
    double: Double, workshop: Workshop, tmp_path: Path
) -> None:
    (tmp_path / "edgewise.toml").write_text(SITE)
    deployment = Deployment(
        workshop.clients,
        "busy",
        tmp_path / ".edgewise",
        tell=lambda step, sentence: None,
        sleep=lambda seconds: None,
    )

    def made() -> Package:
        return package(load_site(tmp_path), tmp_path / "build", deployment.assets.bucket)

    first = made()
    deployment.carry_out(deployment.plan(first))
    assert deployment.plan(first).nothing
    stack = double.formation.named("busy")
    assert stack is not None and {"RealTimeDelivery", "AccessLogDelivery"} <= set(stack.kept)
    (tmp_path / "edgewise.toml").write_text(SITE + FIELDS)
    plan = deployment.plan(made())
    assert {one.resource for one in plan.changes} == {"RealTimeLog", "RealTimeTransformFunction"}
