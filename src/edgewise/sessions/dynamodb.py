"""Sessions in a DynamoDB table, which the functions at the edge read too.

The key is `token`; `version` is a text, `issued` and `expires` are numbers of seconds, `data` is the app's JSON. The
table's time to live is to be on `expires`. Reads are consistent: a session is found by the request after the one
that made it. A global table is consistent in the region it is asked in only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from edgewise.sessions.store import Row


def dynamodb_client(region: str | None = None, endpoint: str | None = None, *, timeout_s: float = 0.3) -> Any:
    """boto3's client, told not to wait: its own defaults wait a minute for each of several attempts.

    Region, endpoint and credentials are boto3's own, from its variables and files, where they are not given.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=timeout_s,
        read_timeout=timeout_s,
        retries={"total_max_attempts": 1},
        max_pool_connections=32,
    )
    return boto3.client("dynamodb", region_name=region, endpoint_url=endpoint, config=config)


class DynamoSessions:
    """A `SessionStore`; `client` is boto3's. Its calls block, so each runs in a thread."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    async def load(self, token: str) -> Row | None:
        answer = await asyncio.to_thread(
            self._client.get_item, TableName=self._table, Key=_key(token), ConsistentRead=True
        )
        return row_of(answer.get("Item", {}))

    async def create(self, token: str, row: Row) -> bool:
        fields: dict[str, str | int] = {"issued": row.issued, "expires": row.expires, "data": row.data}
        if row.version is not None:
            fields["version"] = row.version
        item = _key(token) | {name: _typed(value) for name, value in fields.items()}
        return await self._conditional(
            self._client.put_item,
            Item=item,
            ConditionExpression="attribute_not_exists(#token)",
            ExpressionAttributeNames={"#token": "token"},
        )

    async def update(self, token: str, changes: Mapping[str, str | int], now: int) -> bool:
        return await self._conditional(
            self._client.update_item,
            Key=_key(token),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in changes),
            # A token that nobody issued makes no row, and an expired one does not come back to life.
            ConditionExpression="attribute_exists(#token) AND #expires > :now",
            ExpressionAttributeNames={f"#{name}": name for name in {"token", "expires", *changes}},
            ExpressionAttributeValues={
                ":now": _typed(now),
                **{f":{name}": _typed(value) for name, value in changes.items()},
            },
        )

    async def remove(self, token: str) -> None:
        await asyncio.to_thread(self._client.delete_item, TableName=self._table, Key=_key(token))

    async def _conditional(self, call: Any, **arguments: Any) -> bool:
        try:
            await asyncio.to_thread(call, TableName=self._table, **arguments)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def row_of(item: Mapping[str, Any]) -> Row | None:
    """The row in an item as DynamoDB writes it; None for an item that is none of ours."""
    try:
        issued, expires = int(item["issued"]["N"]), int(item["expires"]["N"])
        version, data = item.get("version", {}).get("S"), item.get("data", {}).get("S", "{}")
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return Row(version, issued, expires, data)


def _key(token: str) -> dict[str, Any]:
    return {"token": _typed(token)}


def _typed(value: str | int) -> dict[str, str]:
    return {"N": str(value)} if isinstance(value, int) else {"S": value}
