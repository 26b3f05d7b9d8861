"""`edgewise query` takes one SELECT, as text or from a file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_no_query_two_queries_and_a_file_that_is_not_there_are_one_message(tmp_path: Path) -> None:
    file = tmp_path / "one.sql"
    file.write_text("SELECT 1")
    for arguments, said in [
        ((), "give one SELECT"),
        (("SELECT 1", "--file", str(file)), "give one SELECT"),
        (("--file", str(tmp_path / "none.sql")), "No such file"),
    ]:
        command = [sys.executable, "-m", "edgewise", "query", *arguments]
        asked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert asked.returncode == 2
        assert said in asked.stderr and "Traceback" not in asked.stderr
