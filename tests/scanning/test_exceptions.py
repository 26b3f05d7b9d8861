"""Each exception to checkov is explained, once, and about something that is deployed. checkov is not run here."""

from __future__ import annotations

import re

from scanning.exceptions import PAGE, exceptions, templates


def test_every_exception_has_a_reason() -> None:
    rows = re.findall(r"^\| `(CKV\w+)`", PAGE.read_text(), re.MULTILINE)
    assert len(rows) == len(set(rows)), "a check is explained twice"
    assert set(rows) == {check for check, _ in exceptions()}, "a row is not of the table's form"
    for (check, kind), reason in exceptions().items():
        if same := re.match(r"as for `(CKV\w+)`", reason):
            assert same[1] in rows, f"{check} names {same[1]}, which is not explained"
        else:
            assert len(reason.split()) > 4, f"{check} of {kind} needs a reason"


def test_every_exception_is_about_something_that_the_examples_deploy() -> None:
    deployed = frozenset().union(*(one.types for one in templates()))
    assert {kind for _, kind in exceptions() if kind.startswith("AWS::")} <= deployed
