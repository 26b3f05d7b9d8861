"""The whole kit against `edgewise up`, as a user would run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(180)
def test_edgewise_keeps_every_rule_but_the_known_ones() -> None:
    command = [sys.executable, "-m", "conformance", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170, check=False)
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    failed = [
        f"{rule['name']}: expected {rule['expected']}; seen {rule['seen']}"
        for rule in told["rules"]
        if rule["passed"] is False and not rule["known"] and not rule["doubtful"]
    ]
    mended = [rule["name"] for rule in told["rules"] if rule["passed"] and rule["known"]]
    assert not failed, "\n".join(failed)
    assert not mended, f"take these off conformance/known.toml: {', '.join(mended)}"
    assert done.returncode == 0


@pytest.mark.timeout(120)
def test_the_template_can_be_deployed() -> None:
    command = [str(Path(sys.executable).parent / "cfn-lint"), "conformance/template.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout
