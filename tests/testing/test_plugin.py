"""The plugin is loaded by every run of pytest: it must not make those wait that do not use it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points


def test_pytest_starts_without_the_rest_of_the_package() -> None:
    (found,) = (each for each in entry_points(group="pytest11") if each.name == "edgewise")
    code = (
        "import importlib, sys; "
        f"importlib.import_module({found.value!r}); "
        "print(sorted(name for name in sys.modules if name.partition('.')[0] == 'edgewise'))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.strip() == f"['edgewise', {found.value!r}]"
