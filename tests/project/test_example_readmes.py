"""What the examples' pages say they deploy is what their templates have."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edgewise.cli.saving import queries_of
from edgewise.cloud.reading import template_of
from edgewise.site import compile_app_template, compile_template, load_site
from project.tree import ROOT, text

EXAMPLES = [ROOT / "examples" / name for name in ("logging", "memory", "rollout", "statistics")]
_ROW = re.compile(r"^\| `((?:AWS|Custom)::[\w:]+)` \| (\d+) \| (.+) \|$", re.MULTILINE)


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_the_table_of_resources_is_what_is_deployed(folder: Path) -> None:
    site = load_site(folder)
    deployed: Counter[str] = Counter()
    for template in (
        compile_template(site, code_hash="0" * 12, queries=queries_of(site)),
        *(compile_app_template(site, region) for region in site.app_regions),
        *(template_of(text(file)) for file in sorted(folder.glob("*.yaml"))),
    ):
        deployed += types(template)
    told: Counter[str] = Counter()
    for kind, number, _ in _ROW.findall(text(folder / "README.md")):
        told[kind] += int(number)
    assert told == deployed


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_the_page_tells_what_an_example_is_for(folder: Path) -> None:
    headings = re.findall(r"^## (.+)$", text(folder / "README.md"), re.MULTILINE)
    assert {"What it deploys", "What it follows, and what is different"} <= set(headings)


def types(template: dict[str, Any]) -> Counter[str]:
    """How many resources of each type a template has."""
    return Counter(resource["Type"] for resource in template["Resources"].values())
