"""A function's code on this machine: folders, zips, their size, and which of their modules are looked at."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from check.samples import CODE, check, rules, triggers
from edgewise.check import Finding

CLIENT = "import boto3\nboto3.client('s3')\n"


def files(folder: Path, texts: dict[str, str]) -> None:
    """Write files into a folder."""
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def found(folder: Path, code: str = "fn", handler: str = "app.handler") -> list[Finding]:
    return check({"Function.Code": code, "Function.Handler": handler}, file=folder / "t.yaml")


def ids(findings: list[Finding]) -> list[str]:
    return [finding.rule.id for finding in findings]


def test_code_that_is_not_there(tmp_path: Path) -> None:
    (finding,) = found(tmp_path)
    assert (finding.rule.id, finding.key) == ("EDGE601", "Resources.Function.Properties.Code")
    (tmp_path / "fn").write_text("no zip")
    assert ids(found(tmp_path)) == ["EDGE601"]
    assert rules({"Function.Code": "s3://bucket/key"}, file=tmp_path / "t.yaml") == set()
    assert rules({"Function.Code": {"S3Bucket": "b", "S3Key": "k"}}) == set()


@pytest.mark.parametrize(
    "handler", ["app.handler", "steps/app.handler", "steps.app.handler", "whole.handler"]
)
def test_where_a_handler_may_be(tmp_path: Path, handler: str) -> None:
    files(tmp_path / "fn", {"app.py": CODE, "steps/app.py": CODE, "whole/__init__.py": CODE})
    assert found(tmp_path, handler=handler) == []


def test_a_compiled_handler_is_believed(tmp_path: Path) -> None:
    (tmp_path / "fn").mkdir()
    (tmp_path / "fn/app.cpython-313-x86_64-linux-gnu.so").write_bytes(b"")
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    "source",
    [
        "from x import *",
        "def __getattr__(name): ...",
        "globals()['handler'] = print",
        "if 1:\n    handler = 2",
    ],
)
def test_a_handler_that_may_be_there_is_believed(tmp_path: Path, source: str) -> None:
    files(tmp_path / "fn", {"app.py": source})
    assert "EDGE602" not in ids(found(tmp_path))


def test_a_name_inside_a_class_is_no_handler(tmp_path: Path) -> None:
    files(tmp_path / "fn", {"app.py": "class App:\n    def handler(self): ...\n"})
    (finding,) = found(tmp_path)
    assert finding.rule.id == "EDGE602"
    assert finding.place and finding.place.file == str(tmp_path / "fn/app.py")


def test_imported_modules_are_looked_at_and_installed_ones_are_not(tmp_path: Path) -> None:
    imports = "import own.deep\nfrom own import beside\nimport library\nfrom edgewise.edge import Edge\n"
    files(
        tmp_path / "fn",
        {
            "app.py": imports + CODE,
            "own/__init__.py": "from . import level",
            "own/deep.py": f"# one line\n{CLIENT}",
            "own/beside.py": CLIENT,
            "own/level.py": CLIENT,
            "unused.py": CLIENT,
            "library/__init__.py": CLIENT,
            "library-1.0.dist-info/RECORD": "library/__init__.py,,\n",
            "edgewise/edge/__init__.py": CLIENT,
        },
    )
    places = {(Path(one.place.file).name, one.place.line) for one in found(tmp_path) if one.place}
    assert places == {("deep.py", 3), ("beside.py", 2), ("level.py", 2)}


def test_a_zip_is_read_like_a_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "fn.zip", "w") as archive:
        archive.writestr("app.py", CLIENT + CODE)
    (finding,) = found(tmp_path, "fn.zip")
    assert finding.rule.id == "EDGE615"
    assert finding.place and finding.place.file == f"{tmp_path / 'fn.zip'}/app.py"
    assert ids(found(tmp_path, "fn.zip", "main.handler")) == ["EDGE601"]


def test_the_code_is_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    files(tmp_path / "fn", {"app.py": f"open({str(mark)!r}, 'w')\n{CODE}"})
    found(tmp_path)
    assert not mark.exists()


def test_the_size_of_a_package_is_that_of_its_zip(tmp_path: Path) -> None:
    files(tmp_path / "fn", {"app.py": CODE})
    at_viewer = {"Function.Code": "fn", "Function.Handler": "app.handler", **triggers("viewer-request")}
    place = tmp_path / "t.yaml"
    (tmp_path / "fn/zeros").write_bytes(bytes(6_000_000))
    assert rules(at_viewer, file=place) == set(), "zeros take no room in a zip"
    (tmp_path / "fn/noise").write_bytes(os.urandom(1_100_000))
    assert rules(at_viewer, file=place) == {"EDGE122"}
    assert rules(at_viewer | triggers("origin-request"), file=place) == set()
    with zipfile.ZipFile(tmp_path / "fn.zip", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("app.py", CODE)
        archive.writestr("noise", bytes(50 * 1024 * 1024))
    assert rules(at_viewer | {"Function.Code": "fn.zip"}, file=place) == {"EDGE121"}


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    files(tmp_path / "fn", {"app.py": "import pipe, zeros, gone\n" + CODE})
    os.mkfifo(tmp_path / "fn/pipe.py")
    (tmp_path / "fn/zeros.py").symlink_to("/dev/zero")
    (tmp_path / "fn/gone.py").symlink_to("nowhere")
    assert found(tmp_path) == []
    assert ids(found(tmp_path, "/dev/zero")) == ["EDGE601"]


def test_a_node_function_is_not_read_as_python(tmp_path: Path) -> None:
    (tmp_path / "fn").mkdir()
    (tmp_path / "fn/index.js").write_text("exports.handler = async (e) => e")
    assert rules({"Function.Code": "fn", "Function.Runtime": "nodejs24.x"}, file=tmp_path / "t.yaml") == set()
