"""moto's server as a process: AWS's own services as far as it plays them, with signatures and policies checked."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config

from edge.doubles import ENVIRON
from edgewise.cli.running.ports import free_port

REGION = "eu-west-1"
ACCOUNT = "123456789012"
ALLOWED = (
    "firehose:PutRecordBatch",
    "states:StartExecution",
    "events:PutEvents",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "dynamodb:GetItem",
)
_PATIENCE = 60.0
_NEVER, _ALWAYS = "1000000", "0"  # actions before the first whose signature is checked
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "edgelambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


class Moto:
    """`url` is every service's; `environ` what Lambda gives to a function whose role may do what is in ALLOWED."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._call("/moto-api/config", json.dumps({"stepfunctions": {"execute_state_machine": True}}))
        self.check_signatures(False)
        self.environ: Mapping[str, str] = {**ENVIRON, "AWS_REGION": REGION, **self._credentials()}

    def client(self, service: str, region: str = REGION) -> Any:
        """boto3's, to prepare and to look; while signatures are not checked."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            # Its first answer of a service can take long, and what was done must not be done again.
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=100),
        )

    def check_signatures(self, on: bool) -> None:
        self._call("/moto-api/reset-auth", _ALWAYS if on else _NEVER)

    @contextmanager
    def checking(self) -> Iterator[None]:
        """Inside, whoever signs wrong or may not do what he asks for is refused, as at AWS."""
        self.check_signatures(True)
        try:
            yield
        finally:
            self.check_signatures(False)

    def _call(self, path: str, body: str) -> None:
        plain = {"Content-Type": "text/plain"}
        request = urllib.request.Request(f"{self.url}{path}", body.encode(), plain)
        urllib.request.urlopen(request, timeout=100).close()

    def _credentials(self) -> dict[str, str]:
        iam = self.client("iam")
        iam.create_role(RoleName="edge", AssumeRolePolicyDocument=json.dumps(_TRUST))
        statement = {"Effect": "Allow", "Action": list(ALLOWED), "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        iam.put_role_policy(RoleName="edge", PolicyName="edge", PolicyDocument=json.dumps(policy))
        role = f"arn:aws:iam::{ACCOUNT}:role/edge"
        given = self.client("sts").assume_role(RoleArn=role, RoleSessionName="edge")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }


@contextmanager
def running_moto() -> Iterator[Moto]:
    """A server of one's own on a free port, ended afterwards."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, process)
        yield Moto(url)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=5):
                return
        except (urllib.error.URLError, TimeoutError):
            assert process.poll() is None, f"moto's server ended with {process.returncode}"
            assert time.monotonic() < until, "moto's server does not answer"
            time.sleep(0.1)
