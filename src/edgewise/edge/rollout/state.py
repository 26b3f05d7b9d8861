"""Where the release is kept, an item of DynamoDB or a parameter of SSM: read through the memory."""

from __future__ import annotations

import json

from edgewise.edge.aws.call import Operation
from edgewise.edge.aws.patient import AwsError, PatientCall
from edgewise.edge.delivery.network import NETWORK
from edgewise.edge.memory import OWN

from .release import SURE_SECONDS, ReleaseError, parse_release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from edgewise.edge.delivery.network import Network
    from edgewise.edge.environment import Environment

    from .release import Release

STALE_SECONDS = 24 * 3600.0
FIRST_MS = 500.0  # that a visitor waits for it where there is none, or an old one
AGAIN_MS = 100.0  # and where there is one that has just expired
PATIENCE_SECONDS = 20  # for an answer, on a connection that may have died while the environment was frozen
HOME = "us-east-1"
_ITEM = "release"  # the key of the one item
_KEY = f"{OWN}release"
_SECOND = 1_000_000


class State:
    """Where the release is kept. A change there is seen after `ttl_s`; while it cannot be read the last one serves,
    for a day at most."""

    def __init__(
        self, rollout: Mapping[str, Any], environment: Environment, network: Network = NETWORK
    ) -> None:
        """`rollout` as `Settings` has checked it."""
        place, endpoint = rollout["state"], rollout["endpoint"]
        if place["from"] == "dynamodb":
            operation = get_item(rollout, environment)
            self._payload = {"TableName": place["table"], "Key": {"id": {"S": _ITEM}}}
            self._text = _text_of_item
        else:
            operation = Operation(
                "ssm", "AmazonSSM.GetParameter", environment, region=HOME, endpoint=endpoint
            )
            self._payload = {"Name": place["name"]}
            self._text = _text_of_parameter
        self._call = PatientCall(
            operation, environment.clock, network, patience=PATIENCE_SECONDS, keeps_alive=True
        )
        self._environment = environment
        self._ttl: float = rollout["ttl_s"]
        self._known: Release | None = None
        self._read_at = 0

    def get(self) -> Release | None:
        """The release; None if there is none. LoadError if that is not known."""
        is_old = self._known is None or self._environment.entered - self._read_at > 2 * self._ttl * _SECOND
        return self._environment.memory.get(
            _KEY,
            self._load,
            ttl=self._ttl,
            stale=STALE_SECONDS,
            deadline_ms=FIRST_MS if is_old else AGAIN_MS,
        )

    def is_old(self) -> bool:
        """Whether what `get` has answered may have been taken back since."""
        return self._environment.entered - self._read_at > SURE_SECONDS * _SECOND

    def close(self) -> None:
        """Close the connection."""
        self._call.close()

    def _load(self, budget_ms: float) -> Release | None:
        text = self._ask(budget_ms)
        release = None if text is None else parse_release(text)
        known = self._known
        # A replica can lag behind the one that was read before, also into an earlier release.
        if release and known and release.revision < known.revision and release.started <= known.started:
            release = known
        self._known, self._read_at = release, self._environment.entered
        return release

    def _ask(self, budget_ms: float) -> str | None:
        try:
            return self._text(self._call.ask(self._payload, budget_ms))
        except AwsError as fault:
            if fault.reason == "ParameterNotFound":
                return None
            raise


def get_item(rollout: Mapping[str, Any], environment: Environment) -> Operation:
    """GetItem of DynamoDB, in the replica that is nearest to where the function runs."""
    region = rollout["replicas"].get(environment.region, HOME)
    return Operation(
        "dynamodb",
        "DynamoDB_20120810.GetItem",
        environment,
        region=region,
        endpoint=rollout["endpoint"],
        version="1.0",
    )


def _text_of_item(body: bytes) -> str | None:
    """The document in an answer of GetItem; None if there is no item."""
    try:
        answer = json.loads(body)
        document = answer["Item"]["document"]["S"] if "Item" in answer else None
    except (ValueError, LookupError, TypeError):
        raise ReleaseError("the item of the release has no document") from None
    return document if document is None else str(document)


def _text_of_parameter(body: bytes) -> str | None:
    try:
        return str(json.loads(body)["Parameter"]["Value"])
    except (ValueError, LookupError, TypeError):
        raise ReleaseError("the parameter of the release has no value") from None
