"""Files that documents show: tables of the site file are read as the program reads them, others have to parse.

A block may be a part of a site file. What a whole one needs besides is added: a name, origins, a default behavior.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgewise.cloud.reading import template_of
from edgewise.site import load_site
from edgewise.site.raw import RawSite
from edgewise.site.reader import shapes_of
from project.tree import blocks, files, name

PAGES = files("*.md")


def shown(*languages: str) -> list[Any]:
    """The blocks of all pages, with ids."""
    return [
        pytest.param(block, id=f"{name(page)}-{number}")
        for page in PAGES
        for number, block in enumerate(blocks(page, *languages), start=1)
    ]


@pytest.mark.parametrize("block", shown("toml"))
def test_site_files_are_taken(block: str, tmp_path: Path) -> None:
    document = tomllib.loads(block)
    if not document.keys() <= shapes_of(RawSite).keys():
        # Another program's.
        return
    file = tmp_path / "edgewise.toml"
    file.write_text(completed(block, document))
    for folder, content in needed(document):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for child, text in content.items():
            (tmp_path / folder / child).write_text(text)
    assert load_site(file)


@pytest.mark.parametrize("block", shown("json", "yaml", "yml"))
def test_other_files_can_be_read(block: str) -> None:
    assert json.loads(block) if block.startswith(("{", "[")) else template_of(block)


def completed(block: str, document: dict[str, Any]) -> str:
    """The block with what a whole file needs besides."""
    before = "" if "name" in document else 'name = "journal"\n'
    if "token" in (log := document.get("log", {})) and "delivery" not in log:
        before += '[log]\ndelivery = "openobserve"\nurl = "https://logs.example.com"\n'
    origins, default = set(document.get("origins", {})), document.get("default", {})
    asked = {one["origin"] for one in (default, *document.get("behaviors", ())) if "origin" in one}
    asked |= {document["rollout"][one] for one in ("stable", "new") if "rollout" in document}
    missing = sorted(asked - origins) or ([] if origins else ["app"])
    # Paths of folders are rewritten for buckets.
    what = 'folder = "."' if "rewrite" in document else 'domain = "{}.example.com"'
    after = [f"[origins.{one}]\n{what.format(one)}\n" for one in missing]
    if not default:
        steered = document["rollout"]["stable"] if "rollout" in document else None
        first = steered or min(origins | set(missing))
        after.append(f'[default]\norigin = "{first}"\n')
    return "\n".join([before, block, *after])


def needed(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """The folders that a site file names, with the files that have to be in them."""
    for origin in document.get("origins", {}).values():
        if folder := origin.get("folder"):
            yield folder, {}
        if folder := origin.get("image"):
            yield folder, {"Dockerfile": "FROM scratch\n"}
        if local := origin.get("local"):
            module = local.get("handler", "app.handler").partition(".")[0]
            yield local.get("directory", "."), {f"{module}.py": ""}
    if functions := document.get("functions"):
        yield functions["source"], {functions["handler"].partition(".")[0] + ".py": ""}
    if database := document.get("statistics", {}).get("countries"):
        yield ".", {database: ""}
