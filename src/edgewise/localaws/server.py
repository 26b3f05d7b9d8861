"""The process of the local AWS: moto's server with what a site needs in it; who signs wrong is refused.

It is told what to make in a file of JSON, says when that is there, tells of every object that a stream writes and of
everything that fails, as lines of JSON, and ends with its standard input. What a rollout needs again, and
the salts of visitors, are kept in a file beside, and are there in the next run; all else is in memory.
"""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from edgewise.errors import EdgewiseError
from edgewise.localaws.kept import Kept
from edgewise.localaws.places import HOST, REGION, client
from edgewise.localaws.signatures import check_signatures

if TYPE_CHECKING:
    from edgewise.localaws.template import Resource

_LEAST_PAUSE = 2.0  # seconds from one writing to the next; a large table is written less often
_PAUSE_FACTOR = 20
_lock = threading.Lock()


def main() -> int:
    """`tables` has the name of each table's key by the table's name, `keys` the places of secrets, `parameter` the name
    of the release's if it is kept in one, `file` what outlives the process, `resources` what a template has, `salts`
    the place of the salts of visitors. Each may be missing.
    """
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    # Asked to end, it ends as it does with its input.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        kept = _kept_in(plan)
        aws = _started(plan, kept)
    except EdgewiseError as error:
        print(error, flush=True)
        return 1
    if aws.again:
        print(f"as at the end of the last run: {aws.again}; without {plan['file']} it begins anew")
    _say(event="ready", url=aws.url)
    if kept is None:
        sys.stdin.buffer.read()
    else:
        _keep_until_the_end(lambda: kept.keep(aws.client("dynamodb"), aws.client("ssm"), aws.keys))
    return 0


class _Aws(NamedTuple):
    """What has started: `keys` by their names, and in words what is there `again` of the last run."""

    url: str
    client: Callable[[str], Any]
    keys: dict[str, str]
    again: str


def _started(plan: dict[str, Any], kept: Kept | None) -> _Aws:
    from moto.server import ThreadedMotoServer

    from edgewise.localaws.mends import serving

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # It tells each failure several times, with the data; what failed is told once, without.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    serving.apply()
    server = ThreadedMotoServer(HOST, 0, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    url = f"http://{HOST}:{port}"
    client_of = cache(partial(client, url=url, region=REGION))  # boto3 takes its time for each
    keys = _make(plan, url, client_of, kept)
    if plan.get("resources"):
        _make_pipeline(plan["resources"], client_of, port)
    again = kept.restore(client_of("dynamodb"), client_of("ssm")) if kept else ""
    if plan.get("salts"):
        from edgewise.salts import keep_salts

        keep_salts(client_of("ssm"), plan["salts"], time.time())
    check_signatures(url, client_of)
    return _Aws(url, client_of, keys, again)


def _kept_in(plan: dict[str, Any]) -> Kept | None:
    if "file" not in plan:
        return None
    return Kept(Path(plan["file"]), plan.get("tables", {}), plan.get("parameter", ""), plan.get("salts", ""))


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
        _say(event="failed", what=f"what the next run is to know cannot be kept: {error}")
    return max(_LEAST_PAUSE, _PAUSE_FACTOR * (time.monotonic() - before))


def _make(
    plan: dict[str, Any], url: str, client_of: Callable[[str], Any], kept: Kept | None
) -> dict[str, str]:
    """Its tables and keys; the keys by their names, those of the last run where it left any."""
    for table, key in plan.get("tables", {}).items():
        _make_table(client_of("dynamodb"), table, key)
    keys = {}
    for place in plan.get("keys", ()):
        name = place["name"]
        keys[name] = (kept.key(name) if kept else "") or secrets.token_urlsafe(32)
        _put_key(url, keys[name], **place)
    return keys


def _make_pipeline(resources: list[Resource], client_of: Callable[[str], Any], port: int) -> None:
    """What a template has. moto is mended for it, and its state machines run."""
    from moto.core import config

    from edgewise.localaws.mends import clients, everything, executions, queues, streams
    from edgewise.localaws.resources import make

    everything.apply()
    config.default_user_config["stepfunctions"]["execute_state_machine"] = True
    executions.on_failure = _execution_failed
    streams.on_failure = _stream_failed
    queues.on_message = _set_aside
    streams.on_object = _object_written
    clients.at_port(port, REGION)
    for resource in resources:
        make(resource, client_of)


def _make_table(dynamodb: Any, name: str, key: str) -> None:
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
    )


def _put_key(url: str, key: str, source: str, name: str, region: str) -> None:
    """The key in the place where the site's own is on AWS."""
    if source == "ssm":
        client("ssm", url, region).put_parameter(Name=name, Value=key, Type="SecureString")
    else:
        client("secretsmanager", url, region).create_secret(Name=name, SecretString=key)


def _execution_failed(machine: str, error: str, cause: str) -> None:
    _say(event="failed", what=f"an execution of the state machine {machine} failed: {error}: {cause}")


def _stream_failed(stream: str, why: str) -> None:
    _say(event="failed", what=f"the delivery stream {stream}: {why}")


def _set_aside(queue: str, why: str) -> None:
    _say(event="failed", what=f"a message came into the queue {queue}" + (f": {why}" if why else ""))


def _object_written(bucket: str, key: str) -> None:
    _say(event="object", bucket=bucket, key=key)


def _say(**what: str) -> None:
    """One line; several threads have something to say."""
    with _lock:
        print(json.dumps(what), flush=True)


if __name__ == "__main__":
    sys.exit(main())
