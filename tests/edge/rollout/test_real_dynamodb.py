"""A rollout against moto's server, which checks every signature: DynamoDB in two regions, and the Parameter Store.

moto has no global tables, so that the tests themselves are the replication between its regions.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from edge.doubles import HandClock
from edge.moto_aws import Moto, running_moto
from edge.rollout.site import KEY, SESSIONS, TOKEN, Site, document, row

HOME, AWAY = "us-east-1", "eu-west-1"
REGIONS = {HOME: HOME, "eu-west-2": AWAY, "eu-central-1": AWAY}
HOUR = 3600
Start = Callable[..., Site]


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with running_moto() as moto:
        moto.client("ssm", HOME).put_parameter(Name="/shop/rollout-key", Type="SecureString", Value=KEY)
        for region in (HOME, AWAY):
            for table, key in (("shop-release", "id"), ("shop-sessions", "token")):
                moto.client("dynamodb", region).create_table(
                    TableName=table,
                    BillingMode="PAY_PER_REQUEST",
                    AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
                    KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                )
        yield moto


@pytest.fixture
def clock() -> HandClock:
    """It starts now, since signatures are of the present."""
    clock = HandClock()
    clock.seconds = time.time()
    return clock


@pytest.fixture
def start(moto: Moto, clock: HandClock) -> Iterator[Start]:
    made: list[Site] = []

    def make(region: str, *, secret: str = "", **changes: Any) -> Site:
        environ = {**moto.environ, **({"AWS_SECRET_ACCESS_KEY": secret} if secret else {})}
        made.append(Site(clock, moto.url, region=region, environ=environ, replicas=REGIONS, **changes))
        return made[-1]

    yield make
    for site in made:
        site.close()


def put(moto: Moto, region: str, table: str, item: dict[str, Any]) -> None:
    moto.client("dynamodb", region).put_item(TableName=table, Item=item)


def release_item(written: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": {"S": "release"},
        "document": {"S": json.dumps(written)},
        "revision": {"N": str(written["revision"])},
    }


@pytest.fixture
def tables(moto: Moto, clock: HandClock) -> None:
    """A release that sends nobody to the new version; and a session there, whose row has reached home alone."""
    for region in (HOME, AWAY):
        put(moto, region, "shop-release", release_item(document(clock, weight=0)))
        moto.client("dynamodb", region).delete_item(TableName="shop-sessions", Key={"token": {"S": TOKEN}})
    session = row("v2", clock.seconds, clock.seconds + HOUR) | {"data": {"S": "{}"}}
    put(moto, HOME, "shop-sessions", session)


@pytest.mark.usefixtures("tables")
def test_release_and_sessions_are_read_from_the_nearest_replica(
    moto: Moto, start: Start, clock: HandClock
) -> None:
    home, away = start(HOME, sessions=SESSIONS), start("eu-central-1", sessions=SESSIONS)
    cookie = f"session={TOKEN}"
    with moto.checking():
        assert (home.ask(cookie=cookie).version, home.ask(cookie=cookie).reason) == ("v2", "session-store")
        assert away.ask(cookie=cookie).reason == "weight", "the row has not arrived there"
    put(moto, AWAY, "shop-sessions", row("v2", clock.seconds, clock.seconds + HOUR))
    put(moto, HOME, "shop-release", release_item(document(clock, off=True, revision=2)))
    clock.pass_time(16)
    with moto.checking():
        assert home.ask(cookie=cookie).reason == "off"
        assert away.ask(cookie=cookie).reason == "session-store"
    put(moto, AWAY, "shop-release", release_item(document(clock, off=True, revision=2)))
    clock.pass_time(16)
    with moto.checking():
        assert away.ask(cookie=cookie).reason == "off"
    assert [site.output.records[-1]["failed_steps"] for site in (home, away)] == [0, 0]


@pytest.mark.usefixtures("tables")
def test_who_signs_wrong_learns_nothing_and_the_visitor_is_served(moto: Moto, start: Start) -> None:
    site = start(HOME, secret="wrong")
    with moto.checking():
        asked = site.ask()
    assert (asked.version, asked.reason) == ("v1", "no-state")
    assert "status 403" in site.output.records[-1]["failure"]


def test_a_table_that_is_not_there(moto: Moto, start: Start) -> None:
    site = start(HOME, state={"from": "dynamodb", "table": "nowhere"})
    with moto.checking():
        assert site.ask().reason == "no-state"
    assert "ResourceNotFoundException" in site.output.records[-1]["failure"]


def test_the_release_can_be_a_parameter(moto: Moto, start: Start, clock: HandClock) -> None:
    site = start("eu-west-2", state={"from": "ssm", "name": "/shop/release"})
    with moto.checking():
        assert (site.ask().reason, site.output.records[-1]["failed_steps"]) == ("no-state", 0)
    text = json.dumps(document(clock, weight=100))
    moto.client("ssm", HOME).put_parameter(Name="/shop/release", Type="String", Value=text)
    clock.pass_time(16)
    with moto.checking():
        assert (site.ask().version, site.ask().reason) == ("v2", "weight")
