"""What checkov may find: the table of docs/deploy/checkov.md, and the templates that it looks at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from edgewise.cli.main import app
from edgewise.cli.saving import queries_of
from edgewise.cloud.workflows import render_workflows
from edgewise.site import compile_app_template, compile_template, load_site, render_yaml

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/deploy/checkov.md"
_TYPE = re.compile(r"^ +Type: (AWS::[\w:]+)$", re.MULTILINE)
_ROW = re.compile(r"^\| `(CKV\w+)` \| (`.*?`) \| (.*?) \| (.*?) \|$", re.MULTILINE)


def exceptions() -> dict[tuple[str, str], str]:
    """The reason of each check that may fail, by the check and the type of resource."""
    rows = _ROW.findall(PAGE.read_text(encoding="utf-8"))
    return {
        (check, kind): reason.strip()
        for check, kinds, _, reason in rows
        for kind in re.findall(r"`(.*?)`", kinds)
    }


@dataclass(frozen=True)
class Template:
    """A template: a name for it, the types of its resources, and how to get at its YAML, which takes a while."""

    name: str
    types: frozenset[str]
    text: Callable[[], str]


def templates() -> Iterator[Template]:
    """The templates of all examples, and the golden ones."""
    for file in sorted((ROOT / "examples").glob("*/edgewise.toml")):
        site, name = load_site(file.parent), file.parent.name
        edge = compile_template(site, code_hash="0" * 12, queries=queries_of(site))
        apps = {region: compile_app_template(site, region) for region in site.app_regions}
        yield _compiled(f"{name}.yaml", edge)
        for region, template in apps.items():
            yield _compiled(f"{name}-{region}.yaml", template)
        for path, text in render_workflows(site, [edge, *apps.values()], ROOT, "main").items():
            if path.suffix == ".yaml":
                yield _written(f"{name}-roles.yaml", text)
    golden = (ROOT / "tests/site/golden").rglob("*.yaml")
    for file in sorted([*golden, *(ROOT / "examples").glob("*/*.yaml")]):
        yield _written(f"{file.parent.name}-{file.name}", file.read_text(encoding="utf-8"))


def _compiled(name: str, template: Mapping[str, Any]) -> Template:
    types = frozenset(resource["Type"] for resource in template["Resources"].values())
    return Template(name, types, lambda: render_yaml(template))


def _written(name: str, text: str) -> Template:
    return Template(name, frozenset(_TYPE.findall(text)), lambda: text)


def write_terraform(folder: Path) -> None:
    """Write the Terraform configuration of each example into a folder below."""
    for file in sorted((ROOT / "examples").glob("*/edgewise.toml")):
        place = folder / file.parent.name
        words = [
            "synth",
            str(file.parent),
            "--out",
            str(place / "template.yaml"),
            "--terraform",
            str(place / "terraform"),
        ]
        CliRunner().invoke(app, words, catch_exceptions=False)
        (place / "template.yaml").unlink()
