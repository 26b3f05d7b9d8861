"""A look at a staged change: whether somebody meets it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edgewise.cli.deploying.desk import Desk
from edgewise.cloud.chance import Seek, meet
from edgewise.cloud.edgelogs import find
from edgewise.cloud.errors import VerifyError
from edgewise.cloud.package import leaves_records
from edgewise.cloud.staged import Staged
from edgewise.cloud.verify import Expected


def look(desk: Desk, staged: Staged, url: str) -> None:
    """Ask the site as one who meets the staged change. Raises `VerifyError`.

    Where chance decides who does, as many ask as it takes to be all but certain of one.
    """
    expected = Expected.of(staged.settings_hash, staged.versions) if leaves_records(desk.site) else None
    try:
        if expected and not staged.traffic.headers:
            seen = meet(
                url,
                staged.traffic.percent,
                seek_of(desk, staged, expected),
                desk.find,
                tell=desk.screen.step,
                sleep=desk.estate.sleep,
            )
        else:
            seen = desk.verify(url, expected, staged.traffic.headers)
    except VerifyError as error:
        error.hint = (
            "It takes some minutes until every edge knows of it: the same command asks again. `edgewise logs --from "
            "aws` shows what happens, `edgewise abandon` takes it back."
        )
        raise
    desk.screen.note(seen)
    if not (expected or staged.traffic.headers):
        desk.screen.note(
            "It could not be shown that the staged change answers: chance decides who meets it, and an answer does not "
            "say which side gave it. The site's requests leave no records in the functions' logs that would."
        )


def seek_of(desk: Desk, staged: Staged, expected: Expected) -> Seek:
    """What finds a record of the staged change: one with a mark of it, by a version and with settings of its own."""

    def fits(name: str, value: str) -> Callable[[Mapping[str, Any]], bool]:
        return lambda record: record.get(name) == value and not expected.trouble(record)

    def seek(since_ms: int) -> Mapping[str, Any] | None:
        found = (
            find(desk.aws, desk.site.name, value, since_ms, fits(name, value))
            for name, value in staged.marks.items()
        )
        return next((record for record in found if record), None)

    return seek
