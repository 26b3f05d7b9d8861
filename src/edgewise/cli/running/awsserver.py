"""The process behind `local_aws.py`: moto's server with what a rollout needs in it, who signs wrong is refused.

It is told what to make in JSON on the command line, says when that is there, and ends with its standard input. What is
in it is kept in a file beside, and is there again in the next run.
"""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import select
import signal
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgewise.cli.running.awskept import Kept
from edgewise.errors import EdgewiseError

HOST = "127.0.0.1"
# Those of its one user. It listens on this machine alone, so that they are no secret.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "edgewise", "AWS_SECRET_ACCESS_KEY": "edgewise-on-this-machine"}
_LEAST_PAUSE = 2.0  # seconds from one writing to the next; a large table is written less often
_PAUSE_FACTOR = 20


def main() -> None:
    """`tables` has the name of each table's key by the table's name, `key` the place of the signing key; `parameter` is
    the name of the release's, if that is kept in one. `file`, if it is there, is what outlives the process."""
    plan = json.loads(sys.argv[1])
    try:
        kept = Kept(Path(plan["file"]), plan["tables"], plan.get("parameter", "")) if "file" in plan else None
    except EdgewiseError as error:
        sys.exit(str(error))
    # Asked to end, it ends as it does with its input.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    url = _serve()
    dynamodb, ssm = (_client(service, url, plan["region"]) for service in ("dynamodb", "ssm"))
    for table, key in plan["tables"].items():
        _make_table(dynamodb, table, key)
    key = (kept.key if kept else "") or secrets.token_urlsafe(32)
    _make_key(url, key, **plan["key"])
    again = kept.restore(dynamodb, ssm) if kept else ""
    _check_signatures(url)
    if again:
        print(f"as at the end of the last run: {again}; without {plan['file']} it begins anew")
    print(json.dumps({"event": "ready", "url": url}), flush=True)
    if kept is None:
        sys.stdin.buffer.read()
    else:
        _keep_until_the_end(lambda: kept.keep(dynamodb, ssm, key))


def _serve() -> str:
    # Here, for `local_aws.py` imports the names above without moto.
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(HOST, 0, verbose=False)
    server.start()
    return f"http://{HOST}:{server.get_host_and_port()[1]}"


def _keep_until_the_end(keep: Callable[[], None]) -> None:
    """Whoever started it holds its standard input open, and says nothing."""
    pause = _LEAST_PAUSE
    with contextlib.suppress(SystemExit):
        while not select.select([sys.stdin], [], [], pause)[0]:
            pause = _kept(keep)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _kept(keep)


def _kept(keep: Callable[[], None]) -> float:
    """Write; seconds until the next time."""
    before = time.monotonic()
    try:
        keep()
    except OSError as error:
        print(f"the release and the sessions cannot be kept for the next run: {error}", flush=True)
    return max(_LEAST_PAUSE, _PAUSE_FACTOR * (time.monotonic() - before))


def _check_signatures(url: str) -> None:
    """From now on it refuses whoever does not sign as its user, as AWS does.

    moto takes any key until it is told to look, and makes up those of its users: ours gets the one that is known.
    """
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.iam.models import iam_backends

    iam = _client("iam", url, "us-east-1")
    iam.create_user(UserName="edgewise")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_user_policy(UserName="edgewise", PolicyName="everything", PolicyDocument=document)
    iam.create_access_key(UserName="edgewise")
    (key,) = iam_backends[DEFAULT_ACCOUNT_ID]["aws"].users["edgewise"].access_keys
    key.access_key_id = CREDENTIALS["AWS_ACCESS_KEY_ID"]
    key.secret_access_key = CREDENTIALS["AWS_SECRET_ACCESS_KEY"]
    at_once = urllib.request.Request(f"{url}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
    urllib.request.urlopen(at_once, timeout=20).close()


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


def _make_key(url: str, key: str, source: str, name: str, region: str) -> None:
    """The key in the place where the site's own is on AWS."""
    if source == "ssm":
        _client("ssm", url, region).put_parameter(Name=name, Value=key, Type="SecureString")
    else:
        _client("secretsmanager", url, region).create_secret(Name=name, SecretString=key)


if __name__ == "__main__":
    main()
