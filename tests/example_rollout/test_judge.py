"""The whole loop: a version breaks, the records tell it, the judge goes back, and old sessions never notice."""

from __future__ import annotations

import subprocess
import time

from support.site import eventually

from .conftest import Tea
from .visitors import Visitor, one_on_each


def test_a_bad_version_goes_back_by_itself_and_old_sessions_never_notice(tea: Tea) -> None:
    early = Visitor(tea.up)
    early.put("oolong")
    assert early.get().version == "v1"
    early.cookies = {"session": early.cookies["session"]}  # all that the app gave him
    tea.rollout("start", "--steps", "50:1h")
    ada, bo = one_on_each(tea.up)
    page = early.get()
    assert (page.version, page.reason) == ("v1", "earlier")
    (tea.folder / "v2/broken").touch()
    judge = subprocess.Popen(tea.command("watch", "--every", "1s"), stdout=subprocess.PIPE, text=True)
    try:
        failures = traffic(tea, ada, judge)
    finally:
        judge.kill()
        told = judge.communicate(timeout=20)[0]
    assert failures > 0 and "rolled back" in told.splitlines()[-1]
    (judgement,) = tea.up.rows("SELECT sentence, rule FROM rollout WHERE acted AND who = 'the judge'")
    assert judgement["sentence"] in told and judgement["rule"] in ("errors", "limit")
    moved = eventually(lambda: page if (page := bo.get()).version == "v1" else None)
    assert (moved.status, moved.reason) == (200, "rolled-back")


def traffic(tea: Tea, ada: Visitor, judge: subprocess.Popen[str]) -> int:
    """New visitors come, and Ada goes on, until the judge has ended; gives how many of the new met an error."""
    failures = 0
    until = time.monotonic() + 90
    while judge.poll() is None:
        assert time.monotonic() < until, "the judge did not go back"
        failures += Visitor(tea.up).get().status == 500
        page = ada.get()
        assert (page.status, page.version) == (200, "v1")
        time.sleep(0.02)
    return failures
