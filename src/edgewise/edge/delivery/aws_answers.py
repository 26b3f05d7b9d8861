"""What the answers of AWS's services mean for the records of a batch, as far as the services agree."""

from __future__ import annotations

import json

from edgewise.edge.aws.call import Problem

from .destination import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The batch as it is will never be taken. Whatever else is wrong (the name of a stream, a permission, a quota) can be
# mended from outside while the records wait. The error lists of the services' API references.
_REFUSING = (
    "InvalidArgumentException",
    "InvalidExecutionInput",
    "InvalidName",
    "SerializationException",
    "ValidationException",
)
_TOO_LARGE = 413


def verdict_on_problem(problem: Problem, count: int) -> Verdict:
    """For an answer that is not 200: nothing of the batch is stored, and all of it shares its fate."""
    if problem.code in _REFUSING or problem.status == _TOO_LARGE:
        return Verdict(refused=range(count), reason=str(problem), certain=False)
    return Verdict(reason=str(problem))


def verdict_on_entries(body: bytes, key: str, count: int, hopeless: tuple[str, ...] = ()) -> Verdict:
    """For a 200 with one entry per record, in their order, under `key`: a 200 alone proves nothing.

    An entry that failed has an `ErrorCode`; with one of `hopeless` its record is refused, else sent again.
    """
    entries = _entries(body, key)
    if len(entries) != count:
        return Verdict(reason=f"the answer has {len(entries)} entries for {count} records")
    failed = {index: entry for index, entry in enumerate(entries) if entry.get("ErrorCode")}
    refused = {index for index, entry in failed.items() if entry["ErrorCode"] in hopeless}
    reasons = {f"{entry['ErrorCode']}: {entry.get('ErrorMessage')}" for entry in failed.values()}
    return Verdict(
        stored=set(range(count)) - failed.keys(),
        refused=refused,
        reason="; ".join(sorted(reasons)),
    )


def _entries(body: bytes, key: str) -> list[dict[str, Any]]:
    """The entries of an answer; none if it is not of the expected shape."""
    try:
        entries = json.loads(body)[key]
    except (ValueError, LookupError, TypeError):
        return []
    return entries if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries) else []
