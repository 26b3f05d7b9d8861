"""Secrets from AWS Secrets Manager or the SSM Parameter Store, kept in memory and nowhere else.

A call that is not done within its time goes on where it stopped when somebody asks again, be it invocations later:
at a small function's share of a processor a TLS handshake can take longer than one visitor should wait.
"""

from __future__ import annotations

import json
import time
from binascii import a2b_base64

from .aws.call import Operation, Problem, region_of
from .delivery.connection import Connection
from .delivery.opening import tls_context
from .errors import EdgeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .delivery.answer import Answer
    from .environment import Environment

TTL_SECONDS = 300.0
STALE_SECONDS = 24 * 3600.0
_MOST_CALL_SECONDS = 30  # after which a call is begun anew
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

    __slots__ = ("_calls", "_deadline_ms", "_endpoint", "_environment", "_region", "_source")

    def __init__(
        self,
        environment: Environment,
        source: str,
        *,
        region: str | None = None,
        endpoint: str | None = None,
        deadline_ms: float = 500.0,
    ) -> None:
        """`source` is "secrets-manager" or "ssm"; `deadline_ms` is what one request waits for a secret at most."""
        self._environment = environment
        self._source = source
        self._region = region
        self._endpoint = endpoint
        self._deadline_ms = deadline_ms
        self._calls: dict[str, _Call] = {}
        if endpoint is None or endpoint.startswith("https:"):
            tls_context()

    def get(self, name: str) -> str:
        """The secret as text. LoadError if it is not in memory and cannot be read now."""
        return self._environment.memory.get(
            f"secret {self._source} {name}",
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
        while self._calls:
            self._calls.popitem()[1].connection.close()

    def _read(self, name: str, budget_ms: float) -> str:
        """Ask AWS for a secret, or go on waiting for what an earlier request asked."""
        deadline = time.monotonic() + budget_ms / 1000
        call = self._calls.pop(name, None)
        if call is not None and call.is_old():
            call.connection.close()
            call = None
        call = call or self._begin(name)
        try:
            answer = call.advance(deadline)
        except BaseException:
            call.connection.close()
            raise
        if answer is None:
            self._calls[name] = call
            raise SecretError(f"{self._source} has not answered within {budget_ms:.0f} ms; the call goes on")
        call.connection.close()
        return _value(answer, f"{self._source} did not give {name}")

    def _begin(self, name: str) -> _Call:
        service, target, key, payload = _SOURCES[self._source]
        operation = Operation(
            service,
            target,
            self._environment,
            region=region_of(name) or self._region,
            endpoint=self._endpoint,
        )
        return _Call(operation, {key: name, **payload}, self._environment)


class _Call:
    """One call, which may take several invocations: opening the connection, then waiting for the answer."""

    __slots__ = ("_began", "_environment", "_operation", "_payload", "_sent", "connection")

    def __init__(self, operation: Operation, payload: Mapping[str, Any], environment: Environment) -> None:
        self._operation = operation
        self._payload = payload
        self._environment = environment
        self._began = environment.clock.now()
        self._sent = False
        self.connection = Connection(operation.host)

    def is_old(self) -> bool:
        return not 0 <= self._environment.clock.now() - self._began < _MOST_CALL_SECONDS * 1_000_000

    def advance(self, deadline: float) -> Answer | None:
        """The answer, or None if it is not there by the deadline, of `time.monotonic()`."""
        if not self._sent:
            if not self.connection.open(deadline):
                return None
            self.connection.send(self._operation.request(self._payload))
            self._sent = True
        return self.connection.receive(deadline)


def _value(answer: Answer, failure: str) -> str:
    """The secret in an answer of either service. What is shown of an answer that has none is not its body."""
    if answer.status != 200:
        raise SecretError(f"{failure} ({Problem(answer.status, answer.body)})")
    try:
        found = json.loads(answer.body)
        if "SecretBinary" in found:
            return a2b_base64(found["SecretBinary"]).decode()
        secret = found["Parameter"]["Value"] if "Parameter" in found else found["SecretString"]
    except (ValueError, LookupError, TypeError):
        secret = None
    if not isinstance(secret, str) or not secret:
        raise SecretError(f"{failure} (status 200 without a value)")
    return secret
