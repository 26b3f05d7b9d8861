"""moto's server as the AWS of a test: Logs, STS, IAM, SSM and ACM are played by it, region by region."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.stub import Stubber

from edge.moto_aws import ACCOUNT, running_moto
from edgewise.cloud.clients import Clients

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
__all__ = ["ACCOUNT", "CREDENTIALS", "Refusing", "local_clients", "moto_url", "write_lines"]


def local_clients(url: str) -> Clients:
    return Clients(url, CREDENTIALS)


@contextmanager
def moto_url() -> Iterator[str]:
    """The address of a server of one's own."""
    with running_moto() as moto:
        yield moto.url


class Refusing(Clients):
    """Clients of which some refuse every call: by service and region, AWS's word for why."""

    def __init__(self, url: str, refusals: Mapping[tuple[str, str], str]) -> None:
        super().__init__(url, CREDENTIALS)
        self.refusals = dict(refusals)

    def __call__(self, service: str, region: str = "us-east-1") -> Any:
        client = super().__call__(service, region)
        code = self.refusals.get((service, region))
        return client if code is None else _Refused(client, code)


class _Refused:
    """Every call answers with one error, in the shape that botocore gives it."""

    def __init__(self, client: Any, code: str) -> None:
        self._client = client
        self._code = code

    def __getattr__(self, name: str) -> Any:
        if name == "meta":
            return self._client.meta

        def call(**words: Any) -> Any:
            with Stubber(self._client) as stubber:
                stubber.add_client_error(name, self._code, f"{self._code} in a test")
                return getattr(self._client, name)(**words)

        return call


def write_lines(
    aws: Clients,
    region: str,
    group: str,
    messages: list[str],
    *,
    stream: str = "s",
    last_ms: int | None = None,
) -> None:
    """Log lines, a millisecond apart, the last of them at that time; else now.

    Of one stream and one request after the other: times that are counted from now may cross when the machine is slow.
    """
    logs = aws("logs", region)
    for make, words in (
        (logs.create_log_group, {"logGroupName": group}),
        (logs.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
    ):
        try:
            make(**words)
        except logs.exceptions.ResourceAlreadyExistsException:
            continue
    last = int(time.time() * 1000) if last_ms is None else last_ms
    first = last - len(messages)
    events = [{"timestamp": first + number, "message": one} for number, one in enumerate(messages)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
