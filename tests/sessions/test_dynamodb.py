"""The same sessions in DynamoDB, as moto's server plays it: rows as the edge reads them, conditions that hold."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from edge.moto_aws import Moto, running_moto
from edgewise.sessions import DynamoSessions, Row, dynamodb_client
from sessions.browser import BEGIN, DAY, Site, keep

TABLE = "tea-sessions"


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with running_moto() as moto:
        yield moto


@pytest.fixture
def client(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The client that apps are given, over an empty table."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    client = dynamodb_client("us-east-1", moto.url, timeout_s=10)
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "token", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "token", "KeyType": "HASH"}],
    )
    yield client
    client.delete_table(TableName=TABLE)


def items(client: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.scan(TableName=TABLE)["Items"]
    return found


def test_a_row_is_what_the_edge_reads(client: Any) -> None:
    site = Site(store=DynamoSessions(client, TABLE), deadline_ms=20_000)
    site.visit(keep(basket=1))
    assert items(client) == [
        {
            "token": {"S": site.visitor.token},
            "version": {"S": "v1"},
            "issued": {"N": str(BEGIN)},
            "expires": {"N": str(BEGIN + DAY)},
            "data": {"S": '{"basket":1}'},
        }
    ]


def test_a_session_lives_moves_and_ends_there(client: Any) -> None:
    store = DynamoSessions(client, TABLE)
    site = Site(store=store, deadline_ms=20_000)
    site.visit(keep(basket=1))
    site.clock.move(DAY / 2)
    site.visitor.app = site.other("v2")
    assert site.visit(keep(basket=2)).session == {"basket": 2}
    token = site.visitor.token
    assert token is not None
    later = BEGIN + DAY // 2
    assert asyncio.run(store.load(token)) == Row("v2", later, later + DAY, '{"basket":2}')
    site.visit(lambda session: session.end())
    assert items(client) == []


def test_nothing_is_written_for_a_token_that_was_not_issued_or_is_over(client: Any) -> None:
    store = DynamoSessions(client, TABLE)
    changes: dict[str, str | int] = {"expires": BEGIN + 3 * DAY, "version": "v2", "issued": 1, "data": "{}"}
    assert asyncio.run(store.update("A" * 43, changes, BEGIN)) is False
    assert items(client) == []
    assert asyncio.run(store.create("B" * 43, Row(None, BEGIN, BEGIN + DAY))) is True
    assert asyncio.run(store.create("B" * 43, Row("v1", BEGIN, BEGIN + DAY))) is False
    assert asyncio.run(store.update("B" * 43, changes, BEGIN + DAY)) is False
    assert asyncio.run(store.load("B" * 43)) == Row(None, BEGIN, BEGIN + DAY)


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"issued": {"S": "x"}, "expires": {"N": "9"}},
        {"issued": {"N": "1"}, "expires": {"N": "9.5"}},
        {"issued": {"N": "1"}, "expires": {"N": "9"}, "version": {"N": "2"}},
        {"issued": {"N": "1"}, "expires": {"N": "9"}, "data": {"NULL": True}},
    ],
)
def test_a_garbled_row_is_no_session(client: Any, item: dict[str, Any]) -> None:
    client.put_item(TableName=TABLE, Item={"token": {"S": "C" * 43}, **item})
    row = asyncio.run(DynamoSessions(client, TABLE).load("C" * 43))
    assert row is None or (row.version, row.data) == (None, "{}")


def test_a_dead_endpoint_costs_the_deadline_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = dynamodb_client("us-east-1", f"http://127.0.0.1:{silent.getsockname()[1]}")
        site = Site(store=DynamoSessions(client, TABLE))
        site.visitor.cookies["session"] = "A" * 43
        began = time.monotonic()
        answer = site.visit()
        assert (answer.status, answer.session.known) == (200, False)
        assert time.monotonic() - began < 10  # boto3's own defaults would take minutes
