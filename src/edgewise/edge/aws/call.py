"""One call of an AWS service that speaks JSON: the whole request as bytes, and what an error says.

The shapes are those of the protocols `json` 1.0 and 1.1 (Smithy, "AWS JSON 1.1 protocol"). Nothing is sent here.
"""

from __future__ import annotations

import json

from edgewise.edge.errors import SettingsError
from edgewise.edge.output import hide

from .credentials import read_credentials
from .signing import sign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from edgewise.edge.environment import Environment

_SHOWN_CHARACTERS = 300


class Operation:
    """One operation of one service in one region, such as `Firehose_20150804.PutRecordBatch` of `firehose`.

    `host` is `https://service.region.amazonaws.com`, or that of the endpoint that takes its place.
    """

    def __init__(
        self,
        service: str,
        target: str,
        environment: Environment,
        *,
        region: str | None = None,
        endpoint: str | None = None,
        version: str = "1.1",
    ) -> None:
        """`region` is the one where the function runs, unless it is given. SettingsError if neither is known."""
        self._region = region or environment.region or ""
        if not self._region:
            raise SettingsError(f"there is no region for {service}: neither log.region nor AWS_REGION is set")
        self._service = service
        self._environment = environment
        url = endpoint or f"https://{service}.{self._region}.amazonaws.com"
        scheme, _, rest = url.partition("://")
        place, _, path = rest.partition("/")
        self.host = f"{scheme}://{place}"
        self._target = f"/{path}"
        self._headers = {
            "Host": place,
            "Content-Type": f"application/x-amz-json-{version}",
            "X-Amz-Target": target,
        }
        # Of what was sent; must not be printed, should an answer repeat it.
        self._hidden: tuple[str, ...] = ()

    def request(self, payload: Mapping[str, Any]) -> bytes:
        """A whole HTTP/1.1 request, signed now. CredentialsError if there is nothing to sign with."""
        body = json.dumps(payload, separators=(",", ":")).encode("ascii")
        credentials = read_credentials(self._environment.environ)
        signed = sign(
            "POST",
            self._target,
            self._headers,
            body,
            service=self._service,
            region=self._region,
            credentials=credentials,
            now=self._environment.clock.now(),
        )
        signature = signed["Authorization"].rpartition("=")[2]
        self._hidden = tuple(filter(None, (credentials.token, signature)))
        lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        return (
            f"POST {self._target} HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode("ascii")
            + body
        )

    def problem(self, status: int, body: bytes) -> Problem:
        """What an answer that is not 200 says, without the credentials that whoever made it may repeat."""
        return Problem(status, body, self._hidden)


class Problem:
    """An answer that is not 200: `code` such as `ThrottlingException`, or the status; `message` for a person.

    Of what is not JSON, a proxy's page say, nothing but the status is kept. Each of `hidden` is `***`.
    """

    __slots__ = ("code", "message", "status")

    def __init__(self, status: int, body: bytes, hidden: Iterable[str] = ()) -> None:
        self.status = status
        try:
            fault = json.loads(body)
        except ValueError:
            fault = None
        if not isinstance(fault, dict):
            fault = {"message": "what came is no answer of AWS"}
        # `prefix#Code` and `Code:address` are both seen.
        code = str(fault.get("__type", status)).partition(":")[0].rpartition("#")[2]
        self.code = hide(code, hidden)
        self.message = hide(str(fault.get("message", fault.get("Message", ""))), hidden)

    def __str__(self) -> str:
        # What follows "Canonical String" is the request as it should have been signed.
        told = " ".join(self.message.partition("The Canonical String")[0].split())
        return f"status {self.status}, {self.code}: {told}"[:_SHOWN_CHARACTERS]


def region_of(arn: str) -> str | None:
    """The region in an ARN; None for anything else."""
    parts = arn.split(":", 5)
    return parts[3] or None if len(parts) == 6 and parts[0] == "arn" else None
