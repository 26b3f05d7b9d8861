"""A repository with a site whose app is an image in another region, and the workflows that `edgewise ci` makes."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from edgewise.cli.main import app

SITE = """
name = "journal"

[origins.app]
image = "app"
region = "eu-central-1"

[origins.files]
folder = "files"

[default]
origin = "app"
cache = "disabled"

[[behaviors]]
path = "/files/*"
origin = "files"
cache = "optimized"

[[behaviors]]
path = "/feed/*"
origin = "app"
cache = "optimized"

[log]
"""
# In place of its `[log]`: whatever else a role needs rights for.
EVERYTHING = """
[log]
delivery = "stdout"

[log.subscription]
destination = "arn:aws:firehose:{region}:123456789012:deliverystream/edge-logs"

[alarms]
email = "ops@example.com"
dashboard = true

[domain]
names = ["example.com"]
hosted_zone = { name = "example.com", id = "Z0123456789ABCDEFGHIJ" }

[statistics]

[standard_log]
to = "cloudwatch"
"""


def made(repository: Path, old: str = "", new: str = "") -> Path:
    """The repository; `old` in the site file is replaced by `new` first."""
    site = repository / "site"
    for folder in (repository / ".git", site / "app", site / "files"):
        folder.mkdir(parents=True)
    (site / "app" / "Dockerfile").write_text("FROM scratch\n")
    (site / "app" / "requirements.txt").write_text("fastapi\n")
    (site / "edgewise.toml").write_text(SITE.replace(old, new) if old else SITE)
    result = CliRunner().invoke(app, ["ci", str(site)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return repository
