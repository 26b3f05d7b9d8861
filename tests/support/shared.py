"""Files that lie beside the project on some machines: a generator of logs with true answers, recorded shapes.

They are looked for where EDGEWISE_SHARED says, else in `shared` beside the project. A test that needs one is skipped
where there is none.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


def shared(name: str) -> Path:
    """The path of a shared file such as `tools/gen_cloudfront_v1.py`; skips the test when it is not there."""
    path = Path(os.environ.get("EDGEWISE_SHARED") or _ROOT.parent / "shared") / name
    if not path.exists():
        pytest.skip(f"there is no {name} beside the project")
    return path
