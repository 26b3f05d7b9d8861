"""The process behind `local_aws.py`: moto's server with what a rollout needs in it. Everything is in its memory.

It is told what to make in JSON on the command line, says when that is there, and ends with its standard input.
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
from typing import Any

HOST = "127.0.0.1"
# moto takes any; boto3 does not start without them.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "edgewise", "AWS_SECRET_ACCESS_KEY": "edgewise"}


def main() -> None:
    """`tables` has the name of each table's key by the table's name, `key` the place of the signing key."""
    # Here, for `local_aws.py` imports the names above without moto.
    from moto.server import ThreadedMotoServer

    plan = json.loads(sys.argv[1])
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(HOST, 0, verbose=False)
    server.start()
    url = f"http://{HOST}:{server.get_host_and_port()[1]}"
    for table, key in plan["tables"].items():
        _make_table(_client("dynamodb", url, plan["region"]), table, key)
    _make_key(url, **plan["key"])
    print(json.dumps({"event": "ready", "url": url}), flush=True)
    sys.stdin.buffer.read()


def _client(service: str, url: str, region: str) -> Any:
    import boto3

    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


def _make_table(dynamodb: Any, name: str, key: str) -> None:
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
    )


def _make_key(url: str, source: str, name: str, region: str) -> None:
    """A new random key in the place where the site's own is on AWS."""
    key = secrets.token_urlsafe(32)
    if source == "ssm":
        _client("ssm", url, region).put_parameter(Name=name, Value=key, Type="SecureString")
    else:
        _client("secretsmanager", url, region).create_secret(Name=name, SecretString=key)


if __name__ == "__main__":
    main()
