"""The folder of a configuration: what is written, what is left alone, what is refused; and the command."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgewise.cli.main import app
from edgewise.terraform import Configuration, PlaceError, write_configuration
from edgewise.terraform.reasons import MADE_BY

SITE = 'name = "small"\n[origins.app]\ndomain = "app.example.com"\n[default]\norigin = "app"\n[log]\n'


def zipped(**names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in names.items():
            archive.writestr(name, text)
    return held.getvalue()


OURS = zipped(**{"edgewise/__init__.py": ""})


def configuration(*names: str, code: tuple[str, ...] = ()) -> Configuration:
    return Configuration({name: f"# {MADE_BY}\n\n{name}\n" for name in names}, code, {}, {})


def test_files_of_others_stay_and_old_ones_of_ours_go(tmp_path: Path) -> None:
    first = configuration("main.tf", "tables.tf", "queries/a.sql", code=("functions/edge", "functions/judge"))
    write_configuration(first, tmp_path, {"functions/edge": OURS, "functions/judge": OURS})
    mine = {"backend.tf": "terraform {}\n", "terraform.tfstate": "{}", "queries/mine.sql": "SELECT 1"}
    for name, text in mine.items():
        (tmp_path / name).write_text(text)
    second = configuration("main.tf", "logs.tf", code=("functions/edge",))
    written = write_configuration(second, tmp_path, {"functions/edge": OURS})
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "main.tf",
        "logs.tf",
        "functions/edge.zip",
    ]
    there = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert there == {"main.tf", "logs.tf", "functions/edge.zip", *mine}
    assert all((tmp_path / name).read_text() == text for name, text in mine.items())


def test_a_file_that_is_right_already_is_not_touched(tmp_path: Path) -> None:
    write_configuration(configuration("main.tf"), tmp_path, {})
    before = (tmp_path / "main.tf").stat()
    write_configuration(configuration("main.tf"), tmp_path, {})
    assert (tmp_path / "main.tf").stat().st_ino == before.st_ino


@pytest.mark.parametrize("name", ["main.tf", "functions/edge.zip"])
def test_what_somebody_else_made_is_never_overwritten(tmp_path: Path, name: str) -> None:
    place = tmp_path / name
    place.parent.mkdir(exist_ok=True)
    for content in (b"mine\n", zipped(mine="")):
        place.write_bytes(content)
        with pytest.raises(PlaceError) as caught:
            write_configuration(
                configuration("main.tf", "outputs.tf", code=("functions/edge",)),
                tmp_path,
                {"functions/edge": OURS},
            )
        assert caught.value.file == str(place) and caught.value.hint
        assert place.read_bytes() == content and not (tmp_path / "outputs.tf").exists()


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.tf"
    target.write_text(f"# {MADE_BY}\n")
    (tmp_path / "tf").mkdir()
    (tmp_path / "tf/main.tf").symlink_to(target)
    with pytest.raises(PlaceError):
        write_configuration(configuration("main.tf"), tmp_path / "tf", {})
    assert target.read_text() == f"# {MADE_BY}\n"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlaceError) as caught:
        write_configuration(configuration("main.tf"), tmp_path / "file", {})
    assert str(tmp_path / "file") in str(caught.value)


def test_the_command_writes_a_configuration_and_then_a_module(tmp_path: Path) -> None:
    (tmp_path / "edgewise.toml").write_text(SITE)
    folder = tmp_path / "infra"
    done = CliRunner().invoke(app, ["synth", str(tmp_path), "--terraform", str(folder)])
    assert done.exit_code == 0, done.output
    assert f"Wrote {folder / 'distribution.tf'}\n" in done.output
    assert f"terraform -chdir={folder} apply" in done.output and "aws cloudformation" not in done.output
    first = (folder / "functions/edge.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert "edgewise_settings.json" in archive.namelist()
    again = CliRunner().invoke(app, ["synth", str(tmp_path), "--terraform", str(folder), "--attach"])
    assert again.exit_code == 0, again.output
    assert (
        not (folder / "distribution.tf").exists()
        and "aws_lambda_function.viewer.qualified_arn" in (folder / "outputs.tf").read_text()
    )
    assert (folder / "functions/edge.zip").read_bytes() == first


def test_attach_is_for_terraform(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["synth", str(tmp_path), "--attach"])
    assert done.exit_code == 2
