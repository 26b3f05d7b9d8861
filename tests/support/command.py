"""A command in this process, as its own would run it: most of the time of a short command is its start."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from edgewise.cli.main import main


def edgewise(
    *arguments: str, folder: Path | None = None, columns: int = 200
) -> subprocess.CompletedProcess[str]:
    """What `edgewise ARGUMENTS` says, in a folder and on a terminal without colours, and how it ends."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["edgewise", *arguments])
        patch.setenv("COLUMNS", str(columns))
        patch.setenv("TERM", "dumb")
        if folder is not None:
            patch.chdir(folder)
        try:
            main()
            status: object = 0
        except SystemExit as end:
            status = end.code or 0
    said = (each.buffer.getvalue().decode() for each in (out, err))
    return subprocess.CompletedProcess(["edgewise", *arguments], int(str(status)), *said)
