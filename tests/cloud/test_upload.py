"""`edgewise build --bucket`: what is uploaded by hand, and a template that names it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from edgewise.cloud.build import build
from edgewise.cloud.errors import BuildError
from edgewise.cloud.reading import template_of
from edgewise.cloud.upload import check_bucket, write_upload
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


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "ab",
            "a" * 64,
            "Bad_Bucket",
            "-code",
            "code.",
            "my..code",
            "192.168.5.4",
            "xn--code",
            "code--x-s3",
        ),
        *("sthree-code", "code-s3alias", "amzn-s3-demo-code", "code.mrap", "code\n"),
    ],
)
def test_what_s3_does_not_take_for_a_name_is_refused(name: str) -> None:
    with pytest.raises(BuildError, match="a bucket cannot be called"):
        check_bucket(name)


@pytest.mark.parametrize("name", ["abc", "a" * 63, "1.my-code.2", "192.168.5.4a"])
def test_what_s3_takes_is_taken(name: str) -> None:
    check_bucket(name)


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
