"""Secrets from AWS Secrets Manager or the SSM Parameter Store, kept in memory and nowhere else.

A call that is not done within its time goes on where it stopped when somebody asks again, be it invocations later:
at a small function's share of a processor a TLS handshake can take longer than one visitor should wait. Who asks then
takes what is there, and waits for nothing.
"""

from __future__ import annotations

import json
import time
from binascii import a2b_base64

from .aws.call import Operation, region_of
from .delivery.connection import Connection
from .delivery.network import NETWORK
from .delivery.opening import tls_context
from .errors import EdgeError, UnderWayError
from .memory import OWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .delivery.answer import Answer
    from .delivery.network import Network
    from .environment import Clock, Environment

TTL_SECONDS = 300.0
STALE_SECONDS = 24 * 3600.0
PATIENCE_SECONDS = 120  # for a connection, then for the answer; both may have to wait for the next visitor
# By `from` in the settings: the service, its operation, and the name's place in the request.
_SOURCES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "secrets-manager": ("secretsmanager", "secretsmanager.GetSecretValue", "SecretId", {}),
    "ssm": ("ssm", "AmazonSSM.GetParameter", "Name", {"WithDecryption": True}),
}


class SecretError(EdgeError):
    """A secret could not be read; the message never holds any of it."""

    code = "edge.secret"
    may_be_told = True


class Secrets:
    """The secrets of one source, by name or ARN, in the region of the ARN, else `region`, else where the function runs.

    A secret is read again every 5 minutes; while that fails the last value serves, for a day at most.
    """

    __slots__ = ("_calls", "_deadline_ms", "_endpoint", "_environment", "_network", "_region", "_source")

    def __init__(
        self,
        environment: Environment,
        source: str,
        *,
        region: str | None = None,
        endpoint: str | None = None,
        deadline_ms: float = 500.0,
        network: Network = NETWORK,
    ) -> None:
        """`source` is "secrets-manager" or "ssm"; `deadline_ms` is what one request waits for a secret at most."""
        self._environment = environment
        self._source = source
        self._region = region
        self._endpoint = endpoint
        self._deadline_ms = deadline_ms
        self._network = network
        self._calls: dict[str, _Call] = {}
        if endpoint is None or endpoint.startswith("https:"):
            tls_context()

    def get(self, name: str) -> str:
        """The secret as text. LoadError if it is not in memory and cannot be read now."""
        return self._environment.memory.get(
            f"{OWN}secret {self._source} {name}",
            lambda budget_ms: self._read(name, budget_ms),
            ttl=TTL_SECONDS,
            stale=STALE_SECONDS,
            deadline_ms=self._deadline_ms,
        )

    def tokens(self, name: str) -> tuple[str, ...]:
        """The secret's one value, or the two of `{"current": …, "next": …}`: both may be valid while it is rotated."""
        secret = self.get(name)
        try:
            pair = json.loads(secret) if secret.startswith("{") else None
        except ValueError:
            pair = None
        if not isinstance(pair, dict) or not isinstance(pair.get("current"), str):
            return (secret,)
        following = pair.get("next")
        return (
            (pair["current"], following) if isinstance(following, str) and following else (pair["current"],)
        )

    def close(self) -> None:
        """Give up the calls that go on."""
        for call in self._calls.values():
            call.end()

    def _read(self, name: str, budget_ms: float) -> str:
        """Ask AWS for a secret, or go on with what an earlier request asked."""
        if name not in self._calls:
            self._calls[name] = self._make_call(name)
        call = self._calls[name]
        try:
            answer = call.advance(time.monotonic() + budget_ms / 1000)
        except BaseException:
            call.end()
            raise
        if answer is None:
            raise UnderWayError(f"{self._source} has not answered yet; the call goes on")
        call.end()
        failure = f"{self._source} did not give {name}"
        if answer.status != 200:
            raise SecretError(f"{failure} ({call.operation.problem(answer.status, answer.body)})")
        return _value(answer.body, failure)

    def _make_call(self, name: str) -> _Call:
        service, target, key, payload = _SOURCES[self._source]
        operation = Operation(
            service,
            target,
            self._environment,
            region=region_of(name) or self._region,
            endpoint=self._endpoint,
        )
        connection = Connection(operation.host, self._network)
        return _Call(operation, {key: name, **payload}, connection, self._environment.clock)


class _Call:
    """Asks for one secret, again and again. Each time may take several invocations: opening a connection, then waiting
    for the answer. The connection lasts, so that a resolver that hangs is asked once."""

    __slots__ = ("_clock", "_connection", "_payload", "_sent", "_since", "operation")

    def __init__(
        self, operation: Operation, payload: Mapping[str, Any], connection: Connection, clock: Clock
    ) -> None:
        self.operation = operation
        self._payload = payload
        self._connection = connection
        self._clock = clock
        self._since: int | None = None  # when what is waited for began, in microseconds; None if nothing is
        self._sent = False

    def advance(self, deadline: float) -> Answer | None:
        """The answer, or None if it is not there by the deadline, of `time.monotonic()`. SecretError if it is late."""
        now = self._clock.now()
        if self._since is None:
            self._since = now
        if not 0 <= now - self._since < PATIENCE_SECONDS * 1_000_000:
            raise SecretError(f"{self.operation.host} has been silent for {PATIENCE_SECONDS} s")
        if not self._sent:
            if not self._connection.open(deadline):
                return None
            self._connection.send(self.operation.request(self._payload))
            self._sent, self._since = True, now
        return self._connection.receive(deadline)

    def end(self) -> None:
        """The answer is there, or is not waited for any longer."""
        self._since, self._sent = None, False
        self._connection.close()


def _value(body: bytes, failure: str) -> str:
    """The secret in an answer of either service. What is shown of an answer that has none is not its body."""
    try:
        found = json.loads(body)
        if "SecretBinary" in found:
            return a2b_base64(found["SecretBinary"]).decode()
        secret = found["Parameter"]["Value"] if "Parameter" in found else found["SecretString"]
    except (ValueError, LookupError, TypeError):
        secret = None
    if not isinstance(secret, str) or not secret:
        raise SecretError(f"{failure} (status 200 without a value)")
    return secret
