"""Secrets from AWS Secrets Manager or the SSM Parameter Store, kept in memory and nowhere else."""

from __future__ import annotations

import json
from binascii import a2b_base64

from .aws.call import Operation, region_of
from .aws.patient import AwsError, PatientCall
from .delivery.network import NETWORK
from .delivery.opening import tls_context
from .errors import EdgeError
from .memory import OWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .delivery.network import Network
    from .environment import Environment

TTL_SECONDS = 300.0
STALE_SECONDS = 24 * 3600.0
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
        self._calls: dict[str, PatientCall] = {}
        if endpoint is None or endpoint.startswith("https:"):
            tls_context()

    def get(self, name: str) -> str:
        """The secret as text. LoadError if it is not in memory and cannot be read now."""
        return self._environment.memory.get(
            self._key(name),
            lambda budget_ms: self._read(name, budget_ms),
            ttl=TTL_SECONDS,
            stale=STALE_SECONDS,
            deadline_ms=self._deadline_ms,
        )

    def tokens(self, name: str) -> tuple[str, ...]:
        """The secret's one value, or its two, see `tokens_of`. LoadError as `get` raises it."""
        return tokens_of(self.get(name))

    def forget(self, name: str) -> None:
        """Keep nothing of a secret, nor ask for it any longer."""
        self._environment.memory.drop(self._key(name))
        if call := self._calls.pop(name, None):
            call.close()

    def close(self) -> None:
        """Give up the calls that go on."""
        for call in self._calls.values():
            call.close()

    def _key(self, name: str) -> str:
        return f"{OWN}secret {self._source} {name}"

    def _read(self, name: str, budget_ms: float) -> str:
        """Ask AWS for a secret, or go on with what an earlier request asked."""
        service, target, key, payload = _SOURCES[self._source]
        call = self._calls.get(name)
        if call is None:
            region = region_of(name) or self._region
            operation = Operation(service, target, self._environment, region=region, endpoint=self._endpoint)
            # It is kept, so that a resolver that hangs is asked once.
            call = self._calls[name] = PatientCall(operation, self._environment.clock, self._network)
        failure = f"{self._source} did not give {name}"
        try:
            return _value(call.ask({key: name, **payload}, budget_ms), failure)
        except AwsError as fault:
            raise SecretError(f"{failure} ({fault})") from None


def secrets_within(asked: Mapping[str, Any], source: str, environment: Environment) -> Secrets:
    """Secrets on the terms of a delivery's settings: its `region` and `endpoint`, within its `budget_ms`."""
    return Secrets(
        environment,
        source,
        region=asked["region"],
        endpoint=asked["endpoint"],
        deadline_ms=asked["budget_ms"],
    )


def tokens_of(secret: str) -> tuple[str, ...]:
    """The secret itself, or the two of `{"current": …, "next": …}`: both may be valid while it is rotated."""
    try:
        pair = json.loads(secret) if secret.startswith("{") else None
    except ValueError:
        pair = None
    if not isinstance(pair, dict) or not isinstance(pair.get("current"), str):
        return (secret,)
    following = pair.get("next")
    return (pair["current"], following) if isinstance(following, str) and following else (pair["current"],)


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
