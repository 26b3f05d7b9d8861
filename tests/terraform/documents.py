"""The templates that the tests translate: those of `tests/site/golden`, of the examples, and of `sites`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from edgewise.questions import saved_queries
from edgewise.site import compile_app_template, compile_template, load_site
from edgewise.terraform import Configuration, translate
from terraform.sites import SITES

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/site/golden"


@dataclass(frozen=True, slots=True)
class Documents:
    """A site's templates: its own, and those of its apps by region."""

    site: str
    template: dict[str, Any]
    apps: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    def translated(self, *, attach: bool = False) -> Configuration:
        return translate(self.site, self.template, self.apps, attach=attach)

    @property
    def resources(self) -> dict[str, Any]:
        """The resources of all the templates."""
        return {
            name: body
            for one in (self.template, *self.apps.values())
            for name, body in one["Resources"].items()
        }


def everything(folder: Path) -> dict[str, Documents]:
    """All of them by name; sites of the tests are made in a folder. An app's template has its region in its
    description.
    """
    found = {
        file.parent.name: of_site(file.parent) for file in sorted((ROOT / "examples").glob("*/edgewise.toml"))
    }
    for name, text in SITES.items():
        (folder / name / "public").mkdir(parents=True)
        (folder / name / "Dockerfile").touch()
        (folder / name / "edgewise.toml").write_text(text)
        found[name] = of_site(folder / name)
    for file in sorted(GOLDEN.glob("*.yaml")):
        if file.stem.endswith("-app"):
            continue
        apps = {}
        if (app := file.with_name(f"{file.stem}-app.yaml")).exists():
            document = load_yaml(app.read_text())
            region = re.search(r" in ([a-z]+-[a-z]+-\d),", document["Description"])
            assert region
            apps[region[1]] = document
        found[f"golden-{file.stem}"] = Documents(file.stem, load_yaml(file.read_text()), apps)
    return found


def of_site(folder: Path) -> Documents:
    """The templates of the site in a folder."""
    site = load_site(folder)
    statistics = site.statistics
    queries = saved_queries(statistics.database, statistics.table) if statistics else ()
    template = compile_template(site, code_hash="0", queries=queries)
    return Documents(
        site.name, template, {region: compile_app_template(site, region) for region in site.app_regions}
    )


def load_yaml(text: str) -> dict[str, Any]:
    """A template with short tags."""
    # The loader derives from SafeLoader.
    document: dict[str, Any] = yaml.load(text, Loader=_Loader)
    return document


class _Loader(yaml.SafeLoader):
    """Reads the short tags back to their long form."""


def _tagged(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    else:
        value = loader.construct_sequence(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tagged)
