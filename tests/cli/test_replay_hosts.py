"""`edgewise replay` of a log of a site with another name: what the 403s mean, and what to do."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgewise.cli import runs
from edgewise.cli.main import app
from edgewise.store.home import hold_for_writing, prepare
from support.controlled import Controlled, controlled
from support.running import BUCKET_ID, OPTIMIZED, behavior, template

FIELDS = "#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status x-host-header\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Controlled]:
    """A running site as `edgewise up` announces it; its store is empty."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with controlled(tmp_path, template(behavior(origin=BUCKET_ID, CachePolicyId=OPTIMIZED)), "") as running:
        url = f"http://127.0.0.1:{running.port}"
        hold_for_writing(prepare(tmp_path / ".edgewise" / "store")).release()
        runs.announce(runs.Run(str(tmp_path / ".edgewise"), url, os.getpid(), running.url))
        yield running


def replayed(*rows: tuple[str, str], arguments: tuple[str, ...] = ()) -> str:
    """What is printed of a log with these paths and names."""
    lines = [
        f"2026-01-01\t00:00:{n:02}\t203.0.113.9\tGET\t{path}\t200\t{host}\n"
        for n, (path, host) in enumerate(rows)
    ]
    Path("log").write_text(FIELDS + "".join(lines))
    result = CliRunner().invoke(app, ["replay", "log", "--wait", "0", *arguments])
    assert result.output, result.exception
    return result.output


def test_a_name_that_the_site_does_not_have_is_said_with_what_to_do(site: Controlled) -> None:
    rows = [("/a", "www.example.com"), ("/b", "www.example.com"), ("/c", "localhost")]
    shown = replayed(*rows)
    assert "403        2: no distribution answers to 'www.example.com'; this one has the names " in shown
    assert "--host NAME" in shown
    facts = json.loads(replayed(*rows, arguments=("--json",)))
    # The bucket answers 403 for what it does not have: that is no matter of names.
    assert facts["statuses"] == {"403": 3} and facts["unknown_hosts"] == {"www.example.com": 2}


def test_with_another_host_nothing_is_said(site: Controlled) -> None:
    shown = replayed(("/a", "www.example.com"), arguments=("--host", "localhost"))
    assert "4xx 1" in shown and "no distribution" not in shown and "--host" not in shown
