"""Which salts there are at a time: today's, and those of the next two days, and none of a day that is over (UTC).

Each is a parameter of SSM of its own, `PATH/2026-11-21`, of the type SecureString. One parameter for all of them would
not do: SSM keeps what it held before, for anybody who may read its history, until it is deleted as a whole.

Called every 12 hours, this keeps its promises though a call is missed: today's and tomorrow's salt are always there,
and a salt is gone 48 hours after its day began, with which nobody can make that day's hashes again.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from edgewise.salts.errors import SaltsError

_DAY: Final = 86_400
_DAYS_AHEAD: Final = 2
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DESCRIPTION: Final = "The salt of one day's visitors. Deleted when the day is over."


@dataclass(frozen=True, slots=True)
class Kept:
    """What one call did: the dates whose salts it made, and those whose salts it deleted."""

    made: tuple[str, ...]
    deleted: tuple[str, ...]


def keep_salts(ssm: Any, path: str, now: float) -> Kept:
    """Make the salts that are missing and delete those of days that are over, by a time in seconds.

    A salt that is there stays as it is, whoever else runs this at the same time. Raises `SaltsError` once all that
    can be done is done.
    """
    wanted = [_date(now + ahead * _DAY) for ahead in range(_DAYS_AHEAD + 1)]
    troubles: list[SaltsError] = []
    made = [date for date in wanted if _tried(troubles, _make, ssm, path, date)]
    over = [date for date in _dates(ssm, path) if date < wanted[0]]
    deleted = [date for date in over if _tried(troubles, _delete, ssm, path, date)]
    if troubles:
        raise troubles[0]
    return Kept(tuple(made), tuple(deleted))


def forget_salts(ssm: Any, path: str) -> tuple[str, ...]:
    """Delete all salts; answers their dates. Raises `SaltsError`."""
    return tuple(date for date in list(_dates(ssm, path)) if _delete(ssm, path, date))


def _date(now: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(now))


def _tried(
    troubles: list[SaltsError], step: Callable[[Any, str, str], bool], ssm: Any, path: str, date: str
) -> bool:
    """What a step says, or False if it fails: one salt's trouble is not another's."""
    try:
        return step(ssm, path, date)
    except SaltsError as error:
        troubles.append(error)
        return False


def _make(ssm: Any, path: str, date: str) -> bool:
    """False where there is one already."""
    parameter = {"Name": f"{path}/{date}", "Value": secrets.token_hex(32), "Description": _DESCRIPTION}
    return _called(
        parameter["Name"],
        "ParameterAlreadyExists",
        lambda: ssm.put_parameter(**parameter, Type="SecureString"),
    )


def _delete(ssm: Any, path: str, date: str) -> bool:
    """False where there is none any more."""
    name = f"{path}/{date}"
    return _called(name, "ParameterNotFound", lambda: ssm.delete_parameter(Name=name))


def _dates(ssm: Any, path: str) -> Iterator[str]:
    """The dates that have a salt; the salts themselves come encrypted, and nobody looks. What else is there stays."""
    token: dict[str, str] = {}
    while True:
        page: dict[str, Any] = {}
        _called(path, "", lambda: page.update(ssm.get_parameters_by_path(Path=path, **token)))  # noqa: B023
        for parameter in page.get("Parameters", []):
            date = str(parameter["Name"]).removeprefix(f"{path}/")
            if _DATE.fullmatch(date):
                yield date
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _called(place: str, fine: str, call: Callable[[], Any]) -> bool:
    """Whether a call did what it is for; False when AWS answers `fine`. Raises `SaltsError`."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        call()
    except ClientError as error:
        if fine and error.response.get("Error", {}).get("Code") == fine:
            return False
        raise _trouble(place, error) from error
    except BotoCoreError as error:
        raise _trouble(place, error) from error
    return True


def _trouble(place: str, error: Exception) -> SaltsError:
    return SaltsError(
        f"AWS does not do it: {error}",
        hint="The next run tries again; until then visitors of a day without a salt are not told apart.",
        file=place,
    )
