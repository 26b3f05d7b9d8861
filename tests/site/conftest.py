"""A small valid site on disk, to be changed by each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SITE = """\
name = "demo"

[origins.app]
domain = "app.example.com"

[origins.app.local]
command = ["python", "serve.py", "{port}"]

[origins.files]
folder = "public"

[default]
origin = "app"

[[behaviors]]
path = "/files/*"
origin = "files"

[functions]
source = "edge"
handler = "steps.handler"
triggers = ["viewer-request"]

[log]
"""


@pytest.fixture
def site_folder(tmp_path: Path) -> Path:
    """The folder of a site that uses everything once."""
    folder = tmp_path / "demo"
    (folder / "public").mkdir(parents=True)
    (folder / "edge").mkdir()
    (folder / "edge" / "steps.py").write_text("handler = None\n")
    (folder / "edgewise.toml").write_text(SITE)
    return folder


@pytest.fixture
def edit(site_folder: Path) -> Callable[..., Path]:
    """Replaces text in the site file, which must be there, and gives back the site's folder."""

    def change(old: str, new: str) -> Path:
        file = site_folder / "edgewise.toml"
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        return site_folder

    return change
