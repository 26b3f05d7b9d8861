"""How commands speak to the running `edgewise up`: its control address, JSON both ways."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import quote, urlsplit

from edgewise.cli.runs import find
from edgewise.errors import EdgewiseError

# Of the commands about one past request.
REQUEST_HELP: Final = "A request's id (its `X-Amz-Cf-Id`) or the beginning of one, or `last`."
REVEAL_HELP: Final = "Show cookies, credentials and bodies, which are masked otherwise."
# Longer than a request that is sent again may take.
_PATIENCE_S: Final = 120.0


class CommandError(EdgewiseError):
    """A command for the running `edgewise up` could not be carried out."""

    code = "cli.control"


class Control:
    """The control port of one run. `address` is like `http://127.0.0.1:8081`."""

    def __init__(self, address: str) -> None:
        self.address = address

    def page(self, request_id: str) -> str:
        """Where the inspector shows a request."""
        return f"{self.address}/requests/{quote(request_id, safe='=')}"

    def get(self, path: str) -> Any:
        return self._call("GET", path, None)

    def post(self, path: str, value: dict[str, Any]) -> Any:
        return self._call("POST", path, json.dumps(value))

    def _call(self, method: str, path: str, body: str | None) -> Any:
        """The JSON of an answer. Raises `CommandError` when there is none, or when it is an error."""
        import http.client

        parts = urlsplit(self.address)
        connection = http.client.HTTPConnection(
            parts.hostname or "127.0.0.1", parts.port, timeout=_PATIENCE_S
        )
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            value = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise CommandError(
                f"the site that runs does not answer at {self.address}: {error}",
                hint="end `edgewise up` and start it again",
            ) from None
        finally:
            connection.close()
        if response.status >= 400:
            raise CommandError(value["message"], hint=value.get("hint"))
        return value


def running() -> Control:
    """The control port of the run that a command of this folder means. Raises `CommandError` when nothing runs."""
    run = find()
    if run is None:
        raise CommandError("no site is running", hint="start one with `edgewise up` in another terminal")
    if not run.control:
        raise CommandError("the site that runs has no control port", hint="start `edgewise up` again")
    return Control(run.control)


def request_path(request_id: str, *, reveal: bool, action: str = "") -> str:
    """The path of one past request on the control port."""
    return f"/requests/{quote(request_id, safe='=')}{action}{'?reveal=1' if reveal else ''}"
