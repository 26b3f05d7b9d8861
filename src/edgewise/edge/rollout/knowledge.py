"""What one environment knows of the rollout: the key, the release, the app's sessions. None of it may be there.

What cannot be read is told in the next record, and the visitor is served without it.
"""

from __future__ import annotations

from edgewise.edge.cookies import find_cookie
from edgewise.edge.errors import LoadError, SettingsError
from edgewise.edge.secrets import Secrets, tokens_of

from .release import SCHEMA, Release
from .state import State
from .tokens import Signer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from edgewise.edge.environment import Environment
    from edgewise.edge.request import Request

    from .sessions import Session, Sessions


class Knowledge:
    """Read through the environment's memory, so that a visitor seldom waits; and never longer than the deadlines."""

    def __init__(self, rollout: Mapping[str, Any], environment: Environment) -> None:
        """`rollout` as `Settings` has checked it."""
        self._environment = environment
        self._stable: str = rollout["stable"]
        self._new: str = rollout["new"]
        self._key_name: str = rollout["key"]["name"]
        self._secrets = Secrets(
            environment, rollout["key"]["from"], region=rollout["key_region"], endpoint=rollout["endpoint"]
        )
        self._secret = ""
        self._signer: Signer | None = None
        self._state = State(rollout, environment)
        self._sessions: Sessions | None = None
        self._session_cookie = ""
        if rollout["sessions"] is not None:
            from .sessions import Sessions

            self._sessions = Sessions(rollout, environment)
            self._session_cookie = rollout["sessions"]["cookie"]

    def close(self) -> None:
        """Close the connections."""
        self._secrets.close()
        self._state.close()
        if self._sessions is not None:
            self._sessions.close()

    def read_key(self) -> Signer | None:
        """What signs; None without a key."""
        loads = self._environment.memory.loads
        try:
            secret = self._secrets.get(self._key_name)
            if secret != self._secret:
                self._secret, self._signer = secret, None  # one of no use is told once
                self._signer = Signer(tokens_of(secret))
        except LoadError as fault:
            self._tell(fault, loads)
            return None
        except SettingsError as fault:
            self._environment.note_failure("rollout", fault)
        return self._signer

    def read_release(self) -> tuple[Release | None, bool]:
        """The release, if one of our two versions goes on, either way round; and whether it may have been taken back.

        One from `new` to the next was begun before this deployment was gone everywhere: for us all are on `new` then.
        """
        loads = self._environment.memory.loads
        try:
            release = self._state.get()
        except LoadError as fault:
            self._tell(fault, loads)
            return None, False
        ours = (self._stable, self._new)
        if release is None or (release.stable in ours and release.new in ours):
            return release, self._state.is_old()
        if release.stable == self._new:
            return self._done(release), False
        return None, False

    def find_session(self, request: Request) -> Session | None:
        """The session of the app that the request's cookie names; None if there is none, LoadError if nobody says."""
        if self._sessions is None:
            return None
        token = find_cookie(self._session_cookie, request.headers.get_all("cookie"))
        if token is None:
            return None
        try:
            return self._sessions.find(token)
        except LoadError as fault:
            if fault.__cause__ is not None:  # else the decision's reason tells it
                self._environment.note_failure("rollout", fault)
            raise

    def _done(self, release: Release) -> Release:
        """What is left of our own release when the next one has begun; cookies are the next one's."""
        document = {"schema": SCHEMA, "release": release.name, "stable": self._stable, "new": self._new}
        return Release(
            document | {"state": "done", "weight": 100, "off": False, "revision": release.revision}
        )

    def _tell(self, fault: LoadError, loads: int) -> None:
        """Of the pauses between two tries nothing is told; `loads` is what the memory had counted before."""
        if fault.__cause__ is not None or self._environment.memory.loads > loads:
            self._environment.note_failure("rollout", fault)
