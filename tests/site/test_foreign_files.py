"""What Edgewise did not write it neither overwrites nor deletes; what it wrote it may write again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edgewise.site import Bundle, BundleError, Site, SynthError, bundle_settings, load_site, write_template


@pytest.fixture
def site(site_folder: Path) -> Site:
    return load_site(site_folder)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "build" / "edge"


@pytest.fixture
def refresh(site: Site, target: Path) -> Callable[[], bool]:
    """Builds the folder as a new run would: with no memory but what is on the disk."""
    return lambda: Bundle(site, target, bundle_settings(site)).refresh()


def snapshot(folder: Path) -> dict[str, str]:
    """Every name below a folder, with what is there."""
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else path.read_text()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


@pytest.fixture
def refused(refresh: Callable[[], bool], tmp_path: Path) -> Callable[[Path], None]:
    """Asserts that the folder is refused because of one path, and that nothing changed on the disk."""

    def check(culprit: Path) -> None:
        before = snapshot(tmp_path)
        with pytest.raises(BundleError) as caught:
            refresh()
        assert caught.value.file == str(culprit)
        assert snapshot(tmp_path) == before

    return check


Refused = Callable[[Path], None]
Refresh = Callable[[], bool]


@pytest.mark.parametrize("beside", [[], ["edgewise_settings.json"]])
def test_a_folder_of_somebody_else_is_left_alone(target: Path, refused: Refused, beside: list[str]) -> None:
    target.mkdir(parents=True)
    for name in (*beside, "precious.py"):
        (target / name).write_text("years of work")
    refused(target / "precious.py")


def test_a_name_of_ours_alone_does_not_make_a_folder_ours(target: Path, refused: Refused) -> None:
    target.mkdir(parents=True)
    (target / "steps.py").write_text("years of work")
    refused(target / "steps.py")


@pytest.mark.parametrize("name", ["notes.txt", "edgewise/notes.txt", "mine/notes.txt", ".hidden"])
def test_a_file_that_was_put_into_our_folder_is_named(
    refresh: Refresh, refused: Refused, target: Path, name: str
) -> None:
    refresh()
    (target / name).parent.mkdir(exist_ok=True)
    (target / name).write_text("mine")
    refused(target / name)
    (target / name).unlink()
    assert refresh()


def test_a_file_put_there_before_the_first_refresh_is_named(site: Site, target: Path) -> None:
    bundle = Bundle(site, target, bundle_settings(site))
    target.mkdir(parents=True)
    (target / "notes.txt").write_text("mine")
    with pytest.raises(BundleError, match=r"notes\.txt"):
        bundle.refresh()
    assert snapshot(target) == {"notes.txt": "mine"}


def test_a_refused_change_is_made_when_the_stranger_is_gone(site: Site, target: Path) -> None:
    bundle = Bundle(site, target, bundle_settings(site))
    bundle.refresh()
    (target / "notes.txt").write_text("mine")
    (site.directory / "edge" / "steps.py").write_text("handler = 1\n")
    code_hash = bundle.code_hash
    with pytest.raises(BundleError, match=r"notes\.txt"):
        bundle.refresh()
    assert bundle.code_hash == code_hash
    (target / "notes.txt").unlink()
    assert bundle.refresh()
    assert (target / "steps.py").read_text() == "handler = 1\n"


def test_a_new_source_does_not_overwrite_a_file_of_the_same_name(
    refresh: Refresh, refused: Refused, target: Path, site: Site
) -> None:
    refresh()
    (target / "extra.py").write_text("mine")
    (site.directory / "edge" / "extra.py").write_text("of the site")
    refused(target / "extra.py")


def test_nothing_is_written_through_a_link(
    refresh: Refresh, refused: Refused, target: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    target.parent.mkdir()
    target.symlink_to(mine)
    refused(target)
    target.unlink()
    refresh()
    (target / "edgewise").rename(tmp_path / "aside")
    (target / "edgewise").symlink_to(mine)
    refused(target / "edgewise")
    (target / "edgewise").unlink()
    (target / "steps.py").unlink()
    (target / "steps.py").symlink_to(mine / "steps.py")
    refused(target / "steps.py")


def test_a_file_in_the_folders_place_is_named(refused: Refused, target: Path) -> None:
    target.parent.mkdir()
    target.write_text("mine")
    refused(target)


@pytest.mark.parametrize("text", ["mine", "{}", "[1]"])
def test_a_list_that_is_not_ours_is_named(
    refresh: Refresh, refused: Refused, target: Path, text: str
) -> None:
    refresh()
    (manifest,) = (path for path in target.parent.iterdir() if path != target)
    manifest.write_text(text)
    refused(manifest)


def test_a_run_over_the_output_of_another_replaces_it(refresh: Refresh, target: Path, site: Site) -> None:
    edge = site.directory / "edge"
    (edge / "old").mkdir()
    (edge / "old" / "part.py").write_text("")
    refresh()
    (target / "old" / "__pycache__").mkdir()
    (target / "old" / "__pycache__" / "part.cpython-311.pyc").write_text("compiled")
    (target / ".edgewise-0.part").write_text("half a file, from when the machine stopped")
    (edge / "old" / "part.py").rename(edge / "new.py")
    (edge / "old").rmdir()
    refresh()
    names = snapshot(target)
    assert "new.py" in names
    assert not [name for name in names if name.startswith(("old", "."))]
    assert not (target / "old").exists()


def test_the_list_is_beside_the_folder_and_names_what_is_in_it(refresh: Refresh, target: Path) -> None:
    refresh()
    (manifest,) = (path for path in target.parent.iterdir() if path != target)
    assert set(json.loads(manifest.read_text())) == set(snapshot(target))


def test_output_from_before_there_was_a_list_is_ours_if_every_name_is(
    refresh: Refresh, refused: Refused, target: Path
) -> None:
    refresh()
    (manifest,) = (path for path in target.parent.iterdir() if path != target)
    listed = manifest.read_text()
    manifest.unlink()
    (target / "__pycache__").mkdir()
    (target / "__pycache__" / "steps.cpython-311.pyc").write_text("compiled")
    assert refresh()
    assert manifest.read_text() == listed
    manifest.unlink()
    (target / "precious.py").write_text("mine")
    refused(target / "precious.py")


def test_synth_overwrites_its_own_template_and_no_other_file(site: Site, tmp_path: Path) -> None:
    out = tmp_path / "out" / "docker-compose.yaml"
    out.parent.mkdir()
    out.write_text("services: {}\n")
    with pytest.raises(SynthError, match="not a template") as caught:
        write_template(site, out)
    assert caught.value.file == str(out)
    assert snapshot(out.parent) == {"docker-compose.yaml": "services: {}\n"}
    out.unlink()
    write_template(site, out)
    first = out.read_text()
    out.write_text(first + "# edited\n")
    write_template(site, out)
    assert out.read_text() == first
