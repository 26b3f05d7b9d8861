"""Where the state is kept, on moto's DynamoDB and SSM: nobody's change is lost, and what goes wrong is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from edgewise.rollout import ChangedError, DocumentError, PlaceError
from edgewise.rollout.places import Parameter, Place, Table, place_of
from edgewise.rollout.transitions import rolled_back
from rollout.local_aws import PARAMETER, TABLE, local_client, running_aws
from rollout.traffic import RELEASE, STARTED

STATES = {"dynamodb": {"from": "dynamodb", "table": TABLE}, "ssm": {"from": "ssm", "name": PARAMETER}}


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with running_aws() as url:
        yield url


@pytest.fixture(params=STATES)
def place(request: Any, aws: str) -> Iterator[Place]:
    yield place_of(STATES[request.param], lambda service: local_client(service, aws))
    dynamodb, ssm = local_client("dynamodb", aws), local_client("ssm", aws)
    dynamodb.delete_item(TableName=TABLE, Key={"id": {"S": "release"}})
    ssm.delete_parameters(Names=[PARAMETER])


def test_what_is_written_is_read(place: Place) -> None:
    assert place.read() is None
    written = place.write(RELEASE)
    assert written == replace(RELEASE, revision=RELEASE.revision + 1)
    assert place.read() == written
    assert place.write(written).revision == written.revision + 1


def test_of_two_changes_at_the_same_time_the_second_is_refused(place: Place) -> None:
    place.write(RELEASE)
    first, second = place.read(), place.read()
    assert first is not None and second is not None
    place.write(replace(first, weight=10.0))
    with pytest.raises(ChangedError) as refused:
        place.write(replace(second, weight=90.0))
    assert "nothing was written" in refused.value.message and refused.value.hint
    kept = place.read()
    assert kept is not None and kept.weight == 10


class Retrying:
    """A client whose first answer to a write is lost, so that it writes once more, as boto3 does."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        return (lambda **words: call(**words) and call(**words)) if name.startswith("put_") else call


def test_a_write_whose_answer_is_lost_is_no_change_of_somebody_else(aws: str, place: Place) -> None:
    state = STATES["dynamodb" if isinstance(place, Table) else "ssm"]
    retrying = place_of(state, lambda service: Retrying(local_client(service, aws)))
    written = retrying.write(RELEASE)
    assert place.read() == written
    back = retrying.write(rolled_back(written, STARTED + 1, "bad", "ada"))
    assert place.read() == back and back.state == "rolled-back"
    with pytest.raises(ChangedError):
        retrying.write(rolled_back(written, STARTED + 2, "bad", "bo"))
    assert place.read() == back


def test_the_item_is_the_one_that_the_edge_reads(aws: str) -> None:
    client = local_client("dynamodb", aws)
    written = Table(client, TABLE).write(RELEASE)
    item = client.get_item(TableName=TABLE, Key={"id": {"S": "release"}})["Item"]
    assert item == {
        "id": {"S": "release"},
        "document": {"S": written.to_json()},
        "revision": {"N": str(written.revision)},
    }
    client.put_item(
        TableName=TABLE, Item={"id": {"S": "release"}, "document": {"S": "{"}, "revision": {"N": "1"}}
    )
    with pytest.raises(DocumentError):
        Table(client, TABLE).read()
    client.put_item(TableName=TABLE, Item={"id": {"S": "release"}, "other": {"S": ""}})
    with pytest.raises(DocumentError):
        Table(client, TABLE).read()
    client.delete_item(TableName=TABLE, Key={"id": {"S": "release"}})


def test_a_parameter_has_its_limit(aws: str) -> None:
    with pytest.raises(PlaceError, match="longer than the 4096 bytes"):
        Parameter(local_client("ssm", aws), PARAMETER).write(replace(RELEASE, reason="r" * 4096))


def test_what_is_not_there_or_does_not_answer_is_told(aws: str) -> None:
    with pytest.raises(PlaceError) as missing:
        Table(local_client("dynamodb", aws), "other").read()
    assert "ResourceNotFoundException" in missing.value.message and "Deploy" in (missing.value.hint or "")
    with pytest.raises(PlaceError, match="cannot be asked"):
        Table(local_client("dynamodb", "http://127.0.0.1:1"), TABLE).read()
