"""Opens a site file. The thin outer layer: the disk and TOML's syntax; everything else is in `check.py`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Literal

from edgewise.site.check import check_site
from edgewise.site.errors import SiteError
from edgewise.site.model import Site

SITE_FILE = "edgewise.toml"


def load_site(directory: Path) -> Site:
    """The site in a folder, or of a site file given by its path.

    Raises `SiteError` (or `SiteProblems`, which holds several) with the file and the line or key.
    """
    file = (directory / SITE_FILE if on_disk(directory) == "folder" else directory).absolute()
    return check_site(_read(file), file, on_disk, folders_in)


def on_disk(path: Path) -> Literal["file", "folder"] | None:
    """What stands at a path; None for nothing that can be used, whatever the reason."""
    try:
        return "folder" if path.is_dir() else "file" if path.is_file() else None
    except (OSError, ValueError):
        return None


def folders_in(path: Path) -> list[str]:
    """The names of the folders in a folder; none where it cannot be read."""
    try:
        return sorted(one.name for one in path.iterdir() if one.is_dir())
    except (OSError, ValueError):
        return []


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SiteError(
            "there is no site file",
            file=file,
            hint="Make a new site with `edgewise init DIR`, or name its folder.",
        ) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SiteError("a site file is UTF-8 text and this is not", file=file, line=line) from None
    except OSError as error:
        raise SiteError(f"cannot read the site file: {error.strerror}", file=file) from error
    return parse_toml(text, file)


def parse_toml(text: str, file: Path) -> dict[str, Any]:
    """The document of a TOML text; `file` only says where it stands. Raises `SiteError` with the line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = re.search(r" \(at line (\d+), column \d+\)$| \(at end of document\)$", message)
        problem = message[: place.start()] if place else message
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        raise SiteError(
            f"not valid TOML: {problem}", file=file, line=line, hint="See https://toml.io."
        ) from None
    except RecursionError:
        raise SiteError("not valid here: nested too deeply", file=file) from None
    except ValueError as error:
        # An integer of thousands of digits: Python refuses to convert it.
        raise SiteError(f"not valid TOML: {error}", file=file) from None
