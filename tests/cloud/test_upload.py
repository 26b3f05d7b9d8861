"""`edgewise build --bucket`: what is uploaded by hand, and a template that names it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from edgewise.cloud.build import build
from edgewise.cloud.reading import template_of
from edgewise.cloud.upload import write_upload
from edgewise.site import load_site

MEMORY = Path(__file__).parents[2] / "examples" / "memory"


def test_the_template_names_zips_by_their_content(tmp_path: Path) -> None:
    site = Path(
        shutil.copytree(MEMORY, tmp_path / "site", ignore=shutil.ignore_patterns("build", ".edgewise"))
    )
    first = _uploaded(site)
    assert _uploaded(site) == first

    steps = site / "edge/app.py"
    steps.write_text(steps.read_text().replace("ttl=60", "ttl=30"))
    second = _uploaded(site)
    assert second.keys() == first.keys(), "the same functions"
    assert set(second.values()).isdisjoint(first.values()), "whose code has another name"


def _uploaded(site: Path) -> dict[str, str]:
    """The name of each function's zip, as the template that is to be uploaded has it."""
    template, *zips = write_upload(build(load_site(site), site / "build"), "my-code")
    functions = {
        name: body["Properties"]["Code"]
        for name, body in template_of(template.read_text())["Resources"].items()
        if body["Type"] == "AWS::Lambda::Function"
    }
    assert {code["S3Bucket"] for code in functions.values()} == {"my-code"}
    keys = {name: str(code["S3Key"]) for name, code in functions.items()}
    assert set(keys.values()) == {file.name for file in zips if file.is_file()}
    assert all(re.fullmatch(r"edge-[0-9a-f]{16}\.zip", key) for key in keys.values())
    return keys
