"""The pure modules of the pages, tested in Node where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from project.tree import SRC

NODE = shutil.which("node")
TESTS = Path(__file__).parent / "modules"


@pytest.mark.skipif(NODE is None, reason="there is no Node on this machine")
@pytest.mark.parametrize("name", sorted(path.name for path in TESTS.glob("*.mjs")))
def test_modules(name: str, tmp_path: Path) -> None:
    # Beside a package.json, so that Node takes the files for modules as browsers do.
    shutil.copytree(SRC / "dashboard/static", tmp_path / "static")
    shutil.copy(TESTS / name, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    done = subprocess.run(
        [str(NODE), "--test", name], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout
