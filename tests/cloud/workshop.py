"""A small site in a folder, and what a person does with it: deploy, change something, deploy again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cloud.double.server import Double
from edgewise.cloud.deploy import Deployment
from edgewise.cloud.estate import Estate
from edgewise.cloud.package import Package, package
from edgewise.cloud.planning import Plan
from edgewise.cloud.standing import Result, Standing, standing
from edgewise.site import load_site

SITE = """
name = "tea"

[origins.app]
domain = "app.tea.example.com"

[origins.files]
folder = "files"

[default]
origin = "app"
methods = "all"
cache = "disabled"

[[behaviors]]
path = "/files/*"
origin = "files"
cache = "optimized"

[functions]
source = "edge"
handler = "app.handler"
triggers = ["viewer-request"]

[log]
delivery = "stdout"
"""


class Workshop:
    """The site `tea` in `folder`, deployed to the double. `told` has the steps of the last deployment, `images` what
    the next one is given by the parameters of the templates."""

    def __init__(self, double: Double, clients: Callable[..., Any], folder: Path) -> None:
        self.double = double
        self.folder = folder
        self.told: list[tuple[str, str]] = []
        self.clients = clients
        self.images: dict[str, str] = {}
        (folder / "edge").mkdir(parents=True)
        (folder / "files").mkdir()
        self.site_file(SITE)
        self.code("first")

    def site_file(self, text: str) -> None:
        (self.folder / "edgewise.toml").write_text(text)

    def code(self, word: str) -> None:
        """Other steps at the edge."""
        (self.folder / "edge" / "app.py").write_text(
            f'from edgewise.edge import Edge\n\nhandler = Edge()\nWORD = "{word}"\n'
        )

    def deployment(self, state: str = ".edgewise") -> Deployment:
        return Deployment(self.estate(state))

    def estate(self, state: str = ".edgewise") -> Estate:
        """What the site has on AWS; its runs are written down in that folder."""
        self.told = []
        return Estate(
            self.clients,
            "tea",
            self.folder / state,
            tell=lambda step, sentence: self.told.append((step, sentence)),
            sleep=lambda seconds: None,
        )

    def standing(self) -> Standing:
        """What stands; something does."""
        found = standing(self.estate())
        assert found is not None
        return found

    def package(self, deployment: Deployment) -> Package:
        built = self.folder / ".edgewise" / "deploy"
        return package(load_site(self.folder), built, deployment.estate.assets.bucket, images=self.images)

    def plan(self, deployment: Deployment | None = None) -> Plan:
        deployment = deployment or self.deployment()
        return deployment.plan(self.package(deployment))

    def deploy(self) -> Result:
        """All that the command does: go on with what is unfinished, plan, carry it out."""
        deployment = self.deployment()
        if deployment.unfinished():
            deployment.resume()
        return deployment.carry_out(self.plan(deployment))

    def sentences(self) -> list[str]:
        """What the plan says."""
        return [one.sentence for one in self.plan().changes]

    @property
    def served(self) -> dict[str, int]:
        """Which version CloudFront runs for everybody, by path and event."""
        return self._served(staging=False)

    @property
    def tried(self) -> dict[str, int]:
        """Which version it runs for those who meet a staged change."""
        return self._served(staging=True)

    def _served(self, *, staging: bool) -> dict[str, int]:
        known = self.double.cloudfront.distributions.values()
        (one,) = (each for each in known if bool(each.config.get("Staging")) == staging)
        behaviors = [
            one.config["DefaultCacheBehavior"],
            *one.config.get("CacheBehaviors", {}).get("Items", ()),
        ]
        return {
            f"{each['EventType']} of {behavior.get('PathPattern', '*')}": int(
                each["LambdaFunctionARN"].rpartition(":")[2]
            )
            for behavior in behaviors
            for each in behavior.get("LambdaFunctionAssociations", {}).get("Items", ())
        }

    def objects(self, prefix: str = "") -> list[str]:
        """The keys in the assets bucket."""
        found = self.clients("s3").list_objects_v2(Bucket="tea-edgewise-assets-123456789012", Prefix=prefix)
        return [one["Key"] for one in found.get("Contents", ())]
