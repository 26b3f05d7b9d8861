"""Makes a new small site from the files under `scaffold/`, which are real files: linted, tested, run as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

from edgewise.site import limits
from edgewise.site.errors import StarterError
from edgewise.site.load import SITE_FILE

_SCAFFOLD = Path(__file__).parent / "scaffold"


def create_site(directory: Path) -> list[Path]:
    """Copy the starter site into a folder that is empty or not there yet; the files made, relative to it.

    The site is called after the folder, where that can be a name. Raises `StarterError`, and writes nothing into
    a folder that holds anything.
    """
    try:
        if directory.is_dir() and any(directory.iterdir()):
            raise StarterError("this folder is not empty", file=directory, hint="Name a new folder.")
        shutil.copytree(
            _SCAFFOLD, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
        )
        _name_site(directory / SITE_FILE, directory.absolute().name)
    except (OSError, shutil.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise StarterError(f"cannot make a site here: {reason}", file=directory) from error
    return sorted(
        path.relative_to(_SCAFFOLD)
        for path in _SCAFFOLD.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def _name_site(file: Path, name: str) -> None:
    if limits.NAME.fullmatch(name) and len(name) <= limits.MAX_NAME:
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace('name = "my-site"', f'name = "{name}"', 1), encoding="utf-8")
