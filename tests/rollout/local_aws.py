"""The AWS that `edgewise up` brings for a rollout, as a process of a test's own: DynamoDB, and a key in SSM."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from edgewise.cli.running.awsserver import CREDENTIALS
from edgewise.rollout import aws_client

TABLE, PARAMETER, KEY = "shop-release", "/shop/release", "/shop/rollout-key"
_WAIT = 60


def local_client(service: str, url: str | None, region: str = "us-east-1") -> Any:
    """boto3's, as the one user whom that AWS knows."""
    return aws_client(service, url, region, CREDENTIALS)


@contextmanager
def running_aws() -> Iterator[str]:
    """Its address; the table is there, and empty."""
    plan = {
        "region": "us-east-1",
        "tables": {TABLE: "id"},
        "key": {"source": "ssm", "name": KEY, "region": "us-east-1"},
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "edgewise.cli.running.awsserver", json.dumps(plan)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin and process.stdout
    try:
        # It says so when it is ready, and ends when its input does.
        yield str(json.loads(process.stdout.readline())["url"])
    finally:
        process.stdin.close()
        try:
            process.wait(_WAIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_WAIT)
        process.stdout.close()
