"""The examples of docs/testing.md are run as a reader would run them: by pytest, in a folder with a new site."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from edgewise.site import create_site

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"


def test_the_examples_of_the_page_pass(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    for name, code in blocks:
        (tmp_path / name).write_text(code, encoding="utf-8")
    create_site(tmp_path / "notes")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stdout
    assert "4 passed" in ran.stdout
