"""The session store: on which version the session of the app began that a visitor's cookie names.

It is asked only for visitors without a cookie of ours, and waited for no longer than its deadline. One that fails is
left alone for a while, so that not every visitor waits for it; nothing that it says, or does not, is an error.
"""

from __future__ import annotations

import json
import re
from hashlib import blake2b

from edgewise.edge.aws.patient import AwsError, PatientCall
from edgewise.edge.delivery.breaker import Breaker
from edgewise.edge.delivery.network import NETWORK
from edgewise.edge.errors import UnderWayError
from edgewise.edge.memory import OWN
from edgewise.edge.output import hide

from .state import get_item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from edgewise.edge.delivery.network import Network
    from edgewise.edge.environment import Environment

TTL_SECONDS = 60.0
STALE_SECONDS = 3600.0
PATIENCE_SECONDS = 20  # for an answer, on a connection that may have died while the environment was frozen
# A token that can be guessed is nobody's session, and no other reaches the store: it is what a visitor sends.
_TOKEN = "[A-Za-z0-9_-]{20,128}"
# `version` and others are reserved words there.
_FIELDS = {"#v": "version", "#i": "issued", "#e": "expires"}
_MOST_DIGITS = 12
_BYTES = 200  # of a session in memory


class Session:
    """A session of the app: on `version` since `issued`, until `expires` (seconds)."""

    __slots__ = ("expires", "issued", "version")

    def __init__(self, version: str, issued: int, expires: int) -> None:
        self.version = version
        self.issued = issued
        self.expires = expires


class Sessions:
    """The table of sessions, in the nearest replica. What was found is kept for a minute, nothing for ten seconds."""

    def __init__(
        self, rollout: Mapping[str, Any], environment: Environment, network: Network = NETWORK
    ) -> None:
        """`rollout` as `Settings` has checked it; it has sessions."""
        settings = rollout["sessions"]
        self._environment = environment
        self._table = settings["table"]
        self._deadline_ms: float = settings["deadline_ms"]
        self._breaker = Breaker(environment.clock)
        self._call = PatientCall(
            get_item(rollout, environment),
            environment.clock,
            network,
            patience=PATIENCE_SECONDS,
            keeps_alive=True,
        )

    def find(self, token: str) -> Session | None:
        """The session under the app's `token`; None if there is none. LoadError if that is not known in time."""
        if not re.fullmatch(_TOKEN, token):
            return None
        # What opens a session is not kept in memory.
        name = blake2b(token.encode("ascii"), digest_size=16).hexdigest()
        return self._environment.memory.get(
            f"{OWN}session {name}",
            lambda budget_ms: self._load(token, budget_ms),
            ttl=TTL_SECONDS,
            stale=STALE_SECONDS,
            deadline_ms=self._deadline_ms,
            size=_BYTES,
        )

    def close(self) -> None:
        """Close the connection."""
        self._call.close()

    def _load(self, token: str, budget_ms: float) -> Session | None:
        if self._breaker.is_open():
            raise UnderWayError("the session store has failed a moment ago, and is left alone")
        question = {
            "TableName": self._table,
            "Key": {"token": {"S": token}},
            "ProjectionExpression": ",".join(_FIELDS),
            "ExpressionAttributeNames": _FIELDS,
        }
        try:
            body = self._call.ask(question, budget_ms)
        except UnderWayError:
            raise
        except Exception as fault:
            self._breaker.fail()
            if isinstance(fault, AwsError):  # whoever answered may repeat what he was asked
                raise AwsError(hide(str(fault), (token,))) from None
            raise
        self._breaker.close()
        return read_row(body)


def read_row(body: bytes) -> Session | None:
    """The session in an answer of GetItem; None if there is none, or a row that no app of ours has written."""
    try:
        row = json.loads(body).get("Item") or {}
        version, issued, expires = row["version"]["S"], row["issued"]["N"], row["expires"]["N"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    if not isinstance(version, str) or not (_is_number(issued) and _is_number(expires)):
        return None
    return Session(version, int(issued), int(expires))


def _is_number(text: Any) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
