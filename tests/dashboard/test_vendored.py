"""What comes from others is what it says it is, and the pages name no other host."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from project.tree import SRC

STATIC = SRC / "dashboard/static"
VENDOR = STATIC / "vendor"


def test_vendored_files_have_the_sums_that_are_written_down() -> None:
    written = dict(re.findall(r"^([0-9a-f]{64})  (\S+)$", (VENDOR / "VENDORED").read_text(), re.MULTILINE))
    named = {name: digest for digest, name in written.items()}
    assert named.keys() == {path.name for path in VENDOR.iterdir()} - {"VENDORED"}
    for name, digest in named.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name


def _own() -> list[Path]:
    return [path for path in STATIC.rglob("*") if path.is_file() and VENDOR not in path.parents]


def test_our_files_name_no_other_host_and_make_no_markup_of_text() -> None:
    names_of_formats = re.compile(r"http://www\.w3\.org/2000/svg")
    for path in _own():
        text = names_of_formats.sub("", path.read_text(encoding="utf-8"))
        assert not re.search(r"https?://", text), path
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function", text
        ), path
        assert not re.search(r"\son\w+=\"|\sstyle=\"|<style", text), path
