"""The whole loop: a version breaks, the records tell it, the judge goes back, and old sessions never notice."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

from edgewise.cli.rollingout.desk import now, open_desk
from edgewise.rollout import Look, look
from support.site import eventually

from .conftest import Tea, child
from .visitors import Page, Visitor, one_on_each


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
    pages: list[Page] = []
    judgement = judged(tea, lambda: pages.append(visit(tea, ada)))
    assert 500 in {each.status for each in pages} and judgement["rule"] in ("errors", "limit")
    moved = eventually(lambda: page if (page := bo.get()).version == "v1" else None)
    assert (moved.status, moved.reason) == (200, "rolled-back")


def test_a_version_whose_app_dies_again_and_again_goes_back(tea: Tea) -> None:
    """Its visitors meet CloudFront's own 502, for which no origin-response runs; files of either version are cached."""
    (tea.folder / "v2/broken").unlink(missing_ok=True)
    tea.rollout("start", "--steps", "50:1h")
    ada, _ = one_on_each(tea.up)
    for _ in range(2):
        refused, until = 0, time.monotonic() + 60
        while refused < 6:
            assert time.monotonic() < until, "it does not stay dead"
            os.kill(child(tea.up, "uvicorn", tea.folder / "v2"), signal.SIGKILL)
            # `up` starts it again after a second, and some are answered.
            refused += [visit(tea, ada).status for _ in range(30)].count(502)
        eventually(lambda: [visit(tea, ada).version for _ in range(10)].count("v2") > 1, 60)
    desk = open_desk(tea.folder, True)
    records = desk.records()

    def goes_back() -> Look | None:
        """What the judge says when no answer can be under way any more."""
        found = look(desk.release(), records, desk.rules, now() + 60_000_000, behaviors=desk.behaviors)
        return found if found.verdict.action == "rollback" else None

    try:
        found = eventually(goes_back, 30)
    finally:
        records.close()
    assert found.verdict.rule == "unanswered", found.verdict.sentence
    assert "of what no cache answers, v2 left" in found.verdict.sentence
    assert found.evidence.new.errors == found.evidence.old.unanswered == 0 < found.evidence.new.unanswered


def judged(tea: Tea, happen: Callable[[], object]) -> dict[str, Any]:
    """Things happen until the judge goes back; what it says is on the screen and in the store."""
    command = tea.command("watch", "--every", "1s")
    judge = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 90
        while judge.poll() is None:
            assert time.monotonic() < until, "the judge did not go back"
            happen()
    finally:
        judge.kill()
        told = judge.communicate(timeout=60)[0]
    assert "rolled back" in told.splitlines()[-1]
    rows = tea.up.rows(
        "SELECT sentence, rule FROM rollout WHERE acted AND who = 'the judge' ORDER BY _timestamp"
    )
    assert rows[-1]["sentence"] in told
    return dict(rows[-1])


def visit(tea: Tea, ada: Visitor) -> Page:
    """A new visitor comes, and Ada goes on; gives what he met."""
    met, page = Visitor(tea.up).get(), ada.get()
    assert (page.status, page.version) == (200, "v1")
    time.sleep(0.02)
    return met
