"""The salts at every hour, with runs that are missed: what has to be there is, what has to be gone is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from edgewise.salts import SaltsError, forget_salts, keep_salts

PATH = "/shop/visitor-salts"
HOUR, DAY = 3600, 86_400
NOON = 1_795_262_400  # 2026-11-21T12:00:00Z


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.client("ssm", region_name="us-east-1")


def date(now: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(now))


def salts(ssm: Any) -> dict[str, str]:
    """The salts by their dates."""
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=PATH, WithDecryption=True)
    found = [one for page in pages for one in page["Parameters"]]
    assert all(one["Type"] == "SecureString" for one in found)
    return {one["Name"].rpartition("/")[2]: one["Value"] for one in found}


class Parameters(dict[str, str]):
    """SSM's parameters in a dictionary: moto takes a minute for all these hours."""

    def put_parameter(self, *, Name: str, Value: str, Type: str, Description: str) -> None:
        if Name in self:
            raise ClientError({"Error": {"Code": "ParameterAlreadyExists"}}, "PutParameter")
        assert Type == "SecureString" and Description
        self[Name] = Value

    def delete_parameter(self, *, Name: str) -> None:
        del self[Name]

    def get_parameters_by_path(self, *, Path: str) -> dict[str, Any]:
        return {"Parameters": [{"Name": name} for name in self if name.startswith(f"{Path}/")]}


# Two runs a day, in any phase; a run that is missed is never beside another.
@pytest.mark.parametrize("phase", range(12))
@pytest.mark.parametrize("missed", [set(), {1, 4, 7}, {2, 5, 8}, {3, 6, 9}], ids=str)
def test_at_every_hour_the_salts_that_are_needed_are_there_and_old_ones_are_gone(
    phase: int, missed: set[int]
) -> None:
    parameters, seen = Parameters(), dict[str, str]()
    for hour in range(11 * 12):
        now = NOON + (phase + hour) * HOUR
        if hour % 12 == 0 and hour // 12 not in missed:
            keep_salts(parameters, PATH, now)
        there = {name.rpartition("/")[2]: salt for name, salt in parameters.items()}
        assert {date(now), date(now + DAY)} <= there.keys()
        # 48 hours after its day began a salt is gone, and nothing was ever made in its place.
        assert min(there) >= date(now - DAY)
        for day, salt in there.items():
            assert seen.setdefault(day, salt) == salt
    assert len(set(seen.values())) == len(seen) and all(len(salt) == 64 for salt in seen.values())


def test_nothing_of_a_salt_is_left_in_a_history(ssm: Any) -> None:
    keep_salts(ssm, PATH, NOON)
    keep_salts(ssm, PATH, NOON)
    (only,) = ssm.get_parameter_history(Name=f"{PATH}/2026-11-21")["Parameters"]
    assert only["Version"] == 1
    keep_salts(ssm, PATH, NOON + DAY)
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter_history(Name=f"{PATH}/2026-11-21")


def test_a_run_says_what_it_did(ssm: Any) -> None:
    kept = keep_salts(ssm, PATH, NOON)
    assert (kept.made, kept.deleted) == (("2026-11-21", "2026-11-22", "2026-11-23"), ())
    assert keep_salts(ssm, PATH, NOON).made == ()
    kept = keep_salts(ssm, PATH, NOON + 2 * DAY)
    assert (kept.made, kept.deleted) == (("2026-11-24", "2026-11-25"), ("2026-11-21", "2026-11-22"))


def test_more_salts_than_a_page_holds_are_deleted_and_what_is_no_salt_stays(ssm: Any) -> None:
    for day in range(1, 29):
        ssm.put_parameter(Name=f"{PATH}/2026-01-{day:02}", Value="old", Type="SecureString")
    ssm.put_parameter(Name=f"{PATH}/note", Value="somebody's", Type="String")
    ssm.put_parameter(Name="/shop/other/2026-01-01", Value="somebody's", Type="String")
    assert len(keep_salts(ssm, PATH, NOON).deleted) == 28
    assert ssm.get_parameter(Name=f"{PATH}/note")["Parameter"]["Value"] == "somebody's"
    assert len(forget_salts(ssm, PATH)) == 3
    assert ssm.get_parameter(Name=f"{PATH}/note") and ssm.get_parameter(Name="/shop/other/2026-01-01")
    assert forget_salts(ssm, PATH) == ()


class Failing:
    """A client some of whose calls fail; `fails` gets the name of the call and of the parameter."""

    def __init__(self, ssm: Any, fails: Callable[[str, str], bool]) -> None:
        self._ssm, self._fails = ssm, fails

    def __getattr__(self, call: str) -> Any:
        def called(**arguments: Any) -> Any:
            if self._fails(call, str(arguments.get("Name"))):
                raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slower"}}, call)
            return getattr(self._ssm, call)(**arguments)

        return called


@pytest.mark.parametrize(
    ("fails", "place"),
    [
        (lambda call, name: call == "put_parameter" and name.endswith("11-21"), f"{PATH}/2026-11-21"),
        (lambda call, name: call == "delete_parameter" and name.endswith("11-18"), f"{PATH}/2026-11-18"),
    ],
    ids=["made", "deleted"],
)
def test_one_salts_trouble_is_told_and_is_not_anothers(
    ssm: Any, fails: Callable[[str, str], bool], place: str
) -> None:
    for day in ("18", "19"):
        ssm.put_parameter(Name=f"{PATH}/2026-11-{day}", Value="old", Type="SecureString")
    with pytest.raises(SaltsError, match="slower") as caught:
        keep_salts(Failing(ssm, fails), PATH, NOON)
    assert caught.value.file == place
    done = set(salts(ssm)) ^ {"2026-11-18", "2026-11-19", "2026-11-21", "2026-11-22", "2026-11-23"}
    assert done >= {"2026-11-19"}, "the other old one is gone"
    assert {"2026-11-22", "2026-11-23"} <= salts(ssm).keys()
    # The next run makes up for it.
    keep_salts(ssm, PATH, NOON)
    assert salts(ssm).keys() == {"2026-11-21", "2026-11-22", "2026-11-23"}


def test_two_runs_at_once_leave_one_salt(ssm: Any) -> None:
    class Late(Failing):
        """Another run is always quicker."""

        def put_parameter(self, **arguments: Any) -> Any:
            keep_salts(ssm, PATH, NOON)
            return ssm.put_parameter(**arguments)

    kept = keep_salts(Late(ssm, lambda call, name: False), PATH, NOON)
    assert kept.made == () and len(salts(ssm)) == 3
