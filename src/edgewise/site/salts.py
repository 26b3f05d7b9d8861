"""The folder that runs as the function which keeps the salts on AWS: the package `edgewise.salts`, and no more.

The package is found on the disk beside this one and copied; it is never imported here.
"""

from __future__ import annotations

from pathlib import Path

from edgewise.site.bundle import may_rewrite, read_all, write_folder
from edgewise.site.folder import Entry
from edgewise.site.sources import scan

_EDGEWISE = Path(__file__).parent.parent
_MARKER = "edgewise/salts/function.py"


def write_salts(target: Path) -> None:
    """Bring the folder `target` up to date. Raises `BundleError`."""
    plan = {
        # Empty: there this package is only the place of `edgewise.salts`.
        "edgewise/__init__.py": Entry(b""),
        "edgewise/errors.py": Entry((_EDGEWISE / "errors.py").read_bytes()),
        **read_all(scan(_EDGEWISE / "salts", "edgewise/salts/")),
    }
    write_folder(target, plan, may_rewrite(target, plan, _MARKER))
