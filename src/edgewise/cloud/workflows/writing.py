"""Writes workflows into a repository, and leaves alone what somebody else wrote, or what another site's workflows are.

A file is known by its first line, which names the site.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from edgewise.cloud.errors import WorkflowError


def repository_root(folder: Path) -> Path:
    """The repository that a folder is in, which is where GitHub looks for workflows; else the folder itself."""
    folder = folder.resolve()
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)


def write_files(root: Path, files: Mapping[Path, str]) -> list[Path]:
    """Write all files, or none when one of them is there and not ours. Raises `WorkflowError`.

    Others beside them that were made for this site are removed, and returned: nothing wants them any more.
    """
    try:
        for name, text in files.items():
            _refuse_foreign(root / name, text)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8", newline="\n")
        unwanted = sorted(_unwanted(root, files))
        for name in unwanted:
            (root / name).unlink()
    except OSError as error:
        raise WorkflowError(f"cannot write it: {error.strerror}", file=error.filename) from error
    return unwanted


def _unwanted(root: Path, files: Mapping[Path, str]) -> Iterator[Path]:
    text = next(iter(files.values()))
    for folder in {name.parent for name in files}:
        for file in (root / folder).glob("*.y*ml"):
            ours = not file.is_symlink() and file.is_file() and _begins_as(file, text)
            if ours and folder / file.name not in files:
                yield folder / file.name


def _refuse_foreign(file: Path, text: str) -> None:
    if file.is_symlink() or (file.exists() and not _begins_as(file, text)):
        raise WorkflowError(
            "this file is not one that `edgewise ci` made for this site, or it is yours by now",
            file=file,
            hint="Move it away to have a new one, and take over from it what you changed.",
        )


def _begins_as(file: Path, text: str) -> bool:
    first_line = text[: text.index("\n") + 1].encode()
    with file.open("rb") as opened:
        return opened.read(len(first_line)) == first_line
